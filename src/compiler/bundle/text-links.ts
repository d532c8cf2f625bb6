/**
 * What leads from one text of a function to a module in another.
 *
 * A text has a door for each of its modules that another text needs: a function that evaluates the module, unless that
 * has been done, and returns what it gives. `lambdabin-chunk:2/7` is the door 7 of the text 2, and text 0 is the entry's.
 *
 * The other text has the module as an external one, which esbuild reads each time that a name of it is used
 * (`import_orders.count`): so exports are as live as in one text. Doors are `require`d, as esbuild writes external modules
 * in a script; what `import()` names is loaded by a call of `__load`, which returns a promise.
 *
 * - `7` opens to the namespace of an ES module, which is the same object in all texts.
 * - `7r` opens to what `require` gives. Of a module that is no ES module, esbuild makes a namespace where it is imported,
 *   for it depends on the importing module what that is like.
 */
import { join, relative } from 'node:path'
import { type Import, init, parse } from 'es-module-lexer'
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild'
import { importedNames } from './async-module.ts'
import type { Edge, ModuleGraph } from './module-graph.ts'

/** What the texts of a function that has several are given besides the usual: see {@link ../../executable/program-loader.ts}. */
export const LINK_PARAMETERS = ['__provide', '__load']

const SCHEME = 'lambdabin-chunk:'
/** What a text starts from: its doors, and in text 0 the function's entry. */
export const TEXT_ENTRY = 'lambdabin-text:entry'
const DOORS = 'lambdabin-text:doors'
/** Of modules that esbuild is given the source of, by what they are for. */
const NAMESPACE = 'lambdabin-text'

/** A module that another text needs: its number, and `r` where it is `require`d. */
export type Door = string
/** By door, the names of the exports that are needed; `*` for all. */
export type Doors = ReadonlyMap<Door, ReadonlySet<string>>

/** Which text has which module. */
export interface Division {
  readonly graph: ModuleGraph
  /** The entry's own text. */
  readonly resident: ReadonlySet<string>
  /** The number of each other module's text. */
  readonly chunkOf: ReadonlyMap<string, number>
}

export function moduleBehind(graph: ModuleGraph, door: Door): string {
  const path = graph.modules[Number.parseInt(door, 10)]
  if (path === undefined) {
    throw new Error(`there is no module behind the door ${door}`)
  }
  return path
}

/** The edges that lead out of the text `number`. */
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
   * The ES modules that have been evaluated by the time that another text can need them: the doors to them need not do it.
   * esbuild keeps less of such modules, and makes them faster.
   */
  readonly evaluated: ReadonlySet<string>
}

/** Makes esbuild bundle the text `number` from {@link TEXT_ENTRY}, with `doors` in it. */
export function linkText(
  division: Division,
  number: number,
  doors: Doors,
  project: string,
  entry: FunctionEntry,
): Plugin {
  const { graph, resident, chunkOf } = division
  const links = linksOf(division, number)
  const targets = new Map(links.map((link) => [linkKey(link), link.to]))
  const names = [...new Set(links.map(({ specifier }) => specifier))]

  function resolve({ path, kind, importer }: OnResolveArgs): OnResolveResult | undefined {
    const target = targets.get(linkKey({ from: relative(project, importer), kind, specifier: path }))
    if (target === undefined) {
      return undefined
    }
    const isNamespace = graph.esModules.has(target) && kind !== 'require-call'
    const door = `${graph.modules.indexOf(target)}${isNamespace ? '' : 'r'}`
    const text = resident.has(target) ? 0 : (chunkOf.get(target) ?? 'new')
    const specifier = `${SCHEME}${text}/${door}`
    return kind === 'dynamic-import' && !isNamespace
      ? { path: specifier, namespace: NAMESPACE }
      : { path: specifier, external: true }
  }

  function source(path: string): { contents: string; loader: 'js' | 'ts' } {
    if (path === TEXT_ENTRY) {
      return { contents: entrySource(number === 0 ? entry : undefined), loader: 'js' }
    }
    if (path === DOORS) {
      const evaluated = number === 0 ? entry.evaluated : new Set<string>()
      return { contents: doorsSource(doors, evaluated, graph, project), loader: 'js' }
    }
    // In the place of a module of another text that is `import()`ed, and is no ES module.
    if (path.startsWith(SCHEME)) {
      return { contents: `module.exports = require(${JSON.stringify(path)})`, loader: 'js' }
    }
    const door = path.slice(path.lastIndexOf(':') + 1)
    // As TypeScript, in which a name may be that of a type, of which nothing is left.
    return { contents: doorSource(path, door, doors.get(door), graph, project), loader: 'ts' }
  }

  return {
    name: 'text-links',
    setup(build) {
      build.onResolve({ filter: /^lambdabin-text:/ }, ({ path }) => ({ path, namespace: NAMESPACE }))
      build.onResolve({ filter: /^lambdabin-chunk:/ }, ({ path }) => ({ path, external: true }))
      if (names.length > 0) {
        build.onResolve({ filter: new RegExp(`^(?:${names.map(escaped).join('|')})$`) }, resolve)
      }
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
        ...source(path),
        resolveDir: project,
      }))
    },
  }
}

function linkKey({ from, kind, specifier }: { from: string; kind: string; specifier: string }): string {
  return `${kind}\0${specifier}\0${from}`
}

function escaped(text: string): string {
  return text.replace(/[^\w]/g, (character) => (character.charCodeAt(0) < 128 ? `\\${character}` : character))
}

