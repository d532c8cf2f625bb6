/**
 * Puts what only an `import()` leads to into chunks of their own, which are loaded when it is reached: a start has
 * neither to read them nor to make the functions in them.
 *
 * What the entry needs without an `import()` is in chunk 0, and so is each module of which esbuild keeps something
 * there. Every other `import()`ed module is in another, with all that it needs and chunk 0 has not; those that need the
 * same are in the same. Modules are evaluated one by one, when they are first needed, in whatever chunk they are: the
 * order is that of one chunk, where esbuild does so too. (Its own `splitting` does not keep that order: what two chunks
 * share comes first.)
 *
 * All is in one chunk, when in doubt: when a module awaits at its top level that is not the entry itself, when
 * one is imported with attributes and without, and when the division would have a module twice.
 */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { LINK_PARAMETERS } from '../../../executable/format.ts'
import { liveModules } from '../../dependencies/live-modules.ts'
import {
  type Bundled,
  bundleAsAsyncFunction,
  bundleAsScript,
  bundleModule,
  type Chunk,
  type ChunkOptions,
  codeOf,
} from '../bundle-chunk.ts'
import { isBuildFailure } from '../bundle-failure.ts'
import {
  CHUNK_ENTRY,
  ChunkLinks,
  type Division,
  type Exposed,
  type ExposedName,
  type FunctionEntry,
  linkChunk,
  linksOf,
  modulePath,
  neededModules,
  UnreadableChunkError,
  writeLinks,
} from './chunk-links.ts'
import { exposedIn, numberChunks } from './chunk-numbers.ts'
import { inKeptContext, mayKeepContexts } from './kept-contexts.ts'
import { ModuleBundles } from './module-bundles.ts'
import {
  type Edge,
  evaluatedWith,
  type ModuleGraph,
  readModuleGraph,
  staticClosures,
} from './module-graph.ts'
import type { ModuleInputs } from './module-inputs.ts'
import { SharedChunks } from './shared-chunks.ts'

export interface SplitFunction {
  readonly entry: Chunk
  readonly chunks: readonly Chunk[]
  /** The modules that esbuild has read for them, by path. */
  readonly read: ReadonlySet<string>
}

/** Each round lets in what the one before has shown to be needed; six are usual. */
const MOST_ROUNDS = 40

/** What is known of the function in one chunk. */
export interface WholeFunction {
  readonly metafile: Metafile
  /** What stands right before its code where that is a plain function; undefined when it awaits at its top level. */
  readonly prelude: string | undefined
  /** The modules that do, as esbuild names them. */
  readonly awaiting: ReadonlySet<string | undefined>
  /** What its modules are made of, where it may have chunks that were made for another function. */
  readonly shared: ModuleInputs | undefined
}

/**
 * The chunks of the function that `options` describe; undefined where one chunk is the better, or the only, way.
 */
export async function splitFunction(
  { metafile, prelude, awaiting, shared: files }: WholeFunction,
  options: ChunkOptions,
): Promise<SplitFunction | undefined> {
  const graph = readModuleGraph(metafile)
  if (!graph?.edges.some(({ kind }) => kind === 'dynamic-import')) {
    return undefined
  }
  // A name that is no file's is a plugin's, or that of a file with a query behind it.
  if (!graph.modules.every((path) => existsSync(join(options.project, path)))) {
    return undefined
  }
  const entry = relative(options.project, options.entry)
  if ([...awaiting].some((path) => path !== entry)) {
    return undefined
  }
  const shared = files && new SharedChunks(options, metafile, files)
  const bundles = new ChunkBundles(
    graph,
    options,
    functionEntry(graph, metafile, options, prelude === undefined),
    shared,
  )
  try {
    const planned = await divide(bundles)
    // What is exposed is evaluated at once, and cannot wait for what awaits.
    if (planned?.[0] === undefined || (prelude === undefined && leadsTo(planned[0].exposed, entry, graph))) {
      return undefined
    }
    return await writeChunks(planned, prelude)
  } catch (error) {
    // That the whole can be bundled is known, so this is about the division: a module that awaits, and is exposed.
    if (isBuildFailure(error) || error instanceof UnreadableChunkError) {
      return undefined
    }
    throw error
  } finally {
    await bundles.close()
  }
}

function functionEntry(
  graph: ModuleGraph,
  { inputs, outputs }: Metafile,
  { entry, project }: ChunkOptions,
  awaits: boolean,
): FunctionEntry {
  const path = relative(project, entry)
  const isCommonJs = inputs[path]?.format === 'cjs'
  const output = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)
  return {
    path: entry,
    exports: isCommonJs ? undefined : output?.exports,
    evaluated: isCommonJs || awaits ? new Set() : evaluatedWith(graph, path),
  }
}

interface PlannedChunk {
  readonly exposed: Exposed
  readonly options: ChunkOptions
  readonly module: Bundled
  /** Of what it is made of; undefined where it is not to be shared. */
  readonly sharedName: string | undefined
}

/** Bundles chunks as ES modules, none of them twice. To be closed. */
class ChunkBundles {
  readonly graph: ModuleGraph
  readonly #options: ChunkOptions
  readonly #entry: FunctionEntry
  readonly #shared: SharedChunks | undefined
  readonly #bundled = new Map<string, Promise<Bundled>>()
  readonly #dynamic: readonly Edge[]
  readonly #ofEntry: ModuleBundles
  readonly #ofOthers: ModuleBundles

