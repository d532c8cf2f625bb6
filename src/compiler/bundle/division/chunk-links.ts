/**
 * What leads from one chunk of a function to a module in another.
 *
 * Say `orders.ts` is in chunk 0, the entry's, and `report.ts`, which only an `import()` leads to, is in chunk 1 and imports
 * `orders.ts`. Then chunk 0 *exposes* `orders.ts`: it has a function that evaluates the module, unless that has been done,
 * and returns what the module gives. In chunk 1 the import is that of an external module with the name of a link,
 * `lambdabin-chunk:0/7`, and 7 is the number of `orders.ts`. `executable/format.ts` tells what happens to links in the
 * executable.
 *
 * esbuild reads an external module each time that a name of it is used (`import_orders.count`), so exports are as live
 * as in one chunk. A link is `require`d, as esbuild writes external modules in a script; the one that an `import()`
 * leads to is loaded by a call of `__load`, which returns a promise.
 *
 * An exposed module has one of two names:
 *
 * - `7` gives the namespace of an ES module, which is the same object in all chunks.
 * - `7r` gives what `require` gives. Of a module that is no ES module, esbuild makes a namespace where it is imported, for
 *   it depends on the importing module what that is like.
 */
import { join, relative } from 'node:path'
import { type Import, init, parse } from 'es-module-lexer'
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild'
import {
  chunkLink,
  LINK_SCHEME,
  LINK_NAMESPACE as NAMESPACE,
  readChunkLink,
} from '../../../executable/format.ts'
import { escaped } from '../../escaped-pattern.ts'
import { importedNames } from '../async-module.ts'
import { unwrapNamespaces } from '../wrapped-namespaces.ts'
import type { Edge, ModuleGraph } from './module-graph.ts'

/** What a chunk starts from: the modules that it exposes, and in chunk 0 the function's entry. */
export const CHUNK_ENTRY = `${NAMESPACE}:entry`
const EXPOSED = `${NAMESPACE}:exposed`
/** One exposed module, as an export of the name `namespace`. */
const ONE_EXPOSED = `${NAMESPACE}:exposed:`
/** The exports of an exposed module that other chunks need. */
const NAMES = `${NAMESPACE}:names:`

/** An exposed module's name in links: its number, and `r` where it is `require`d. */
export type ExposedName = string
/** By exposed module, the names of its exports that other chunks need; `*` for all. */
export type Exposed = ReadonlyMap<ExposedName, ReadonlySet<string>>

/** Which chunk has which module. */
export interface Division {
  readonly graph: ModuleGraph
  /** The entry's own chunk. */
  readonly resident: ReadonlySet<string>
  /** The number of each other module's chunk. */
  readonly chunkOf: ReadonlyMap<string, number>
}

/** The path of an exposed module. */
export function modulePath(graph: ModuleGraph, name: ExposedName): string {
  const path = graph.modules[Number.parseInt(name, 10)]
  if (path === undefined) {
    throw new Error(`there is no module of the number ${name}`)
  }
  return path
}

/** The edges that lead out of the chunk `number`. */
export function linksOf({ graph, resident, chunkOf }: Division, number: number): Edge[] {
  return graph.edges.filter(({ to, kind }) =>
    number === 0
      ? kind === 'dynamic-import' && !resident.has(to)
      : resident.has(to) || (kind === 'dynamic-import' && chunkOf.get(to) !== number),
  )
}

export interface FunctionEntry {
  /** Absolute. */
  readonly path: string
  /** Undefined for a CommonJS entry. */
  readonly exports: readonly string[] | undefined
  /**
   * The ES modules that have been evaluated by the time that another chunk can need them: to expose them takes no
   * evaluation.
   * esbuild keeps less of such modules, and makes them faster.
   */
  readonly evaluated: ReadonlySet<string>
}

/** What esbuild is told to bundle a chunk from {@link CHUNK_ENTRY}, with what it exposes in it. */
export class ChunkLinks {
  readonly #division: Division
  readonly #number: number
  readonly #exposed: Exposed
  readonly #project: string
  readonly #entry: FunctionEntry
  readonly #targets: ReadonlyMap<string, string>