function entrySource(entry: FunctionEntry | undefined): string {
  if (entry === undefined) {
    return `require('${DOORS}')`
  }
  const path = JSON.stringify(entry.path)
  if (entry.exports === undefined) {
    return `require('${DOORS}'); module.exports = require(${path})`
  }
  const byDefault = entry.exports.includes('default') ? `export { default } from ${path}\n` : ''
  const exported = `export * from ${path}\n${byDefault}`
  // Last, what the doors import has been evaluated in its own order. An entry that awaits may need doors before its end.
  return entry.evaluated.size > 0 ? `${exported}import '${DOORS}'` : `import '${DOORS}'\n${exported}`
}

/** `__load` is named for esbuild to know that it is taken: its calls are written later. */
function doorsSource(
  doors: Doors,
  evaluated: ReadonlySet<string>,
  graph: ModuleGraph,
  project: string,
): string {
  const imports: string[] = []
  const functions = [...doors].sort().map(([door, names]) => {
    const path = moduleBehind(graph, door)
    if (door.endsWith('r')) {
      return `'${door}': () => require(${JSON.stringify(join(project, path))})`
    }
    if (!evaluated.has(path)) {
      return `'${door}': () => require('lambdabin-text:door:${door}').namespace`
    }
    if (names.size === 0) {
      return `'${door}': () => {}`
    }
    imports.push(`import * as namespace${door} from ${namespaceOf(door, names, graph, project)}\n`)
    return `'${door}': () => namespace${door}`
  })
  return `${imports.join('')}__provide({ ${functions.join(', ')} }, __load)`
}

/** A module that exports a namespace, so that `require` gives it as it is; or one of the names that are needed. */
function doorSource(
  path: string,
  door: Door,
  names: ReadonlySet<string> = new Set(),
  graph: ModuleGraph,
  project: string,
): string {
  if (path.startsWith('lambdabin-text:door:')) {
    return `import * as namespace from ${namespaceOf(door, names, graph, project)}\nexport { namespace }`
  }
  const from = moduleFrom(door, graph, project)
  // The import is for a module of which no name is used: it is evaluated all the same.
  return `import ${from}\nexport { ${[...names].sort().join(', ')} } from ${from}`
}

/**
 * The module itself where all of it may be used, else one of the names that are, so that esbuild can leave out the
 * others.
 */
function namespaceOf(door: Door, names: ReadonlySet<string>, graph: ModuleGraph, project: string): string {
  return names.has('*') ? moduleFrom(door, graph, project) : `'lambdabin-text:names:${door}'`
}

function moduleFrom(door: Door, graph: ModuleGraph, project: string): string {
  const target = moduleBehind(graph, door)
  const attributes = graph.attributes.get(target)
  return `${JSON.stringify(join(project, target))}${attributes ? ` with ${attributes}` : ''}`
}

const REQUIRED_DOOR = /\brequire\("lambdabin-chunk:\w+\/(\d+r)"\)/g

/** The doors of other texts that a text needs: `code` is that of an ES module. */
export async function neededDoors(code: string): Promise<Map<Door, Set<string>>> {
  const found = new Map<Door, Set<string>>()
  for (const [specifier, names] of await importedNames(code)) {
    if (specifier.startsWith(SCHEME)) {
      found.set(specifier.slice(specifier.lastIndexOf('/') + 1), names)
    }
  }
  // esbuild's name for `require` in an ES module is __require, or that with a number.
  for (const [, door = ''] of code.replaceAll(/__require\d*\(/g, ' require(').matchAll(REQUIRED_DOOR)) {
    found.set(door, new Set(['*']))
  }
  return found
}

/**
 * esbuild wraps what it takes for CommonJS: `__toESM(require("lambdabin-chunk:0/7"), 1)`, with the `default` that
 * Node.js gives that.
 */
const WRAPPED_NAMESPACE = /[\w$]+(\(require\("lambdabin-chunk:\d+\/\d+"\))(,\s*1)?\)/g

/** A text in which not every `import()` was found, so that it must not be used. */
export class UnreadableTextError extends Error {
  override readonly name = 'UnreadableTextError'
}

/**
 * The code of a text with what leads to other texts in place of esbuild's external modules, each position where it was.
 * Rejects with an {@link UnreadableTextError}.
 */
export async function writeLinks(code: string): Promise<string> {
  await init
  const imports = readImports(code)
  let linked = ''
  let at = 0
  for (const statement of imports) {
    if (statement.type === 'dynamic' && !statement.glob && statement.specifier?.startsWith(SCHEME)) {
      linked += `${code.slice(at, statement.importStart)}__load`
      at = statement.importStart + 'import'.length
    }
  }
  linked += code.slice(at)
  if (/\bimport\("lambdabin-chunk:/.test(linked)) {
    throw new UnreadableTextError('an import() of another text was overlooked')
  }
  return linked.replace(
    WRAPPED_NAMESPACE,
    (whole, required: string, nodeMode = '') =>
      `${' '.repeat(whole.length - required.length - nodeMode.length - 1)}${required}${' '.repeat(nodeMode.length)})`,
  )
}

/** esbuild's code is lexed as what it is not, a module, and without a grammar: that may go wrong. */
function readImports(code: string): readonly Import[] {
  try {
    return parse(code)[0]
  } catch (cause) {
    throw new UnreadableTextError('its code could not be lexed', { cause })
  }
}
