/**
 * What a module does that depends on where it is: it asks for its own path, loads what it names only when it runs, or
 * makes a `require` of its own. In a bundle all modules are in one place, so each of these needs help.
 *
 * Names count where they mean Node.js's own: what browserify and others wrote has parameters called `require`.
 */
import {
  type AnyNode,
  childrenOf,
  declaredIn,
  isEval,
  isKept,
  isReference,
  isRelativePattern,
  isResolve,
  isScope,
  isText,
  parseModule,
  type Span,
} from '../syntax-tree.ts'
import { findKeptLocations, USES } from './requires/kept-locations.ts'
import { type ExportsRequire, findMadeRequires, type MadeRequire } from './requires/made-requires.ts'
import { OwnNames } from './requires/own-location.ts'
import {
  keptBeginnings,
  type RelativePattern,
  relativePatterns,
  relativeTexts,
} from './requires/relative-names.ts'
import { findUmdFactories, requiredBeside, type UmdFactory } from './requires/umd-factories.ts'

/** What a module asks for of its own path. */
export type LocationKind =
  | '__dirname'
  | '__filename'
  | 'import.meta.dirname'
  | 'import.meta.filename'
  | 'import.meta.url'
  | 'module.filename'
  | 'module.path'

export interface Location extends Span {
  readonly kind: LocationKind
  /** `{ __dirname }`, whose value has to be written behind the name. */
  readonly isShorthand: boolean
  /** Whether it, or a variable that holds it, goes into a call, or a sum: what is only kept leads to no file. */
  readonly isUsed: boolean
}

export interface ModuleFacts {
  readonly locations: readonly Location[]
  /** `require` where a bundler cannot follow it: `require(name)`, `require.resolve`, or handed on. */
  readonly requires: readonly (Span & { readonly isShorthand?: boolean })[]
  /** Whether another function takes the place of `require`: what that is called with a bundler takes for its own. */
  readonly replacesRequire: boolean
  /** Whether one of those loads modules: `require(name)`, or `require` under another name. */
  readonly loadsByName: boolean
  /** `const load = createRequire(import.meta.url)`, and the like. */
  readonly madeRequires: readonly MadeRequire[]
  /** `import(name)`. */
  readonly importsByName: boolean
  /** The names in those of them that a bundler cannot follow: not `./kinds/${name}.js`. */
  readonly importedNames: readonly Span[]
  /** What such a name may be: texts like `./worker.mjs`, but those of imports that a bundler follows. */
  readonly importedTexts: readonly string[]
  /** Where those of `require` and `import` stand that a bundler cannot follow, and that load. */
  readonly loads: readonly Span[]
  /** `new Worker(…)` with anything but a text of code. */
  readonly startsWorkers: boolean
  /** Whether it makes a `require` for another path than its own. */
  readonly makesOtherRequires: boolean
  /** What `require.resolve` is asked for, or `new URL` with a base that is kept in a variable. */
  readonly resolved: readonly string[]
  /** What is required by a beginning that a variable holds. */
  readonly begun?: readonly string[]
  /** What a `require` under another name is called with, or one by a variable: `load('./locale/' + name)`. */
  readonly relativePatterns: readonly RelativePattern[]
  /** Whether it looks into folders, and gives its own to a function: `readdirSync(__dirname)`. */
  readonly readsFolders: boolean
  /** Parameters called `require` of what is only called with the module's own. */
  readonly factoryRequires: readonly Span[]
  /** The modules beside it that such a one is called with. */
  readonly factoryRequired?: readonly string[]
  /** Names of Node.js's that it asks for and has not: `module`, in an ES module. */
  readonly absentNames?: readonly string[]
}

/** Those of a module that only asks for names. */
export const NO_FACTS: ModuleFacts = {
  ...{ locations: [], requires: [], madeRequires: [], importedNames: [], importedTexts: [], loads: [] },
  ...{ resolved: [], relativePatterns: [], factoryRequires: [] },
  replacesRequire: false,
  loadsByName: false,
  importsByName: false,
  startsWorkers: false,
  makesOtherRequires: false,
  readsFolders: false,
}

