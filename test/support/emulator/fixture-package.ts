/** Deployment packages with a runtime from `test/fixtures`, beside the real `bootstrap`. */

import {
  chmodSync,
  copyFileSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ZipFile } from 'yazl'

const BOOTSTRAP = fileURLToPath(new URL('../../../bootstrap', import.meta.url))
const RUNTIME = fileURLToPath(new URL('../../fixtures/runtime/misbehaving-runtime.ts', import.meta.url))

/** A folder that goes when the test does. */
export function temporaryFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  test.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** A folder that lambdabin's cache folder is in until the test ends. */
export function temporaryCacheHome(test: TestContext): string {
  return folderInVariable(test, 'XDG_CACHE_HOME')
}

/** The system's folder for temporary files until the test ends, in which no other process has some. */
export function temporarySystemFolder(test: TestContext): string {
  return folderInVariable(test, 'TMPDIR')
}

function folderInVariable(test: TestContext, variable: string): string {
  const before = process.env[variable]
  const folder = temporaryFolder(test)
  process.env[variable] = folder
  test.after(() => {
    if (before === undefined) {
      delete process.env[variable]
    } else {
      process.env[variable] = before
    }
  })
  return folder
}

/** A folder named `misbehaving` in `folder`, with `bootstrap` and an executable of that name. */
export function fixturePackage(folder: string): string {
  const path = join(folder, 'misbehaving')
  mkdirSync(path)
  copyFileSync(BOOTSTRAP, join(path, 'bootstrap'))
  chmodSync(join(path, 'bootstrap'), 0o755)
  writeExecutable(join(path, 'misbehaving'), `#!/bin/sh\nexec '${process.execPath}' '${RUNTIME}'\n`)
  return path
}

export function writeExecutable(path: string, text: string): void {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

export interface ZipEntry {
  name: string
  content: string | Buffer
  /** A Unix mode with its file type; a plain executable file unless given. */
  mode?: number
}

export async function writeZip(path: string, entries: ZipEntry[]): Promise<void> {
  const zip = new ZipFile()
  for (const { name, content, mode = 0o100755 } of entries) {
    zip.addBuffer(Buffer.from(content), name, { mode })
  }
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(path))
}
