/**
 * One chunk of a function's executable, made by esbuild of an entry and what that imports.
 *
 * Evaluated as a script, its value is the function that {@link ./function-wrapper.ts} opens and `executable/format.ts` tells.
 *
 * Nothing in it tells where it was built: paths in it and in its source map are relative to the function's
 * project, so that the same sources give the same bytes.
 */
import { join } from 'node:path'
import { type BuildContext, type BuildOptions, type BuildResult, build, context, type Plugin } from 'esbuild'
import { FUNCTION, scriptAsset } from '../../executable/format.ts'
import type { PlannedPackages } from '../dependencies/planned-packages.ts'
import { entryBelow } from '../escaped-pattern.ts'
import { asyncFunctionFromModule } from './async-module.ts'
import { type AuthorOptions, commonOptions, explainRefusal } from './author-options.ts'
import type { KnownSdkModules } from './aws-sdk-modules.ts'
import { isBuildFailure } from './bundle-failure.ts'
import { CLOSE_WRAPPER, openWrapper, PATTERN_MARK, withMissingModules } from './function-wrapper.ts'
import { withoutIdleNames } from './kept-names.ts'
import { unwrapNamespaces } from './wrapped-namespaces.ts'

export interface Chunk {
  readonly code: Buffer
  /** Source map of `code`, without the sources themselves. */
  readonly sourceMap: Buffer
  /** Bytes of each module in it, by path, in the order of where they begin. */
  readonly modules: ReadonlyMap<string, number>
}

export interface ChunkOptions {
  /** What esbuild starts from: a path, or what one of `plugins` resolves. */
  readonly entry: string
  /** What paths are relative to. */
  readonly project: string
  readonly minify: boolean
  readonly packages: PlannedPackages
  readonly author: AuthorOptions
  /** What bundles of the same function have found out before. */
  readonly sdkModules?: KnownSdkModules
  /** Asked before any others. */
  readonly plugins?: readonly Plugin[]
  /** In the place of those of `packages`. */
  readonly reimports?: readonly Plugin[]
  /** What stands right before a plain function's code. */
  readonly prelude?: string
  /** Further parameters of the chunk's function. */
  readonly parameters?: readonly string[]
  /** What runs esbuild, in the place of its `build`. */
  readonly build?: (options: BuildOptions) => Promise<BuildResult>
  /** Changes esbuild's code before it is wrapped, and leaves each position in it where it is. */
  readonly adapt?: (code: string) => Promise<string>
}

export type Bundled = BuildResult<BuildOptions & { write: false; metafile: true }>

/** As an ES module, without a source map: it is for what it tells of the modules. */
export function bundleModule(options: ChunkOptions): Promise<Bundled> {
  return bundle(options, modulesOnly(options))
}

function modulesOnly(options: ChunkOptions): BuildOptions {
  const { legalComments = 'none' } = options.author
  return {
    ...moduleOptions(options),
    sourcemap: false,
    legalComments: legalComments === 'none' ? 'external' : legalComments,
  }
}

/** Bundles one after another, whose plugins tell what each is: what esbuild has parsed for one it has for the next. To be closed. */
export function openModuleBundler(options: ChunkOptions): Promise<BuildContext> {
  return context(esbuildOptions(options, modulesOnly(options)))
}

function moduleOptions({ author: { banner = {}, footer = {} } }: ChunkOptions): BuildOptions {
  return { format: 'esm', banner, footer }
}

/** A chunk as esbuild has written it, from which some is to be taken out before it is used. */
export interface DraftChunk {
  readonly draft: Chunk
  readonly finish: () => Promise<Chunk>
}

/** As a plain function, and finished: see {@link draftScript}. */
export async function bundleAsScript(
  options: ChunkOptions,
  onAwait?: (modules: ReadonlySet<string | undefined>) => void,
): Promise<Chunk | undefined> {
  return (await draftScript(options, onAwait))?.finish()
}

/**
 * The chunk as a plain function; undefined when something in it awaits at its top level, and then `onAwait` is told the
 * paths of the modules that do.
 */
export async function draftScript(
  options: ChunkOptions,
  onAwait: (modules: ReadonlySet<string | undefined>) => void = () => {},
): Promise<DraftChunk | undefined> {
  const { banner, footer } = options.author
  const script: BuildOptions = {
    format: 'cjs',
    banner: { js: openWrapper('function', options.prelude, options.parameters) + (banner?.js ?? '') },
    footer: { js: (footer?.js ?? '') + CLOSE_WRAPPER },
  }
  try {
    const { draft, finish } = await bundleWithNames(options, script)
    return { draft, finish: async () => finishScript(await finish(), options) }
  } catch (error) {
    if (isBuildFailure(error) && error.errors.every(({ text }) => /top-level await/i.test(text))) {
      onAwait(new Set(error.errors.map(({ location }) => location?.file)))
      return undefined
    }
    throw error
  }
}

