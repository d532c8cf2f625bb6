/** A step of Dockerfile.amazonlinux: strips Node.js binaries, so that they take less room in the image. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { stripElf } from '../../src/build/strip-elf.ts'

for (const file of process.argv.slice(2)) {
  // Beside it first: a program that runs, as one of these does, cannot be written to.
  await writeFile(`${file}.stripped`, stripElf(await readFile(file), file), { mode: 0o755 })
  await rename(`${file}.stripped`, file)
}
