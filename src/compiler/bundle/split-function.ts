/**
 * Puts what only an `import()` leads to into texts of their own, which are loaded when it is reached: a start has
 * neither to read them nor to make the functions in them.
 *
 * What the entry needs without an `import()` is in text 0, and so is each module of which esbuild keeps something
 * there. Every other `import()`ed module is in another, with all that it needs and text 0 has not; those that need the
 * same are in the same. Modules are evaluated one by one, when they are first needed, in whatever text they are: the
 * order is that of one text, where esbuild does so too. (Its own `splitting` does not keep that order: what two texts
 * share comes first.)
 *
 * All is in one text as before, when in doubt: when a module awaits at its top level that is not the entry itself, when
 * one is imported with attributes and without, and when the division would have a module twice.
 */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { isBuildFailure } from './bundle-failure.ts'
import {
  type Bundled,
  bundleAsAsyncFunction,
  bundleAsScript,
  bundleModule,
  codeOf,
  type Text,
  type TextOptions,
} from './bundle-text.ts'
import { evaluatedWith, type ModuleGraph, readModuleGraph, staticClosures } from './module-graph.ts'
import {
  type Division,
  type Door,
  type Doors,
  type FunctionEntry,
  LINK_PARAMETERS,
  linksOf,
  linkText,
  moduleBehind,
  neededDoors,
  TEXT_ENTRY,
  UnreadableTextError,
  writeLinks,
} from './text-links.ts'

export interface SplitFunction extends Text {
  readonly chunks: readonly Text[]
}

/** Each round lets in what the one before has shown to be needed; three or four are usual. */
const MOST_ROUNDS = 20

/** What is known of the function's one text. */
export interface WholeFunction {
  readonly metafile: Metafile
  /** As a plain function; undefined when it awaits at its top level. */
  readonly script: Text | undefined
  /** The modules that do, as esbuild names them. */
  readonly awaiting: ReadonlySet<string | undefined>
}

/**
 * The texts of the function that `options` describe; undefined where one text is the better, or the only, way.
 */
export async function splitFunction(
  { metafile, script, awaiting }: WholeFunction,
  options: TextOptions,
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
  try {
    const planned = await divide(new Texts(graph, options, functionEntry(graph, metafile, options, !script)))
    // A door is opened at once, and cannot wait for what awaits.
    if (planned?.[0] === undefined || (!script && leadsTo(planned[0].doors, entry, graph))) {
      return undefined
    }
    return await writeTexts(planned, script)
  } catch (error) {
    // That the whole can be bundled is known, so this is about the division: a module that awaits, and has a door.
    if (isBuildFailure(error) || error instanceof UnreadableTextError) {
      return undefined
    }
    throw error
  }
}