async function finishScript({ code, ...chunk }: Chunk, options: ChunkOptions): Promise<Chunk> {
  const unwrapped = unwrapModules(code, options)
  const { adapt } = options
  if (adapt === undefined && !unwrapped.includes(PATTERN_MARK)) {
    return { ...chunk, code: unwrapped }
  }
  const text = unwrapped.toString()
  return { ...chunk, code: Buffer.from(withMissingModules(adapt ? await adapt(text) : text)) }
}

function unwrapModules(code: Buffer, { packages: { esModules } }: ChunkOptions): Buffer {
  return esModules.size === 0
    ? code
    : Buffer.from(unwrapNamespaces(code.toString(), (specifier) => esModules.has(specifier)))
}

/** The chunk as an async function. */
export async function bundleAsAsyncFunction(options: ChunkOptions): Promise<Chunk> {
  const { finish } = await bundleWithNames(options, moduleOptions(options))
  const { code, sourceMap, modules } = await finish()
  const { adapt = async (code) => code } = options
  const map = JSON.parse(sourceMap.toString())
  // One line further down: the wrapper's first.
  return {
    code: Buffer.from(
      withMissingModules(await asyncFunctionFromModule(await adapt(code.toString()), options.parameters)),
    ),
    sourceMap: Buffer.from(JSON.stringify({ ...map, mappings: `;${map.mappings}` })),
    modules,
  }
}

/** With the names that functions and classes were written with, unless the author has chosen what they are. */
async function bundleWithNames(options: ChunkOptions, format: BuildOptions): Promise<DraftChunk> {
  const { keepNames, minifyIdentifiers, minify } = options.author
  if (keepNames !== undefined || minifyIdentifiers || minify) {
    const chunk = outputs(await bundle(options, format))
    return { draft: chunk, finish: async () => chunk }
  }
  const draft = outputs(await bundle(options, { ...format, keepNames: true }))
  return {
    draft,
    finish: async () => ({ ...draft, code: Buffer.from(withoutIdleNames(draft.code.toString())) }),
  }
}

async function bundle(options: ChunkOptions, format: BuildOptions): Promise<Bundled> {
  const { build: run = build } = options
  try {
    return (await run(esbuildOptions(options, format))) as Bundled
  } catch (error) {
    throw explainRefusal(error)
  }
}

function esbuildOptions(options: ChunkOptions, format: BuildOptions): BuildOptions {
  const { entry, project, minify, packages, author, sdkModules } = options
  const { plugins = [], reimports = packages.reimports } = options
  return {
    ...commonOptions({
      minify,
      author,
      plugins: [...plugins, ...packages.plugins, ...reimports],
      sdkModules,
    }),
    ...entryBelow(project, entry),
    bundle: true,
    write: false,
    metafile: true,
    outfile: join(project, scriptAsset(FUNCTION)),
    platform: 'node',
    external: [...packages.plan.absentExternals],
    sourcemap: 'external',
    logLevel: 'silent',
    ...format,
  }
}

function outputs(result: Bundled): Chunk {
  const script = Object.values(result.metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)
  const modules = Object.entries(script?.inputs ?? {}).map(
    ([path, { bytesInOutput }]) => [path, bytesInOutput] as const,
  )
  const code = outputFile(result, '.js')
  const sourceMap = outputFile(result, '.js.map')
  return {
    ...(code.subarray(0, 2).equals(HASHBANG) ? withoutHashbang(code, sourceMap) : { code, sourceMap }),
    modules: new Map(modules),
  }
}

const HASHBANG = Buffer.from('#!')

/** esbuild leaves an entry's in front of all else, where a chunk's header has to be; Node.js does not run it either. */
function withoutHashbang(code: Buffer, sourceMap: Buffer): Pick<Chunk, 'code' | 'sourceMap'> {
  const map = JSON.parse(sourceMap.toString())
  return {
    code: code.subarray(code.indexOf('\n') + 1),
    sourceMap: Buffer.from(JSON.stringify({ ...map, mappings: map.mappings.slice(1) })),
  }
}

function outputFile(result: Bundled, ending: string): Buffer {
  const output = result.outputFiles.find(({ path }) => path.endsWith(ending))
  if (output === undefined) {
    throw new Error(`esbuild wrote no ${ending} file`)
  }
  return Buffer.from(output.contents)
}

/** Comments that tell of a licence, which {@link bundleModule} has esbuild put beside the code. */
export function legalCommentsOf({ outputFiles }: Bundled): string {
  return outputFiles.find(({ path }) => path.endsWith('.LEGAL.txt'))?.text.trim() ?? ''
}

/** The code of a bundle as esbuild wrote it. */
export function codeOf(result: Bundled): string {
  return outputFile(result, '.js').toString()
}
