/**
 * Bundles lambdabin's runtime: what an executable holds besides Node.js and the function.
 *
 * The executable's main script does no more than evaluate the launcher. That and the runtime are scripts whose value, when it is
 * evaluated, is a function, as `executable/format.ts` tells. Kept apart, because a script can come with a V8 code cache that was
 * made after it had run, and an executable's main script cannot.
 */
import { relative } from 'node:path'
import { type BuildOptions, build, type OutputFile } from 'esbuild'
import { FORMAT_HEADER, LAUNCHER_PARAMETERS, RUNTIME_PARAMETERS } from '../../executable/format.ts'
import { entryBelow } from '../escaped-pattern.ts'
import {
  BUILTIN_CODE_ENTRY,
  CONNECT_ENTRY,
  LAUNCHER_ENTRY,
  MAIN_ENTRY,
  OWN_FOLDER,
  PRIME_ENTRY,
  RUNTIME_ENTRY,
  SNAPSHOT_BUILDER_ENTRY,
  THREAD_LAUNCHER_ENTRY,
  THREADS_ENTRY,
  WARM_UP_ENTRY,
} from '../source-files.ts'
import { UNDICI_FOLDER } from '../third-party.ts'
import { CAPTURE_GLOBALS, CAPTURED_MEMBERS } from './runtime/captured-globals.ts'
import { leanUndici } from './runtime/lean-undici.ts'

export interface RuntimeBundle {
  /** The executable's main script. */
  readonly main: Buffer
  readonly launcher: Buffer
  readonly runtime: Buffer
  /** What primes Node.js before a function is loaded that needs it. */
  readonly prime: Buffer
  /** What opens connections early. */
  readonly connect: Buffer
  /** What handles several invocations at once, and the text of its threads. */
  readonly threads: Buffer
  readonly threadLauncher: Buffer
  /** A program for the build, not for the executable: it makes the code caches. */
  readonly warmUp: Buffer
  /** What makes the runtime start slower than it might, in one sentence each. */
  readonly notes: readonly string[]
}

const OPTIONS = {
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  minify: true,
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions

/** A script whose value is a function: see `executable/format.ts`. */
const AS_SCRIPT = {
  define: CAPTURED_MEMBERS,
  banner: { js: `${FORMAT_HEADER}(function (${RUNTIME_PARAMETERS.join(', ')}) { ${CAPTURE_GLOBALS}\n` },
  footer: { js: '\n})' },
} as const satisfies BuildOptions

/** The same, without the globals that the runtime keeps: it has done its work before a function is loaded. */
const AS_LAUNCHER = {
  banner: { js: `${FORMAT_HEADER}(function (${LAUNCHER_PARAMETERS.join(', ')}) {\n` },
  footer: { js: '\n})' },
} as const satisfies BuildOptions

let bundled: Promise<RuntimeBundle> | undefined

/** The same in all builds of a process. */
export function bundleRuntime(): Promise<RuntimeBundle> {
  bundled ??= bundleAll()
  return bundled
}

async function bundleAll(): Promise<RuntimeBundle> {
  const [main, launcher, runtime, prime, connect, threads, threadLauncher, warmUp] = await Promise.all([
    bundle(MAIN_ENTRY),
    bundle(LAUNCHER_ENTRY, AS_LAUNCHER),
    bundleWithUndici({ ...entryBelow(OWN_FOLDER, RUNTIME_ENTRY), ...AS_SCRIPT }),
    bundle(PRIME_ENTRY, AS_SCRIPT),
    bundle(CONNECT_ENTRY, AS_SCRIPT),
    bundle(THREADS_ENTRY, AS_SCRIPT),
    bundle(THREAD_LAUNCHER_ENTRY),
    bundle(WARM_UP_ENTRY),
  ])
  const { code, notes } = runtime
  return { main, launcher, runtime: code, prime, connect, threads, threadLauncher, warmUp, notes }
}

/** What uses undici's client, as it is in executables; tests bundle parts of the runtime so. */
export async function bundleWithUndici(
  options: BuildOptions,
): Promise<{ code: Buffer; notes: readonly string[] }> {
  const undici = leanUndici()
  const { metafile, ...result } = await build({
    ...OPTIONS,
    ...options,
    write: false,
    metafile: true,
    // Of an absolute path with a `*` in it esbuild finds nothing.
    absWorkingDir: OWN_FOLDER,
    alias: { undici: `./${relative(OWN_FOLDER, UNDICI_FOLDER)}` },
    plugins: [undici.plugin],
  })
  return { code: outputOf(result), notes: undici.check(metafile) }
}

/** What has a Node.js make code caches of its own modules. */
export function bundleBuiltinCode(): Promise<Buffer> {
  return bundle(BUILTIN_CODE_ENTRY)
}

/** The main script of an executable whose function is initialised at build time. */
export function bundleSnapshotBuilder(): Promise<Buffer> {
  // What runs such a script gives it `require`, but no `module`.
  return bundle(SNAPSHOT_BUILDER_ENTRY, { format: 'iife' })
}

async function bundle(entry: string, options: BuildOptions = {}): Promise<Buffer> {
  return outputOf(await build({ ...OPTIONS, ...entryBelow(OWN_FOLDER, entry), ...options, write: false }))
}

function outputOf({ outputFiles }: { outputFiles: readonly OutputFile[] }): Buffer {
  const [output] = outputFiles
  if (output === undefined) {
    throw new Error('esbuild wrote nothing')
  }
  return Buffer.from(output.contents)
}