  constructor(
    graph: ModuleGraph,
    options: ChunkOptions,
    entry: FunctionEntry,
    shared: SharedChunks | undefined,
  ) {
    this.graph = graph
    this.#shared = shared
    this.#options = options
    this.#entry = entry
    const all = { ...options, entry: CHUNK_ENTRY, parameters: LINK_PARAMETERS }
    this.#dynamic = graph.edges.filter(({ kind }) => kind === 'dynamic-import')
    this.#ofEntry = new ModuleBundles(all, this.#dynamic)
    this.#ofOthers = new ModuleBundles(all, graph.edges)
  }

  async close(): Promise<void> {
    await Promise.all([this.#ofEntry.close(), this.#ofOthers.close()])
  }

  async bundle(division: Division, number: number, exposed: Exposed): Promise<PlannedChunk> {
    const links = new ChunkLinks(division, number, exposed, this.#options.project, this.#entry)
    const isKept = number === 0 && mayKeepContexts(this.#options)
    const options: ChunkOptions = {
      ...this.#options,
      entry: CHUNK_ENTRY,
      plugins: [linkChunk(linksOf(division, number), () => links)],
      parameters: LINK_PARAMETERS,
      adapt: writeLinks,
      ...(isKept ? inKeptContext(this.#options, this.#dynamic, links) : {}),
    }
    const key = JSON.stringify([
      number === 0,
      [...exposed].map(([name, exports]) => [name, [...exports].sort()]).sort(),
      linksOf(division, number).map(({ from, to, kind, specifier }) => [
        from,
        division.resident.has(to) ? 0 : division.chunkOf.get(to),
        kind,
        specifier,
      ]),
    ])
    const bundles = number === 0 ? this.#ofEntry : this.#ofOthers
    const sharedName = number === 0 ? undefined : await this.#shared?.nameOf(division, number, exposed)
    const make = () => (isKept ? bundleModule(options) : bundles.bundle(links))
    const module =
      this.#bundled.get(key) ??
      (sharedName === undefined ? make() : SharedChunks.once(`plan ${sharedName}`, make))
    this.#bundled.set(key, module)
    return { exposed, options, module: await module, sharedName }
  }
}

/**
 * Undefined when there is nothing to divide, or no way to do it. The entry's chunk, the largest, is not bundled again before it is known
 * what the others need of it as it is.
 */
async function divide(bundles: ChunkBundles): Promise<PlannedChunk[] | undefined> {
  const { graph } = bundles
  let resident: ReadonlySet<string> = new Set()
  let needed: Exposed = new Map()
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const division = { graph, resident, chunkOf: numberChunks(graph, resident, needed) }
    const count = Math.max(0, ...division.chunkOf.values())
    const bundle = (number: number) => bundles.bundle(division, number, exposedIn(division, number, needed))
    const others = await Promise.all(Array.from({ length: count }, (_, index) => bundle(index + 1)))
    const neededByOthers = await addNeeded(needed, others)
    if (countNames(neededByOthers) > countNames(needed)) {
      needed = neededByOthers
      continue
    }
    const planned = [await bundle(0), ...others]
    const contents = planned.map(({ module }) => ownModules(module, graph))
    const more = new Set([...resident, ...(contents[0] ?? [])])
    // The first round is for what is resident at all: until then, all that is import()ed looks as if it were not.
    const wanted = without(await addNeeded(needed, planned), round === 0 ? more : new Set(), graph)
    if (more.size === resident.size && countNames(wanted) === countNames(needed)) {
      return count > 0 && areDisjoint(contents) ? planned : undefined
    }
    resident = more
    needed = wanted
  }
  return undefined
}

function without(exposed: Exposed, modules: ReadonlySet<string>, graph: ModuleGraph): Exposed {
  return new Map([...exposed].filter(([name]) => !modules.has(modulePath(graph, name))))
}

/** The modules of which something is in a chunk. */
function ownModules({ metafile }: Bundled, graph: ModuleGraph): Set<string> {
  const live = liveModules(metafile)
  return new Set(graph.modules.filter((path) => live.has(path)))
}

async function addNeeded(needed: Exposed, planned: readonly PlannedChunk[]): Promise<Exposed> {
  const all = new Map<ExposedName, ReadonlySet<string>>(needed)
  for (const { module } of planned) {
    for (const [name, exports] of await neededModules(codeOf(module))) {
      all.set(name, new Set([...(all.get(name) ?? []), ...exports]))
    }
  }
  return all
}

function countNames(exposed: Exposed): number {
  return [...exposed.values()].reduce((sum, exports) => sum + 1 + exports.size, 0)
}

/** A module that is in two chunks would be evaluated twice, and have two states. */
function areDisjoint(contents: readonly ReadonlySet<string>[]): boolean {
  const all = contents.flatMap((content) => [...content])
  return new Set(all).size === all.length
}

async function writeChunks(
  planned: readonly PlannedChunk[],
  prelude: string | undefined,
): Promise<SplitFunction | undefined> {
  const written = await Promise.all(
    planned.map(({ options, sharedName }, number) => {
      if (number === 0 && prelude === undefined) {
        return bundleAsAsyncFunction(options)
      }
      const make = () => bundleAsScript({ ...options, prelude: prelude ?? '' })
      return sharedName === undefined
        ? make()
        : SharedChunks.once(`chunk ${prelude ?? ''} ${sharedName}`, make)
    }),
  )
  const [entry, ...chunks] = written.filter((chunk) => chunk !== undefined)
  const read = new Set(planned.flatMap(({ module }) => Object.keys(module.metafile.inputs)))
  return entry && chunks.length === planned.length - 1 ? { entry, chunks, read } : undefined
}

/** Whether an exposed module needs `module`. */
function leadsTo(exposed: Exposed, module: string, graph: ModuleGraph): boolean {
  const paths = [...exposed.keys()].map((name) => modulePath(graph, name))
  return [...staticClosures(graph, paths, new Set()).values()].some((closure) => closure.has(module))
}
