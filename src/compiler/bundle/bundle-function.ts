/**
 * Bundles a function: its entry and everything that it imports, in one chunk, and one more for each part of it that
 * only an `import()` leads to. What a chunk is, {@link ./bundle-chunk.ts} tells.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Message, Metafile } from 'esbuild'
import type { PackageChoice, PackagePlan } from '../dependencies/package-plan.ts'
import { PackagePlanner } from '../dependencies/package-planner.ts'
import { PlannedPackages } from '../dependencies/planned-packages.ts'
import { type AuthorOptions, checkCode } from './author-options.ts'
import type { KnownSdkModules } from './aws-sdk-modules.ts'
import {
  type Bundled,
  bundleAsAsyncFunction,
  bundleAsScript,
  bundleModule,
  type Chunk,
  type ChunkOptions,
  codeOf,
  draftScript,
  legalCommentsOf,
} from './bundle-chunk.ts'
import { distinctMessages, explainBundleFailure, isBuildFailure } from './bundle-failure.ts'
import { type Chunks, type DivisionOptions, keptChunks } from './division/kept-chunks.ts'
import { ModuleInputs } from './division/module-inputs.ts'
import { splitFunction } from './division/split-function.ts'
import { splitScript } from './division/split-script.ts'
import { checkExports } from './entry-exports.ts'
import { handlerExports } from './exported-handlers.ts'
import { projectFolder } from './project-folder.ts'
import { isStrictEntry, strictPrelude } from './strict-mode.ts'
import { bundleWorker } from './worker-bundle.ts'

export interface FunctionBundle {
  /** Chunk 0. */
  readonly entry: Chunk
  /** What `import()` loads: the chunks 1, 2, …; empty when all is in one. */
  readonly chunks: readonly Chunk[]
  /** Names of what the entry exports; undefined for a CommonJS entry, which says so only when it runs. */
  readonly exports: readonly string[] | undefined
  /** Those that can be handlers. */
  readonly handlers: readonly string[] | undefined
  readonly warnings: readonly Message[]
  /** Which packages are in it, and which are to be shipped. */
  readonly packages: PackagePlan
  /** What is shipped beside the executable: files that are imported with esbuild's loader `file`, and workers. */
  readonly files: readonly BundledFile[]
  /** Which modules there are, and what became of them, whatever chunk or worker they are in. */
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

export interface BundleOptions extends PackageChoice {
  readonly minify: boolean
  /** What the function's author chose of esbuild's options. */
  readonly esbuild?: AuthorOptions
}

/** Each round of planning packages lets in what the one before has shown; two are usual. */
const MOST_ROUNDS = 12

/**
 * Bundles the function that starts at `entry`, an absolute path.
 * Rejects with a BundleError.
 */
export async function bundleFunction(
  entry: string,
  { minify, esbuild: author = {}, ...choice }: BundleOptions,
  { split = true, isForced = false }: Partial<DivisionOptions> = {},
): Promise<FunctionBundle> {
  const project = projectFolder(entry)
  await checkCode(author)
  const sdkModules: KnownSdkModules = new Map()
  const keepsImports = (author.plugins ?? []).length > 0
  // A snapshot holds one script: what is shipped could not be loaded.
  const isStrict = !choice.bundlesInstrumented && (await isStrictEntry({ entry, project, minify, author }))
  const planned = { keepsImports, isStrict, sources: author, ...choice }
  const planner = await PackagePlanner.begin(entry, project, planned)
  try {
    for (let round = 1; ; round++) {
      const packages = new PlannedPackages(planner.plan, project)
      try {
        const options = { entry, project, minify, packages, author, sdkModules }
        // As an ES module for its list of exports, and for its diagnostics, which are free of what is no fault of
        // the author's: that a CommonJS module cannot await.
        const module = await bundleModule(options)
        const workers = await Promise.all(
          packages.plan.workers.map((worker) => bundleWorker(worker, options)),
        )
        const metafiles = [module, ...workers].map(({ metafile }) => metafile)
        if (!(await planner.learn(metafiles, module.warnings)) || round === MOST_ROUNDS) {
          const bundle = await bundlePlanned(options, module, { split, isForced })
          const files = [...bundle.files, ...workers.map(({ file }) => file)]
          // Of what this last round has shown, too.
          const { notes, lookedFor, reads, packageReads } = planner.plan
          const plan = { ...bundle.packages, notes, lookedFor, reads, packageReads }
          return { ...bundle, files, packages: plan, metafile: mergedMetafile(metafiles) }
        }
      } catch (error) {
        if (!isBuildFailure(error) || round === MOST_ROUNDS || !(await planner.learnFromFailure(error))) {
          throw error
        }
      } finally {
        packages.close()
      }
    }
  } catch (error) {
    throw await explainBundleFailure(error, entry)
  }
}