function functionEntry(
  graph: ModuleGraph,
  { inputs, outputs }: Metafile,
  { entry, project }: TextOptions,
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

interface PlannedText {
  readonly doors: Doors
  readonly options: TextOptions
  readonly module: Bundled
}

/** Bundles texts as ES modules, none of them twice. */
class Texts {
  readonly graph: ModuleGraph
  readonly #options: TextOptions
  readonly #entry: FunctionEntry
  readonly #bundled = new Map<string, Promise<Bundled>>()

  constructor(graph: ModuleGraph, options: TextOptions, entry: FunctionEntry) {
    this.graph = graph
    this.#options = options
    this.#entry = entry
  }

  async bundle(division: Division, number: number, doors: Doors): Promise<PlannedText> {
    const { project } = this.#options
    const options: TextOptions = {
      ...this.#options,
      entry: TEXT_ENTRY,
      plugins: [linkText(division, number, doors, project, this.#entry)],
      parameters: LINK_PARAMETERS,
      adapt: writeLinks,
    }
    const key = JSON.stringify([
      number === 0,
      [...doors].map(([door, names]) => [door, [...names].sort()]).sort(),
      linksOf(division, number).map(({ from, to, kind, specifier }) => [
        from,
        division.resident.has(to) ? 0 : division.chunkOf.get(to),
        kind,
        specifier,
      ]),
    ])
    const module = this.#bundled.get(key) ?? bundleModule(options)
    this.#bundled.set(key, module)
    return { doors, options, module: await module }
  }
}

/** Undefined when there is nothing to divide, or no way to do it. */
async function divide(texts: Texts): Promise<PlannedText[] | undefined> {
  const { graph } = texts
  let resident: ReadonlySet<string> = new Set()
  let needed: Doors = new Map()
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const division = { graph, resident, chunkOf: numberChunks(graph, resident, needed) }
    const count = Math.max(0, ...division.chunkOf.values())
    const planned = await Promise.all(
      Array.from({ length: count + 1 }, (_, number) =>
        texts.bundle(division, number, doorsInto(division, number, needed)),
      ),
    )
    const contents = planned.map(({ module }) => liveModules(module, graph))
    const more = new Set([...resident, ...(contents[0] ?? [])])
    // The first round is for what is resident at all: until then, all that is import()ed looks as if it were not.
    const wanted = round === 0 ? needed : await addNeeded(needed, planned)
    if (more.size === resident.size && countNames(wanted) === countNames(needed)) {
      return count > 0 && areDisjoint(contents) ? planned : undefined
    }
    resident = more
    needed = wanted
  }
  return undefined
}

/** The text of each module that is needed and not resident: 1, 2, … in the order of their first module's names. */
function numberChunks(graph: ModuleGraph, resident: ReadonlySet<string>, needed: Doors): Map<string, number> {
  const roots = [...new Set([...needed.keys()].map((door) => moduleBehind(graph, door)))].sort()
  const closures = staticClosures(
    graph,
    roots.filter((root) => !resident.has(root)),
    resident,
  )
  let chunks: Set<string>[] = []
  for (const closure of closures.values()) {
    const overlapping = chunks.filter((chunk) => [...closure].some((path) => chunk.has(path)))
    const merged = new Set([...overlapping.flatMap((chunk) => [...chunk]), ...closure])
    // Where the first of them was, so that numbers follow the roots' order.
    const place = overlapping[0] === undefined ? chunks.length : chunks.indexOf(overlapping[0])
    chunks = chunks.toSpliced(place, 1, merged).filter((chunk) => !overlapping.includes(chunk))
  }
  return new Map(chunks.flatMap((chunk, index) => [...chunk].map((path) => [path, index + 1])))
}

function doorsInto({ graph, resident, chunkOf }: Division, number: number, needed: Doors): Doors {
  return new Map(
    [...needed].filter(([door]) => {
      const path = moduleBehind(graph, door)
      return (resident.has(path) ? 0 : chunkOf.get(path)) === number
    }),
  )
}

/** The modules of which something is in a text. */
function liveModules({ metafile }: Bundled, graph: ModuleGraph): Set<string> {
  const own = new Set(graph.modules)
  const outputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs))
  return new Set(
    outputs.filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && own.has(path)).map(([path]) => path),
  )
}

async function addNeeded(needed: Doors, planned: readonly PlannedText[]): Promise<Doors> {
  const all = new Map<Door, ReadonlySet<string>>(needed)
  for (const { module } of planned) {
    for (const [door, names] of await neededDoors(codeOf(module))) {
      all.set(door, new Set([...(all.get(door) ?? []), ...names]))
    }
  }
  return all
}

function countNames(doors: Doors): number {
  return [...doors.values()].reduce((sum, names) => sum + 1 + names.size, 0)
}

/** A module that is in two texts would be evaluated twice, and have two states. */
function areDisjoint(contents: readonly ReadonlySet<string>[]): boolean {
  const all = contents.flatMap((content) => [...content])
  return new Set(all).size === all.length
}

async function writeTexts(
  planned: readonly PlannedText[],
  script: Text | undefined,
): Promise<SplitFunction | undefined> {
  // In strict mode if that one text is, where TypeScript's settings or the entry ask for it.
  const prelude = script && isStrict(script) ? '"use strict";' : ''
  const texts = await Promise.all(
    planned.map(({ options, module }, number) =>
      number === 0 && !script
        ? bundleAsAsyncFunction(module, options)
        : bundleAsScript({ ...options, prelude }),
    ),
  )
  const [main, ...chunks] = texts.filter((text) => text !== undefined)
  return main && chunks.length === planned.length - 1 ? { ...main, chunks } : undefined
}

/** Whether a text's code begins so, after the line of its wrapper. */
function isStrict({ code }: Text): boolean {
  return /^.*\s+"use strict"/.test(code.toString('latin1', 0, 1000))
}

/** Whether a module that has a door needs `module`. */
function leadsTo(doors: Doors, module: string, graph: ModuleGraph): boolean {
  const behind = [...doors.keys()].map((door) => moduleBehind(graph, door))
  return [...staticClosures(graph, behind, new Set()).values()].some((closure) => closure.has(module))
}
