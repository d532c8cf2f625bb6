/**
 * Bundles lambdabin's runtime: what an executable holds besides Node.js and the function.
 *
 * The launcher is the executable's main script. The runtime is a script whose value, when it is evaluated, is a
 * function; the launcher calls it, as `executable/format.ts` tells. Kept apart, because a script
 * that the launcher compiles itself can come with a V8 code cache, and an executable's main script cannot.
 */
import { type BuildOptions, build } from 'esbuild'
import { FORMAT_HEADER, RUNTIME_PARAMETERS } from '../../executable/format.ts'
import { LAUNCHER_ENTRY, RUNTIME_ENTRY, SNAPSHOT_BUILDER_ENTRY, WARM_UP_ENTRY } from '../source-files.ts'
import { leanUndici } from './lean-undici.ts'

export interface RuntimeBundle {
  readonly launcher: Buffer
  readonly runtime: Buffer
  /** A program for the build, not for the executable: it makes the code caches. */
  readonly warmUp: Buffer
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

export async function bundleRuntime(): Promise<RuntimeBundle> {
  const [launcher, runtime, warmUp] = await Promise.all([
    bundle({ entryPoints: [LAUNCHER_ENTRY] }),
    bundle({
      entryPoints: [RUNTIME_ENTRY],
      banner: { js: `${FORMAT_HEADER}(function (${RUNTIME_PARAMETERS.join(', ')}) {\n` },
      footer: { js: '\n})' },
      plugins: [leanUndici],
    }),
    bundle({ entryPoints: [WARM_UP_ENTRY] }),
  ])
  return { launcher, runtime, warmUp }
}

/** The main script of an executable whose function is initialised at build time. */
export function bundleSnapshotBuilder(): Promise<Buffer> {
  // What runs such a script gives it `require`, but no `module`.
  return bundle({ entryPoints: [SNAPSHOT_BUILDER_ENTRY], format: 'iife' })
}

async function bundle(options: BuildOptions): Promise<Buffer> {
  const { outputFiles } = await build({ ...OPTIONS, ...options, write: false })
  const [output] = outputFiles
  if (output === undefined) {
    throw new Error(`esbuild wrote nothing for ${JSON.stringify(options.entryPoints)}`)
  }
  return Buffer.from(output.contents)
}