/** A module in which this finds nothing has no such facts. */
const HINT =
  /\b(?:__dirname|__filename|import\.meta|module\.(?:filename|path)\b|new\s+(?:\w+\.)?Worker)\b|[cC]reateRequire|\bimport\b(?=[^'"();]*[rR]equire[^'"();]*['"]\.)|\brequire\b(?!\s*(?:\(\s*(?:"[^"]*"|'[^']*')\s*\)|\.main\b))|\bimport\s*\((?!\s*(?:"[^"]*"|'[^']*')\s*\))/g

/** A module without this makes no `require`, and imports none. */
const MAKES_REQUIRE = /createRequire|\bimport\b[^'"();]*require[^'"();]*['"]\./i

const READS_FOLDERS = /\b(?:readdir|opendir)(?:Sync)?\b/

/** Whether a module, TypeScript too, may have any of these facts. */
export function mayHaveFacts(code: string): boolean {
  return code.search(HINT) !== -1
}

/** Undefined for a module that has none of these facts, or is no JavaScript; `exportsRequire` tells of those that it imports. */
export function findModuleFacts(code: string, exportsRequire: ExportsRequire): ModuleFacts | undefined {
  const hints = [...code.matchAll(HINT)].map(({ index }) => index)
  const program = hints.length === 0 ? undefined : parseModule(code)
  if (program === undefined) {
    return undefined
  }
  const makesRequire = MAKES_REQUIRE.test(code)
  const names = new OwnNames(makesRequire ? program : undefined)
  const factories = findUmdFactories(program)
  const finder = new FactFinder(hints, names, factories)
  finder.visit(program, undefined, new Set())
  const { requires, replacesRequire, importsByName, startsWorkers, makesOtherRequires } = finder
  const idle = new Set(finder.locations.filter(({ isUsed }) => !isUsed).map(({ start }) => start))
  const kept = findKeptLocations(idle.size === 0 ? undefined : program, idle)
  const locations = finder.locations.map((each) => ({
    ...each,
    isUsed: each.isUsed || kept.used.has(each.start),
  }))
  const madeRequires = makesRequire ? findMadeRequires(program, names, exportsRequire) : []
  const places = locations.length + requires.length + madeRequires.length + factories.length
  if (places === 0 && !importsByName && !startsWorkers && !makesOtherRequires) {
    return undefined
  }
  return {
    ...{ locations, requires, replacesRequire, importsByName, startsWorkers, makesOtherRequires },
    resolved: [...finder.resolved, ...kept.beside],
    begun: finder.loadsByName ? keptBeginnings(program) : [],
    ...{ loadsByName: finder.loadsByName, loads: finder.loads },
    importedNames: finder.importedNames,
    importedTexts: finder.importedNames.length > 0 ? relativeTexts(program) : [],
    madeRequires,
    factoryRequires: factories.map(({ parameter }) => span(parameter)),
    factoryRequired: factories.flatMap(({ made }) => requiredBeside(made)),
    relativePatterns: finder.loadsByName || importsByName ? relativePatterns(program) : [],
    readsFolders: finder.handsOnFolder && READS_FOLDERS.test(code),
  }
}

class FactFinder {
  readonly locations: Location[] = []
  readonly requires: (Span & { readonly isShorthand?: boolean })[] = []
  replacesRequire = false
  readonly loads: Span[] = []
  readonly importedNames: Span[] = []
  importsByName = false
  loadsByName = false
  startsWorkers = false
  makesOtherRequires = false
  handsOnFolder = false
  readonly resolved: string[] = []
  readonly #hints: readonly number[]
  readonly #names: OwnNames
  readonly #factories: readonly UmdFactory[]

  constructor(hints: readonly number[], names: OwnNames, factories: readonly UmdFactory[]) {
    this.#hints = hints
    this.#names = names
    this.#factories = factories
  }

  /** `hidden` are the names that mean something else here. */
  visit(node: AnyNode, parent: AnyNode | undefined, hidden: ReadonlySet<string>): void {
    const inside = isScope(node) ? new Set([...hidden, ...this.#declaredIn(node)]) : hidden
    this.#note(node, parent, inside)
    for (const child of childrenOf(node)) {
      if (this.#hasHint(child)) {
        this.visit(child, node, inside)
      }
    }
  }

  /** What a factory is given as `require` is the module's own. */
  #declaredIn(scope: AnyNode): string[] {
    const isFactory = this.#factories.some(({ made }) => made === scope)
    return declaredIn(scope).filter((name) => !(isFactory && name === 'require'))
  }

  /** All else need not be looked at, and most of a module is. */
  #hasHint({ start, end }: Span): boolean {
    let low = 0
    let high = this.#hints.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#hints[middle] ?? 0) < start) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return (this.#hints[low] ?? Number.POSITIVE_INFINITY) < end
  }

  #note(node: AnyNode, parent: AnyNode | undefined, hidden: ReadonlySet<string>): void {
    if (node.type === 'Identifier' && parent !== undefined && !hidden.has(node.name)) {
      this.#noteName(node, parent)
    } else if (node.type === 'MemberExpression' && node.object.type === 'MetaProperty' && !node.computed) {
      this.#noteLocation(node, parent, `import.meta.${node.property.name}`)
    } else if (
      node.type === 'MemberExpression' &&
      node.object.name === 'module' &&
      !node.computed &&
      !hidden.has('module')
    ) {
      this.#noteLocation(node, parent, `module.${node.property.name}`)
    } else if (node.type === 'ImportExpression' && !isText(node.source)) {
      this.importsByName = true
      if (!isRelativePattern(node.source)) {
        this.importedNames.push(span(node.source))
        this.loads.push(span(node))
      }
    } else if (
      node.type === 'NewExpression' &&
      /^Worker$/.test(node.callee.property?.name ?? node.callee.name)
    ) {
      this.startsWorkers ||= node.arguments.length > 0 && !node.arguments[1]?.properties?.some(isEval)
    } else if (node.type === 'CallExpression' && isResolve(node) && !hidden.has('require')) {
      this.resolved.push(node.arguments[0].value)
    } else if (node.type === 'CallExpression' && this.#names.isCreateRequire(node.callee)) {
      this.makesOtherRequires ||= !this.#names.isLocation(node.arguments[0])
    }
  }

  #noteName(node: AnyNode, parent: AnyNode): void {
    const isAssigned = parent.type === 'AssignmentExpression' && parent.left === node
    this.replacesRequire ||= isAssigned && node.name === 'require' && parent.right.type === 'Identifier'
    if (!isReference(node, parent)) {
      return
    }
    if (node.name === '__dirname' || node.name === '__filename') {
      this.#noteLocation(node, parent, node.name)
    } else if (node.name === 'require') {
      this.#noteRequire(node, parent)
    }
  }

  #noteLocation(node: AnyNode, parent: AnyNode | undefined, kind: string): void {
    if (!isLocationKind(kind)) {
      return
    }
    const isFolder = /(?:dirname|path)/.test(kind)
    this.handsOnFolder ||= isFolder && parent?.arguments?.[0] === node && !isOfPaths(parent.callee)
    const isUsed =
      isFolder || kind === 'module.filename'
        ? parent?.type !== 'UnaryExpression'
        : USES.has(parent?.type ?? '')
    this.locations.push({ ...span(node), kind, isShorthand: parent?.shorthand === true, isUsed })
  }

  #noteRequire(node: AnyNode, parent: AnyNode): void {
    if (this.#factories.some(({ given, parameter }) => given === node || parameter === node)) {
      return
    }
    if (parent.type === 'CallExpression' && parent.callee === node) {
      if (!isText(parent.arguments[0]) && !isRelativePattern(parent.arguments[0])) {
        this.requires.push(span(node))
        this.loads.push(span(node))
        this.loadsByName = true
      }
    } else if (parent.type === 'MemberExpression' && parent.object === node) {
      if (!parent.computed && parent.property.name === 'resolve') {
        this.requires.push(span(node))
      }
    } else if (parent.type !== 'UnaryExpression' && parent.type !== 'BinaryExpression') {
      this.requires.push({ ...span(node), isShorthand: parent.shorthand === true })
      if (isKept(node, parent)) {
        this.loads.push(span(node))
        this.loadsByName = true
      }
    }
  }
}

/** `path.join`, and `join`. */
function isOfPaths({ name, property }: AnyNode): boolean {
  return /^(?:join|resolve|dirname|basename|relative|normalize)$/.test(property?.name ?? name ?? '')
}

function span({ start, end }: Span): Span {
  return { start, end }
}

function isLocationKind(kind: string): kind is LocationKind {
  return /^(?:__dirname|__filename|import\.meta\.(?:dirname|filename|url)|module\.(?:filename|path))$/.test(
    kind,
  )
}