  constructor(division: Division, number: number, exposed: Exposed, project: string, entry: FunctionEntry) {
    this.#division = division
    this.#number = number
    this.#exposed = exposed
    this.#project = project
    this.#entry = entry
    this.#targets = new Map(linksOf(division, number).map((link) => [linkKey(link), link.to]))
  }

  resolve({ path, kind, importer }: OnResolveArgs): OnResolveResult | undefined {
    const { graph, resident, chunkOf } = this.#division
    const from = relative(this.#project, importer)
    const target = this.#targets.get(linkKey({ from, kind, specifier: path }))
    if (target === undefined) {
      return undefined
    }
    const isNamespace = graph.esModules.has(target) && kind !== 'require-call'
    const name = `${graph.modules.indexOf(target)}${isNamespace ? '' : 'r'}`
    const specifier = chunkLink(resident.has(target) ? 0 : (chunkOf.get(target) ?? 'new'), name)
    return kind === 'dynamic-import' && !isNamespace
      ? { path: specifier, namespace: NAMESPACE }
      : { path: specifier, external: true }
  }

  source(path: string): { contents: string; loader: 'js' | 'ts'; resolveDir: string } {
    const { graph } = this.#division
    const [project, exposed, entry] = [this.#project, this.#exposed, this.#entry]
    const common = { loader: 'js', resolveDir: project } as const
    if (path === CHUNK_ENTRY) {
      return { ...common, contents: entrySource(this.#number === 0 ? entry : undefined) }
    }
    if (path === EXPOSED) {
      const evaluated = this.#number === 0 ? entry.evaluated : new Set<string>()
      return { ...common, contents: exposedSource(exposed, evaluated, graph, project) }
    }
    // In the place of a module of another chunk that is `import()`ed, and is no ES module.
    if (path.startsWith(LINK_SCHEME)) {
      return { ...common, contents: `module.exports = require(${JSON.stringify(path)})` }
    }
    const name = path.slice(path.lastIndexOf(':') + 1)
    const contents = oneExposedSource(path, name, exposed.get(name), graph, project)
    // As TypeScript, in which a name may be that of a type, of which nothing is left.
    return { ...common, contents, loader: 'ts' }
  }
}

/** Makes esbuild bundle the chunk that `links` tell of; `edges` are those that may lead out of it. */
export function linkChunk(edges: readonly Edge[], links: () => ChunkLinks): Plugin {
  const names = [...new Set(edges.map(({ specifier }) => specifier))]
  return {
    name: 'chunk-links',
    setup(build) {
      build.onResolve({ filter: startingWith(`${NAMESPACE}:`) }, ({ path }) => ({
        path,
        namespace: NAMESPACE,
      }))
      build.onResolve({ filter: startingWith(LINK_SCHEME) }, ({ path }) => ({ path, external: true }))
      if (names.length > 0) {
        build.onResolve({ filter: new RegExp(`^(?:${names.map(escaped).join('|')})$`) }, (args) =>
          links().resolve(args),
        )
      }
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => links().source(path))
    },
  }
}

function linkKey({ from, kind, specifier }: { from: string; kind: string; specifier: string }): string {
  return `${kind}\0${specifier}\0${from}`
}

function startingWith(text: string): RegExp {
  return new RegExp(`^${escaped(text)}`)
}

function entrySource(entry: FunctionEntry | undefined): string {
  if (entry === undefined) {
    return `require('${EXPOSED}')`
  }
  const path = JSON.stringify(entry.path)
  if (entry.exports === undefined) {
    return `require('${EXPOSED}'); module.exports = require(${path})`
  }
  const byDefault = entry.exports.includes('default') ? `export { default } from ${path}\n` : ''
  const exported = `export * from ${path}\n${byDefault}`
  // Last, what is exposed has been evaluated in its own order. While an entry awaits, another chunk may need what is exposed.
  return entry.evaluated.size > 0 ? `${exported}import '${EXPOSED}'` : `import '${EXPOSED}'\n${exported}`
}

/** `__load` is named for esbuild to know that it is taken: its calls are written later. */
function exposedSource(
  exposed: Exposed,
  evaluated: ReadonlySet<string>,
  graph: ModuleGraph,
  project: string,
): string {
  const imports: string[] = []
  const functions = [...exposed].sort().map(([name, exports]) => {
    const path = modulePath(graph, name)
    if (name.endsWith('r')) {
      return `'${name}': () => require(${JSON.stringify(join(project, path))})`
    }
    if (!evaluated.has(path)) {
      return `'${name}': () => require('${ONE_EXPOSED}${name}').namespace`
    }
    if (exports.size === 0) {
      return `'${name}': () => {}`
    }
    imports.push(`import * as namespace${name} from ${namespaceOf(name, exports, graph, project)}\n`)
    return `'${name}': () => namespace${name}`
  })
  return `${imports.join('')}__expose({ ${functions.join(', ')} }, __load)`
}

/** A module that exports a namespace, so that `require` gives it as it is; or one of the exports that are needed. */
function oneExposedSource(
  path: string,
  name: ExposedName,
  exports: ReadonlySet<string> = new Set(),
  graph: ModuleGraph,
  project: string,
): string {
  if (path.startsWith(ONE_EXPOSED)) {
    return `import * as namespace from ${namespaceOf(name, exports, graph, project)}\nexport { namespace }`
  }
  const from = moduleFrom(name, graph, project)
  // The import is for a module of which no name is used: it is evaluated all the same.
  return `import ${from}\nexport { ${[...exports].sort().join(', ')} } from ${from}`
}

/**
 * The module itself where all of it may be used, else one of the exports that are, so that esbuild can leave out the
 * others.
 */
function namespaceOf(
  name: ExposedName,
  exports: ReadonlySet<string>,
  graph: ModuleGraph,
  project: string,
): string {
  return exports.has('*') ? moduleFrom(name, graph, project) : `'${NAMES}${name}'`
}

function moduleFrom(name: ExposedName, graph: ModuleGraph, project: string): string {
  const target = modulePath(graph, name)
  const attributes = graph.attributes.get(target)
  return `${JSON.stringify(join(project, target))}${attributes ? ` with ${attributes}` : ''}`
}

const REQUIRED_LINK = new RegExp(String.raw`\brequire\("(${LINK_SCHEME}\w+/\d+r)"\)`, 'g')

/** What a chunk needs of others, by exposed module: `code` is the chunk's as an ES module. */
export async function neededModules(code: string): Promise<Map<ExposedName, Set<string>>> {
  const found = new Map<ExposedName, Set<string>>()
  for (const [specifier, names] of await importedNames(code)) {
    if (specifier.startsWith(LINK_SCHEME)) {
      found.set(readChunkLink(specifier).module, names)
    }
  }
  // esbuild's name for `require` in an ES module is __require, or that with a number.
  for (const [, link = ''] of code.replaceAll(/__require\d*\(/g, ' require(').matchAll(REQUIRED_LINK)) {
    found.set(readChunkLink(link).module, new Set(['*']))
  }
  return found
}

const NAMESPACE_LINK = new RegExp(String.raw`^${LINK_SCHEME}\d+/\d+$`)

const DYNAMIC_LINK = new RegExp(String.raw`\bimport\("${LINK_SCHEME}`)

/** A chunk in which not every `import()` was found, so that it must not be used. */
export class UnreadableChunkError extends Error {
  override readonly name = 'UnreadableChunkError'
}

/**
 * The code of a chunk with what leads to other chunks in place of esbuild's external modules, each position where it was.
 * Rejects with an {@link UnreadableChunkError}.
 */
export async function writeLinks(code: string): Promise<string> {
  await init
  const imports = readImports(code)
  let linked = ''
  let at = 0
  for (const statement of imports) {
    if (statement.type === 'dynamic' && !statement.glob && statement.specifier?.startsWith(LINK_SCHEME)) {
      linked += `${code.slice(at, statement.importStart)}__load`
      at = statement.importStart + 'import'.length
    }
  }
  linked += code.slice(at)
  if (DYNAMIC_LINK.test(linked)) {
    throw new UnreadableChunkError('an import() of another chunk was overlooked')
  }
  return unwrapNamespaces(linked, (specifier) => NAMESPACE_LINK.test(specifier))
}

/** esbuild's code is lexed as what it is not, a module, and without a grammar: that may go wrong. */
function readImports(code: string): readonly Import[] {
  try {
    return parse(code)[0]
  } catch (cause) {
    throw new UnreadableChunkError('its code could not be lexed', { cause })
  }
}
