/**
 * Bundles a function: its entry and everything that it imports, in one text, and one more for each part of it that
 * only an `import()` leads to. What a text is, {@link ./bundle-text.ts} tells.
 */
import type { Message } from 'esbuild'
import { explainBundleFailure } from './bundle-failure.ts'
import { bundleAsAsyncFunction, bundleAsScript, bundleModule, type Text } from './bundle-text.ts'
import { checkExports } from './entry-exports.ts'
import { projectFolder } from './project-folder.ts'
import { splitFunction } from './split-function.ts'

export interface FunctionBundle extends Text {
  /** What `import()` loads: the text of the number 1, 2, …; empty when all is in one text. */
  readonly chunks: readonly Text[]
  /** Names of what the entry exports; undefined for a CommonJS entry, which says so only when it runs. */
  readonly exports: readonly string[] | undefined
  readonly warnings: readonly Message[]
}

export interface BundleOptions {
  readonly minify: boolean
  /** Packages to leave out, by name. */
  readonly externals: readonly string[]
}

/**
 * Bundles the function that starts at `entry`, an absolute path; in one text whatever it imports unless `split`.
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
      ...(script ?? (await bundleAsAsyncFunction(module, options))),
      chunks: [],
    }
    return { ...bundled, exports, warnings: module.warnings }
  } catch (error) {
    throw await explainBundleFailure(error, entry)
  }
}
