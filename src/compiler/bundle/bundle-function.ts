/**
 * Bundles a function: its entry and everything that it imports, in one chunk, and one more for each part of it that
 * only an `import()` leads to. What a chunk is, {@link ./bundle-chunk.ts} tells.
 */
import type { Message, Metafile } from 'esbuild'
import {
  bundleAsAsyncFunction,
  bundleAsScript,
  bundleModule,
  type Chunk,
  legalCommentsOf,
} from './bundle-chunk.ts'
import { explainBundleFailure } from './bundle-failure.ts'
import { checkExports } from './entry-exports.ts'
import { projectFolder } from './project-folder.ts'
import { splitFunction } from './split-function.ts'

export interface FunctionBundle {
  /** Chunk 0. */
  readonly entry: Chunk
  /** What `import()` loads: the chunks 1, 2, …; empty when all is in one. */
  readonly chunks: readonly Chunk[]
  /** Names of what the entry exports; undefined for a CommonJS entry, which says so only when it runs. */
  readonly exports: readonly string[] | undefined
  readonly warnings: readonly Message[]
  /** Which modules there are, and what became of them, whatever chunk they are in. */
  readonly metafile: Metafile
  /** The folder that paths in it are relative to. */
  readonly project: string
  /** Comments that tell of a licence, of all modules; empty when there are none. */
  readonly legalComments: string
}

export interface BundleOptions {
  readonly minify: boolean
  /** Packages to leave out, by name. */
  readonly externals: readonly string[]
}

/**
 * Bundles the function that starts at `entry`, an absolute path; in one chunk whatever it imports unless `split`.
 * Rejects with a BundleError.
 */
export async function bundleFunction(
  entry: string,
  { minify, externals }: BundleOptions,
  { split = true } = {},
): Promise<FunctionBundle> {
  const options = { entry, project: projectFolder(entry), minify, externals }
  try {
    // As an ES module for its list of exports, and for its diagnostics, which are free of what is no fault of
    // the author's: that a CommonJS module cannot await.
    const module = await bundleModule(options)
    const exports = checkExports(module.metafile, entry)
    let awaiting: ReadonlySet<string | undefined> = new Set()
    const script = await bundleAsScript(options, (modules) => {
      awaiting = modules
    })
    const { metafile } = module
    const parts = split ? await splitFunction({ metafile, script, awaiting }, options) : undefined
    const bundled = parts ?? {
      entry: script ?? (await bundleAsAsyncFunction(module, options)),
      chunks: [],
    }
    const { project } = options
    const legalComments = legalCommentsOf(module)
    return { ...bundled, exports, warnings: module.warnings, metafile, project, legalComments }
  } catch (error) {
    throw await explainBundleFailure(error, entry)
  }
}
