/**
 * A `require` that a module makes for its own path, `const load = createRequire(import.meta.url)`, or has of another module that
 * makes one and exports it, as what Rolldown and esbuild write does. What it loads by a name that is written out can be bundled.
 */
import {
  type AnyNode,
  branchesOf,
  childrenOf,
  isReference,
  isText,
  parseModule,
  type Span,
  withoutFunction,
} from '../../syntax-tree.ts'
import { OwnNames } from './own-location.ts'

export interface Edit extends Span {
  readonly text: string
}

export interface MadeRequire {
  /** `load('./data.json')`: the name in each call that a bundler could follow. */
  readonly calls: readonly Span[]
  /** What gives it another name where it is called `require`, which is to be the bundle's. */
  readonly renames: readonly Edit[]
  /** The name where it is called with what is no text: `load(name)`. */
  readonly computed: readonly Span[]
}

/** Whether the module `specifier` exports under `name` a `require` that it has made. */
export type ExportsRequire = (specifier: string, name: string) => boolean

/** Has the calls of a `require` that a module makes be the bundle's. */
export function requireEdits({ calls, renames }: MadeRequire): Edit[] {
  return [...renames, ...calls.map((span) => ({ ...span, text: 'require' }))]
}

export function findMadeRequires(
  program: AnyNode,
  names: OwnNames,
  exportsRequire: ExportsRequire,
): MadeRequire[] {
  const { variables, direct } = new RequireMakers(program, names, exportsRequire)
  const made = [...variables].map(([name, isBeside]) => usesOf(name, program, isBeside))
  return direct.length === 0 ? made : [...made, { calls: direct, renames: [], computed: [] }]
}

/** What {@link findMadeRequires} asks of modules beside one; `read` gives the JavaScript of the file that a relative name means. */
export function requiresOfOthers(read: (specifier: string) => string | undefined): ExportsRequire {
  return (specifier, name) => {
    const code = read(specifier) ?? ''
    const program = /createRequire/i.test(code) ? parseModule(code) : undefined
    return program !== undefined && exportedRequires(program).has(name)
  }
}

class RequireMakers {
  /** By name, whether what it is given is relative to this module. */
  readonly variables = new Map<string, boolean>()
  /** `createRequire(import.meta.url)` in `createRequire(import.meta.url)('./data.json')`. */
  readonly direct: Span[] = []
  readonly #names: OwnNames
  readonly #exportsRequire: ExportsRequire

  constructor(program: AnyNode, names: OwnNames, exportsRequire: ExportsRequire) {
    this.#names = names
    this.#exportsRequire = exportsRequire
    this.#read(program)
  }

  #read(node: AnyNode): void {
    if (node.type === 'VariableDeclarator') {
      this.#noteVariable(node.id, node.init)
    } else if (
      node.type === 'AssignmentExpression' &&
      node.operator === '=' &&
      node.left.name !== 'require'
    ) {
      this.#noteVariable(node.left, node.right)
    } else if (node.type === 'CallExpression' && isText(node.arguments[0]) && this.#isMade(node.callee)) {
      this.direct.push({ start: node.callee.start, end: node.callee.end })
    } else if (node.type === 'ImportDeclaration' && /^\.\.?\//.test(node.source.value)) {
      node.specifiers.forEach((each: AnyNode) => {
        this.#noteImport(each, node.source.value)
      })
    }
    childrenOf(node).forEach((child) => {
      this.#read(child)
    })
  }

  #noteVariable(name: AnyNode, value: AnyNode | undefined): void {
    if (name.type === 'Identifier' && value && (this.#isMade(value) || this.#isShim(name.name, value))) {
      this.variables.set(name.name, true)
    }
  }

  #noteImport({ local, imported, type }: AnyNode, specifier: string): void {
    const name = type === 'ImportDefaultSpecifier' ? 'default' : imported?.name
    if (/require/i.test(`${local.name} ${name}`) && this.#exportsRequire(specifier, name)) {
      this.variables.set(local.name, /^\.\/[^/]+$/.test(specifier))
    }
  }

  /** `createRequire(import.meta.url)`, `(() => createRequire(import.meta.url))()`, `globalThis.require ?? createRequire(__filename)`. */
  #isMade(node: AnyNode): boolean {
    if (node.type !== 'CallExpression') {
      return branchesOf(node).some((branch) => this.#isMade(branch))
    }
    const called = withoutFunction(node.callee)
    return called === node.callee
      ? this.#names.isCreateRequire(called) && this.#names.isLocation(node.arguments[0])
      : node.arguments.length === 0 && this.#isMade(called)
  }

  /** esbuild's and tsup's `__require`, which is a module's `require` where it has one: behind a banner that makes one it has. */
  #isShim(name: string, value: AnyNode): boolean {
    return /^__require\d*$/.test(name) && value.type === 'CallExpression' && this.variables.has('require')
  }
}

