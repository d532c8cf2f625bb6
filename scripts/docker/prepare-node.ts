/**
 * A step of Dockerfile.amazonlinux: makes Node.js binaries smaller and their starts lighter, as a build would, and refuses one
 * that needs newer libraries than the oldest of Lambda's systems has.
 *
 *     node prepare-node.ts OLDEST FILE...
 *
 * OLDEST is the name of a Lambda runtime that each FILE for x64 has to run on. Each FILE is replaced.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { ownModule } from './own-module.ts'

type ConstantStrings = typeof import('../../src/compiler/base-node/constant-strings.ts')
type SmallerNode = typeof import('../../src/compiler/base-node/smaller-node.ts')
type StartupWork = typeof import('../../src/compiler/base-node/startup-work.ts')
type ElfFile = typeof import('../../src/compiler/elf/elf-file.ts')
type ElfVersions = typeof import('../../src/compiler/elf/elf-versions.ts')
type LambdaRuntimes = typeof import('../../src/compiler/package/lambda-runtimes.ts')

const { readConstantsInPlace } = await ownModule<ConstantStrings>('compiler/base-node/constant-strings')
const { makeNodeSmaller } = await ownModule<SmallerNode>('compiler/base-node/smaller-node')
const { leaveOutStartupWork } = await ownModule<StartupWork>('compiler/base-node/startup-work')
const { readArchitecture } = await ownModule<ElfFile>('compiler/elf/elf-file')
const { neededVersion } = await ownModule<ElfVersions>('compiler/elf/elf-versions')
const { LAMBDA_RUNTIMES, runtimesWith } = await ownModule<LambdaRuntimes>('compiler/package/lambda-runtimes')

const [oldest, ...files] = process.argv.slice(2)
for (const file of files) {
  const bytes = await readFile(file)
  if (readArchitecture(bytes, file) === 'x64') {
    checkRunsOn(oldest, bytes, file)
  }
  // Beside it first: a program that runs, as one of these does, cannot be written to.
  const { bytes: lighter } = leaveOutStartupWork(makeNodeSmaller(bytes, file, undefined), file)
  // Now, as it goes by names that the smaller one has not.
  const prepared = readConstantsInPlace(lighter, bytes, file)
  await writeFile(`${file}.smaller`, prepared, { mode: 0o755 })
  await rename(`${file}.smaller`, file)
}

function checkRunsOn(name: string | undefined, bytes: Buffer, file: string): void {
  const glibc = neededVersion(bytes, file, 'GLIBC')
  const libstdcxx = neededVersion(bytes, file, 'GLIBCXX')
  if (runtimesWith({ glibc, libstdcxx }).some((runtime) => runtime.name === name)) {
    return
  }
  const has = LAMBDA_RUNTIMES.find((runtime) => runtime.name === name)
  process.stderr.write(
    `${file} should run on ${name} (glibc ${has?.glibc}, libstdc++ ${has?.libstdcxx}), and needs glibc ${glibc} and ` +
      `libstdc++ ${libstdcxx ?? 'of its own'}; give the linux-x64-glibc-217 build of Node.js\n`,
  )
  process.exit(1)
}
