/**
 * What leads from one text of a function to a module in another.
 *
 * A text has a door for each of its modules that another text needs: a function that evaluates the module, unless that has been
 * done, and returns what it gives. `lambdabin-chunk:2/7` is the door 7 of the text 2, and text 0 is the entry's.
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
import { init, parse } from 'es-module-lexer'
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild'
import { importedNames } from './async-module.ts'
import type { Edge, ModuleGraph } from './module-graph.ts'

/** What the texts of a function that has several are given besides the usual: see {@link ../runtime/program-loader.ts}. */
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

/** Makes esbuild bundle the text `number` from {@link TEXT_ENTRY}, with `doors` in it. */
export function linkText(
  division: Division,
  number: number,
  doors: Doors,
  project: string,
  entry: { path: string; exports: readonly string[] | undefined },
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
    if (path === TEXT_ENTRY) return { contents: entrySource(number === 0 ? entry : undefined), loader: 'js' }
    if (path === DOORS) return { contents: doorsSource(doors, graph, project), loader: 'js' }
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

function entrySource(entry: { path: string; exports: readonly string[] | undefined } | undefined): string {
  if (entry === undefined) return `require('${DOORS}')`
  const path = JSON.stringify(entry.path)
  if (entry.exports === undefined) return `require('${DOORS}'); module.exports = require(${path})`
  const byDefault = entry.exports.includes('default') ? `export { default } from ${path}\n` : ''
  return `import '${DOORS}'\nexport * from ${path}\n${byDefault}`
}

/** `__load` is named for esbuild to know that it is taken: its calls are written later. */
function doorsSource(doors: Doors, graph: ModuleGraph, project: string): string {
  const functions = [...doors.keys()].sort().map((door) => {
    const opened = door.endsWith('r')
      ? `require(${JSON.stringify(join(project, moduleBehind(graph, door)))})`
      : `require('lambdabin-text:door:${door}').namespace`
    return `'${door}': () => ${opened}`
  })
  return `__provide({ ${functions.join(', ')} }, __load)`
}

/**
 * A module that exports a namespace: the module's own where all of it may be used, else one of the names that
 * are, so that esbuild can leave out the others.
 */
function doorSource(
  path: string,
  door: Door,
  names: ReadonlySet<string> | undefined,
  graph: ModuleGraph,
  project: string,
): string {
  const target = moduleBehind(graph, door)
  const attributes = graph.attributes.get(target)
  const from = `${JSON.stringify(join(project, target))}${attributes ? ` with ${attributes}` : ''}`
  if (path.startsWith('lambdabin-text:names:')) {
    // The import is for a module of which no name is used: it is evaluated all the same.
    return `import ${from}\nexport { ${[...(names ?? [])].sort().join(', ')} } from ${from}`
  }
  const namespace = names?.has('*') ? from : `'lambdabin-text:names:${door}'`
  return `import * as namespace from ${namespace}\nexport { namespace }`
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

/** The code of a text with what leads to other texts as {@link Division} says, each position where it was. */
export async function writeLinks(code: string): Promise<string> {
  await init
  const [imports] = parse(code)
  let linked = ''
  let at = 0
  for (const statement of imports) {
    if (statement.type === 'dynamic' && !statement.glob && statement.specifier?.startsWith(SCHEME)) {
      linked += `${code.slice(at, statement.importStart)}__load`
      at = statement.importStart + 'import'.length
    }
  }
  linked += code.slice(at)
  return linked.replace(
    WRAPPED_NAMESPACE,
    (whole, required: string, nodeMode = '') =>
      `${' '.repeat(whole.length - required.length - nodeMode.length - 1)}${required}${' '.repeat(nodeMode.length)})`,
  )
}
