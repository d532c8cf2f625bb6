import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))
const FUNCTIONS = fileURLToPath(new URL('../fixtures/functions/', import.meta.url))

export interface BuiltFunction {
  readonly folder: string
  readonly executable: string
  readonly zip: string
  remove(): Promise<void>
}

/** Builds a fixture, by its file name without `.ts`, or any entry, by its path, with the real command. */
export async function buildFunction(entry: string, ...options: string[]): Promise<BuiltFunction> {
  const file = entry.includes('/') ? entry : join(FUNCTIONS, `${entry}.ts`)
  const outDir = await mkdtemp(join(tmpdir(), 'lambdabin-test-'))
  const name = basename(file).replace(/\.\w+$/, '')
  await promisify(execFile)(process.execPath, [COMMAND, 'build', file, '--out-dir', outDir, ...options])
  return {
    folder: join(outDir, name),
    executable: join(outDir, name, name),
    zip: join(outDir, `${name}.zip`),
    remove: () => rm(outDir, { recursive: true, force: true }),
  }
}
