import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const COMMAND = fileURLToPath(new URL('../../../bin/lambdabin.js', import.meta.url))
const FUNCTIONS = fileURLToPath(new URL('../../fixtures/functions/', import.meta.url))

export interface BuiltFunction {
  readonly folder: string
  readonly executable: string
  readonly zip: string
  remove(): Promise<void>
}

/** Where AWS's client is, when the tests are pointed at it: see scripts/conformance.ts. */
const AWS_CLIENT = process.env.CONFORMANCE_AWS_CLIENT

export function fixturePath(file: string): string {
  return join(FUNCTIONS, file)
}

/** Builds a fixture, by its file name without `.ts`, or any entry, by its path, with the real command. */
export async function buildFunction(entry: string, ...options: string[]): Promise<BuiltFunction> {
  const file = entry.includes('/') ? entry : join(FUNCTIONS, `${entry}.ts`)
  const outDir = await mkdtemp(join(tmpdir(), 'lambdabin-test-'))
  const name = basename(file).replace(/\.\w+$/, '')
  if (AWS_CLIENT) {
    return bundleForAwsClient(AWS_CLIENT, file, join(outDir, name), name)
  }
  await promisify(execFile)(process.execPath, [COMMAND, 'build', file, '--out-dir', outDir, ...options])
  return {
    folder: join(outDir, name),
    executable: join(outDir, name, name),
    zip: join(outDir, `${name}.zip`),
    remove: () => rm(outDir, { recursive: true, force: true }),
  }
}

/** The same function for AWS's client, as it is best run: one bundle, with its source map, started by the pinned Node.js. */
async function bundleForAwsClient(
  client: string,
  entry: string,
  folder: string,
  name: string,
): Promise<BuiltFunction> {
  await build({
    entryPoints: [entry],
    outfile: join(folder, `${name}.mjs`),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    sourcemap: 'linked',
    // For the dependencies that are CommonJS, and for fixtures that use `require`.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  })
  // Not the function's own name, which AWS's client would take for the module.
  const executable = join(folder, `start-${name}`)
  const script = [
    '#!/bin/sh',
    'case "$_HANDLER" in *.*) ;; ?*) _HANDLER="$_HANDLER.handler" ;; esac',
    'export _HANDLER',
    `exec '${process.execPath}' --enable-source-maps '${client}' "$_HANDLER"`,
    '',
  ]
  await writeFile(executable, script.join('\n'), { mode: 0o755 })
  return { folder, executable, zip: '', remove: () => rm(dirname(folder), { recursive: true, force: true }) }
}
