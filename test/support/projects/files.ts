/** Trees of small files, as tests want them. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Writes each file, given by its path relative to `folder`; an object becomes JSON. Returns `folder`. */
export function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Buffer | object>>,
): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    const isText = typeof content === 'string' || Buffer.isBuffer(content)
    writeFileSync(file, isText ? content : JSON.stringify(content))
  }
  return folder
}

/** A new folder with these files, which is gone when the test is. */
export function temporaryFiles(
  t: { after(remove: () => void): void },
  files: Parameters<typeof writeFiles>[1],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFiles(folder, files)
  return folder
}