/** Their outputs are different files. */
function mergedMetafile(metafiles: readonly Metafile[]): Metafile {
  return {
    inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)),
    outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)),
  }
}

async function bundlePlanned(
  options: ChunkOptions,
  module: Bundled,
  division: DivisionOptions,
): Promise<FunctionBundle> {
  const { metafile, warnings } = module
  const { project } = options
  const exports = checkExports(metafile, options.entry)
  const files = new ModuleInputs(project, options.author.tsconfig)
  const bundled = await keptChunks(options, module, division, files, () =>
    bundleChunks(options, metafile, division, files),
  )
  return {
    ...bundled,
    exports,
    handlers: exports && handlerExports(codeOf(module), exports),
    warnings: distinctMessages(warnings),
    packages: options.packages.plan,
    files: filesOf(module, project),
    metafile,
    project,
    legalComments: legalCommentsOf(module),
  }
}

async function bundleChunks(
  options: ChunkOptions,
  metafile: Metafile,
  { split, isForced }: DivisionOptions,
  files: ModuleInputs,
): Promise<Chunks> {
  let awaiting: ReadonlySet<string | undefined> = new Set()
  const onAwait = (modules: ReadonlySet<string | undefined>) => {
    awaiting = modules
  }
  const hasPlugins = (options.author.plugins ?? []).length > 0
  // What a plugin of the author's does nobody knows.
  const whole = { metafile, shared: isForced || hasPlugins ? undefined : files }
  // What awaits cannot be required, be it shipped or bundled.
  const mayAwait = await shipsWhatAwaits(options, onAwait)
  // Few functions await, and their chunks show it: to bundle the whole for that alone takes as long as to bundle the chunks.
  const supposed = split && !mayAwait && !hasPlugins ? await splitScript(whole, options) : undefined
  if (supposed !== undefined) {
    return supposed
  }
  const script = mayAwait ? undefined : await draftScript(options, onAwait)
  const prelude = script && strictPrelude(script.draft)
  const parts = split ? await splitFunction({ ...whole, prelude, awaiting }, options) : undefined
  return parts ?? { entry: (await script?.finish()) ?? (await bundleAsAsyncFunction(options)), chunks: [] }
}

/** Whether a shipped package that the function imports awaits at its top level: it would if it were bundled. */
async function shipsWhatAwaits(
  { packages, ...options }: ChunkOptions,
  onAwait: (modules: ReadonlySet<string | undefined>) => void,
): Promise<boolean> {
  if (packages.esModules.size === 0) {
    return false
  }
  const bundled = new PlannedPackages({ ...packages.plan, packages: [], located: new Map() }, options.project)
  const folders = packages.plan.packages.filter(({ isExternal }) => isExternal).map(({ folder }) => folder)
  let isShipped = false
  await bundleAsScript({ ...options, packages: bundled }, (modules) => {
    const files = [...modules].map((path) => join(options.project, path ?? ''))
    isShipped = files.some((file) => folders.some((folder) => file.startsWith(folder + sep)))
    if (isShipped) {
      onAwait(modules)
    }
  }).catch((error) => {
    // What cannot be bundled is shipped: whether it awaits is not known.
    if (!isBuildFailure(error)) {
      throw error
    }
  })
  return isShipped
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
