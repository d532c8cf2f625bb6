/**
 * Bundles a function: its entry and everything that it imports, in one text.
 *
 * Evaluated as a script, the text's value is a function that takes `exports, require, module, __filename,
 * __dirname` as a CommonJS module does, and `__importMetaUrl` for what `import.meta.url` says in an ES
 * module. It returns nothing, or a promise where the entry or an import of it awaits at its top level.
 *
 * Nothing in it tells where it was built: paths in it and in its source map are relative to the function's
 * project, so that the same sources give the same bytes.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildOptions, type BuildResult, build, type Message } from 'esbuild'
import { asyncFunctionFromModule } from './async-module.ts'
import { awsSdkModules } from './aws-sdk-modules.ts'
import { explainBundleFailure, isBuildFailure } from './bundle-failure.ts'
import { hasRenamedClass } from './class-names.ts'
import { checkExports } from './entry-exports.ts'
import { CLOSE_WRAPPER, IMPORT_META, openWrapper } from './function-wrapper.ts'
import { refuseNativeAddons } from './native-addons.ts'
import { OWN_CONDITIONS } from './source-files.ts'

export interface FunctionBundle {
  readonly code: Buffer
  /** Source map of `code`, without the sources themselves. */
  readonly sourceMap: Buffer
  /** Names of what the entry exports; undefined for a CommonJS entry, which says so only when it runs. */
  readonly exports: readonly string[] | undefined
  readonly warnings: readonly Message[]
}

export interface BundleOptions {
  readonly minify: boolean
  /** Packages to leave out, by name. */
  readonly externals: readonly string[]
}

type Output = Pick<FunctionBundle, 'code' | 'sourceMap'>
type Bundled = BuildResult<BuildOptions & { write: false; metafile: true }>

/** Bundles the function that starts at `entry`, an absolute path. Rejects with a BundleError. */
export async function bundleFunction(entry: string, options: BundleOptions): Promise<FunctionBundle> {
  try {
    // As an ES module for its list of exports, and for its diagnostics, which are free of what is no fault of
    // the author's: that a CommonJS module cannot await.
    const module = await bundle(entry, options, { format: 'esm' })
    const exports = checkExports(module.metafile, entry)
    const bundled =
      (await bundleAsScript(entry, options)) ?? (await bundleAsAsyncFunction(module, entry, options))
    return { ...bundled, exports, warnings: module.warnings }
  } catch (error) {
    throw await explainBundleFailure(error, entry)
  }
}

/** The bundle as a plain function; undefined when something in it awaits at its top level. */
async function bundleAsScript(entry: string, options: BundleOptions): Promise<Output | undefined> {
  const script: BuildOptions = {
    format: 'cjs',
    banner: { js: openWrapper('function') },
    footer: { js: CLOSE_WRAPPER },
  }
  try {
    return await withClassNames(await bundle(entry, options, script), entry, options, script)
  } catch (error) {
    if (isBuildFailure(error) && error.errors.every(({ text }) => /top-level await/i.test(text))) {
      return undefined
    }
    throw error
  }
}

/** The bundle that is an ES module as an async function. */
async function bundleAsAsyncFunction(
  module: Bundled,
  entry: string,
  options: BundleOptions,
): Promise<Output> {
  const { code, sourceMap } = await withClassNames(module, entry, options, { format: 'esm' })
  const map = JSON.parse(sourceMap.toString())
  // One line further down: the wrapper's first.
  return {
    code: Buffer.from(await asyncFunctionFromModule(code.toString())),
    sourceMap: Buffer.from(JSON.stringify({ ...map, mappings: `;${map.mappings}` })),
  }
}

/**
 * The output of `bundled`, or of the same bundled again if esbuild gave a class of the author's another name.
 */
async function withClassNames(
  bundled: Bundled,
  entry: string,
  options: BundleOptions,
  format: BuildOptions,
): Promise<Output> {
  const output = outputs(bundled)
  return hasRenamedClass(output.code.toString(), output.sourceMap.toString())
    ? outputs(await bundle(entry, options, { ...format, keepNames: true }))
    : output
}

function bundle(entry: string, options: BundleOptions, format: BuildOptions): Promise<Bundled> {
  const project = projectFolder(entry)
  return build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: project,
    outfile: join(project, 'function.js'),
    platform: 'node',
    target: 'node22',
    define: IMPORT_META,
    // 'module' is esbuild's own default, which any other would take away.
    conditions: ['module', ...OWN_CONDITIONS],
    external: [...options.externals],
    plugins: [refuseNativeAddons, awsSdkModules],
    sourcemap: 'external',
    sourcesContent: false,
    // Identifiers keep their names: an error's class name is its errorType. Nor would shorter ones be faster.
    // An AWS SDK DynamoDB client with zod, from start to loaded, without and with a code cache: as it is 109
    // and 60 ms; so 102 and 56; identifiers shortened and names kept by calls (keepNames) 112 and 57.
    minifySyntax: options.minify,
    minifyWhitespace: options.minify,
    legalComments: 'none',
    logLevel: 'silent',
    ...format,
    // esbuild's default charset, ASCII, stays: V8 holds such a text in one byte per character instead of two.
  }) as Promise<Bundled>
}

function outputs(result: Bundled): Output {
  const file = (ending: string) => {
    const output = result.outputFiles.find(({ path }) => path.endsWith(ending))
    if (output === undefined) {
      throw new Error(`esbuild wrote no ${ending} file`)
    }
    return Buffer.from(output.contents)
  }
  return { code: file('.js'), sourceMap: file('.js.map') }
}

/**
 * The folder that paths are told relative to: the nearest one upwards with a package.json, else the entry's
 * own.
 */
export function projectFolder(entry: string): string {
  const own = dirname(entry)
  let folder = own
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) {
      return own
    }
    folder = parent
  }
  return folder
}
