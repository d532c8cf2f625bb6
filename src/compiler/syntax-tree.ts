/** JavaScript's syntax, as acorn reads it, and what is asked of it. */
import { type Node, type Options, parse } from 'acorn'

export interface Span {
  readonly start: number
  readonly end: number
}

// biome-ignore lint/suspicious/noExplicitAny: ESTree's nodes, told apart by their `type`.
export type AnyNode = Node & Record<string, any>

const NAMES = ['require', '__dirname', '__filename', 'module'] as const
type Name = (typeof NAMES)[number]

/** Scripts and modules, and what stands in a function. */
export const SYNTAX = {
  ecmaVersion: 'latest',
  allowHashBang: true,
  allowReturnOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowAwaitOutsideFunction: true,
} as const satisfies Options

export function parseModule(code: string): AnyNode | undefined {
  for (const sourceType of ['module', 'script'] as const) {
    try {
      return parse(code, { ...SYNTAX, sourceType })
    } catch {
      // The other kind, or none.
    }
  }
  return undefined
}

export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = []
  for (const key in node) {
    const value = node[key]
    if (Array.isArray(value)) {
      for (const each of value) {
        if (typeof each?.type === 'string') {
          children.push(each)
        }
      }
    } else if (typeof value?.type === 'string') {
      children.push(value)
    }
  }
  return children
}

/** What an expression may come to: the sides of `a ?? b` and `a || b`, and those of `c ? a : b`; none for any other node. */
export function branchesOf(node: AnyNode | undefined): AnyNode[] {
  switch (node?.type) {
    case 'LogicalExpression':
      return [node.left, node.right]
    case 'ConditionalExpression':
      return [node.consequent, node.alternate]
    default:
      return []
  }
}

/** `import.meta.url`, `__filename`, `new URL(import.meta.url)`, `import.meta.url ?? __filename`. */
export function isOwnLocation(node: AnyNode | undefined): boolean {
  return (
    branchesOf(node).some(isOwnLocation) ||
    node?.object?.type === 'MetaProperty' ||
    /^__(?:filename|dirname)$/.test(node?.name ?? '') ||
    (node?.arguments ?? []).some(isOwnLocation)
  )
}

/** `import.meta.url`, for `url`. */
export function isMeta(node: AnyNode | undefined, property: string): boolean {
  return node?.object?.type === 'MetaProperty' && node.property.name === property
}

export function isText(node: AnyNode | undefined): boolean {
  return (
    node === undefined ||
    (node.type === 'Literal' && typeof node.value === 'string') ||
    (node.type === 'TemplateLiteral' && node.expressions.length === 0)
  )
}

/** `'./locale/' + name`, of which esbuild bundles all that may be meant. */
export function isRelativePattern(node: AnyNode): boolean {
  if (node.type === 'TemplateLiteral') {
    return /^\.\.?\//.test(node.quasis[0].value.cooked)
  }
  if (node.type === 'BinaryExpression' && node.operator === '+') {
    return isRelativePattern(node.left)
  }
  return node.type === 'Literal' && /^\.\.?\//.test(String(node.value))
}

/** `load = require`, and `load || require`; not `typeof require === 'function' && require`, with which bundles begin. */
export function isKept(node: AnyNode, { type, operator, right }: AnyNode): boolean {
  return type === 'LogicalExpression'
    ? operator !== '&&' && right === node
    : type === 'AssignmentExpression' || type === 'VariableDeclarator'
}

export function isEval(property: AnyNode): boolean {
  return property.key?.name === 'eval' && property.value?.value === true
}

/** `require.resolve('./worker.js')`, `import.meta.resolve('./worker.js')`. */
export function isResolve({ callee, arguments: [first] }: AnyNode): boolean {
  return (
    callee.type === 'MemberExpression' &&
    callee.property.name === 'resolve' &&
    (callee.object.name === 'require' || callee.object.type === 'MetaProperty') &&
    first?.type === 'Literal' &&
    typeof first.value === 'string'
  )
}

/** What a function without parameters returns, where it does nothing else; any other node is that node. */
export function withoutFunction(node: AnyNode): AnyNode {
  if (
    !/^(?:Arrow)?FunctionExpression$/.test(node.type) ||
    node.params.length > 0 ||
    node.async ||
    node.generator
  ) {
    return node
  }
  if (node.body.type !== 'BlockStatement') {
    return node.body
  }
  const [first, second] = node.body.body
  return first?.type === 'ReturnStatement' && first.argument && second === undefined ? first.argument : node
}

/** Whether an identifier stands for a variable's value, and not for a property or in a declaration. */
export function isReference(node: AnyNode, parent: AnyNode): boolean {
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node || parent.computed
    case 'Property':
      return parent.value === node || parent.computed
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return parent.value === node || parent.computed
    case 'VariableDeclarator':
      return parent.init === node
    case 'AssignmentExpression':
      return parent.right === node
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
    case 'ExportSpecifier':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return false
    default:
      return true
  }
}

export function isScope(node: AnyNode): boolean {
  return node.type === 'Program' || /^(?:Arrow)?Function/.test(node.type)
}

/** Those of the names that a function or a module declares. What a block declares counts for all of it. */
export function declaredIn(scope: AnyNode): Name[] {
  const found = new Set<Name>()
  const add = (name: unknown): void => {
    const known = NAMES.find((each) => each === name)
    if (known !== undefined) {
      found.add(known)
    }
  }
  const look = (node: AnyNode): void => {
    if (node.type === 'VariableDeclarator') {
      namesIn(node.id).forEach(add)
    } else if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
      add(node.id?.name)
    } else if (/^Import(?:Default|Namespace)?Specifier$/.test(node.type)) {
      add(node.local.name)
    }
    if (node !== scope && isScope(node)) {
      return
    }
    childrenOf(node).forEach(look)
  }
  look(scope)
  for (const parameter of scope.params ?? []) {
    namesIn(parameter).forEach(add)
  }
  return [...found]
}

/** All that a module declares at its top level. */
export function namesDeclaredIn(program: AnyNode): Set<string> {
  const statements: AnyNode[] = program.body.map((each: AnyNode) => each.declaration ?? each)
  const names = statements.flatMap(({ id, declarations = [], specifiers = [], type }: AnyNode) => [
    ...(id ? [id.name] : []),
    ...declarations.flatMap((each: AnyNode) => namesIn(each.id)),
    ...(type === 'ImportDeclaration' ? specifiers.map((each: AnyNode) => each.local.name) : []),
  ])
  return new Set(names)
}

/** The variables that a pattern, such as `{ a, ...b }`, binds or assigns to. */
export function namesIn(pattern: AnyNode | null | undefined): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name]
    case 'ObjectPattern':
      return pattern.properties.flatMap((property: AnyNode) => namesIn(property.value ?? property.argument))
    case 'ArrayPattern':
      return pattern.elements.flatMap(namesIn)
    case 'AssignmentPattern':
      return namesIn(pattern.left)
    case 'RestElement':
      return namesIn(pattern.argument)
    default:
      return []
  }
}

/** What the value of an expression may be that of: both sides of `chosen || './src'`. */
export function alternativesOf(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case 'LogicalExpression':
      return [node.left, node.right].flatMap(alternativesOf)
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap(alternativesOf)
    default:
      return [node]
  }
}
