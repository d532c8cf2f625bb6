/**
 * Bundles a function: its entry and everything that it imports, in one chunk, and one more for each part of it that
 * only an `import()` leads to. What a chunk is, {@link ./bundle-chunk.ts} tells.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Message, Metafile } from 'esbuild'
import { type AuthorOptions, checkCode } from './author-options.ts'
import {
  type Bundled,
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
  /** What is shipped beside the executable: files that are imported with esbuild's loader `file`. */
  readonly files: readonly BundledFile[]
  /** Which modules there are, and what became of them, whatever chunk they are in. */
  readonly metafile: Metafile
  /** The folder that paths in it are relative to. */
  readonly project: string
  /** Comments that tell of a licence, of all modules; empty when there are none. */
  readonly legalComments: string
}

export interface BundledFile {
  /** Where it is in the package. */
  readonly path: string
  readonly contents: Uint8Array
}

export interface BundleOptions {
  readonly minify: boolean
  /** Packages to leave out, by name. */
  readonly externals: readonly string[]
  /** What the function's author chose of esbuild's options. */
  readonly esbuild?: AuthorOptions
}

/**
 * Bundles the function that starts at `entry`, an absolute path; in one chunk whatever it imports unless `split`.
 * Rejects with a BundleError.
 */
export async function bundleFunction(
  entry: string,
  { minify, externals, esbuild: author = {} }: BundleOptions,
  { split = true } = {},
): Promise<FunctionBundle> {
  const options = { entry, project: projectFolder(entry), minify, externals, author }
  await checkCode(author)
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
    return {
      ...bundled,
      exports,
      warnings: module.warnings,
      files: filesOf(module, project),
      metafile,
      project,
      legalComments: legalCommentsOf(module),
    }
  } catch (error) {
    throw await explainBundleFailure(error, entry)
  }
}

function filesOf({ outputFiles }: Bundled, project: string): BundledFile[] {
  return outputFiles
    .filter(({ path }) => !/[/\\]function\.js(\.map|\.LEGAL\.txt)?$/.test(path))
    .map(({ path, contents }) => ({ path: relative(project, path).split(sep).join('/'), contents }))
}

/** Writes them to their places in a task root. */
export async function writeBundledFiles(files: readonly BundledFile[], taskRoot: string): Promise<void> {
  for (const { path, contents } of files) {
    const file = join(taskRoot, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, contents)
  }
}