/** The names that a module exports a `require` under that it has made. */
function exportedRequires(program: AnyNode): Set<string> {
  const { variables } = new RequireMakers(program, new OwnNames(program), () => false)
  const found = new Set<string>()
  for (const node of program.body as AnyNode[]) {
    const declared: AnyNode[] = node.declaration?.declarations ?? []
    const pairs: [string | undefined, string][] =
      node.type === 'ExportDefaultDeclaration'
        ? [[node.declaration.name, 'default']]
        : node.type === 'ExportNamedDeclaration' && !node.source
          ? [
              ...declared.map(({ id }): [string, string] => [id.name, id.name]),
              ...node.specifiers.map(({ local, exported }: AnyNode) => [
                local.name,
                exported.name ?? exported.value,
              ]),
            ]
          : []
    for (const [local, exported] of pairs) {
      if (local !== undefined && variables.has(local)) {
        found.add(exported)
      }
    }
  }
  return found
}

/** Where the variable `name` stands; there is one of the name in any module that was seen. */
function usesOf(name: string, program: AnyNode, isBeside: boolean): MadeRequire {
  const calls: Span[] = []
  const renames: Edit[] = []
  const computed: Span[] = []
  const rename = ({ start, end }: Span, text: string) => {
    if (name === 'require') {
      renames.push({ start, end, text })
    }
  }
  const own = `${name}$own`
  const look = (node: AnyNode, parent: AnyNode | undefined): void => {
    if (node.type === 'ImportSpecifier' || node.type === 'ExportSpecifier') {
      // `export { require } from './other.js'` is none of this module's.
      if (node.local.name === name && (node.type === 'ImportSpecifier' || !parent?.source)) {
        rename(node, specifierText(node, own))
      }
      return
    }
    if (node.type === 'ExportNamedDeclaration' && exportsVariable(node, name)) {
      rename({ start: node.start, end: node.declaration.start }, '')
      rename({ start: program.end, end: program.end }, `\nexport { ${own} as ${name} }`)
    }
    if (node.type === 'Identifier' && node.name === name && parent) {
      const isCall = parent.type === 'CallExpression' && parent.callee === node
      const [first] = isCall ? parent.arguments : []
      if (isDeclared(node, parent)) {
        rename(node, own)
      } else if (isReference(node, parent)) {
        if (isCall && isText(first) && (isBeside || !/^\./.test(textOf(first)))) {
          calls.push({ start: node.start, end: node.end })
        } else {
          rename(node, own)
        }
        if (isCall && !isText(first)) {
          computed.push({ start: node.start, end: node.end })
        }
      }
    }
    for (const child of childrenOf(node)) {
      look(child, node)
    }
  }
  look(program, undefined)
  return { calls, renames, computed }
}

function isDeclared(name: AnyNode, parent: AnyNode): boolean {
  return (
    (parent.type === 'VariableDeclarator' && parent.id === name) || parent.type === 'ImportDefaultSpecifier'
  )
}

function exportsVariable({ declaration }: AnyNode, name: string): boolean {
  return declaration?.declarations?.length === 1 && declaration.declarations[0].id.name === name
}

/** `{ require }` with another name for what it is here. */
function specifierText({ type, imported, exported }: AnyNode, own: string): string {
  return type === 'ImportSpecifier' ? `${imported.name} as ${own}` : `${own} as ${exported.name}`
}

function textOf(node: AnyNode | undefined): string {
  return String(node?.value ?? node?.quasis?.[0].value.cooked ?? '')
}
