/**
 * What TypeScript makes of a module for CommonJS and AMD alike (UMD): `(function (factory) { … factory(require, exports) … })(function
 * (require, exports) { require('./other') })`. A bundler takes such a `require` for anybody's. It is the module's own, and under
 * another name for the parameter what it is called with is bundled.
 */
import { type AnyNode, childrenOf, type Span } from '../../syntax-tree.ts'
import type { Edit } from './made-requires.ts'

export interface UmdFactory {
  /** The function that is given a `require`. */
  readonly made: AnyNode
  /** Its parameter. */
  readonly parameter: AnyNode
  /** The `require` that it is given. */
  readonly given: AnyNode
}

export function findUmdFactories(program: AnyNode): UmdFactory[] {
  return (program.body as AnyNode[]).flatMap(({ type, expression }) => {
    const call = expression?.type === 'UnaryExpression' ? expression.argument : expression
    return type === 'ExpressionStatement' && call.type === 'CallExpression' ? factoriesOf(call) : []
  })
}

/** What `require('./other')` is called with in a factory. */
export function requiredBeside(node: AnyNode): string[] {
  const [first] = node.type === 'CallExpression' && isRequire(node.callee) ? node.arguments : []
  const own = /^\.\.?\//.test(String(first?.value)) ? [String(first.value)] : []
  return [...own, ...childrenOf(node).flatMap(requiredBeside)]
}

/** By which the module's own `require` is meant again. */
export function renameParameter({ start, end }: Span): Edit {
  return { start, end, text: '__required' }
}

function factoriesOf({ callee, arguments: given }: AnyNode): UmdFactory[] {
  return (given as AnyNode[]).flatMap((made, index) => {
    const at = isFunction(made) ? made.params.findIndex(isRequire) : -1
    const factory = isFunction(callee) ? callee.params[index]?.name : undefined
    const calls = at === -1 || factory === undefined ? [] : callsOf(factory, callee.body)
    const handed: AnyNode | undefined = calls.map((call) => call.arguments[at]).find(isRequire)
    return handed === undefined ? [] : [{ made, parameter: made.params[at], given: handed }]
  })
}

function callsOf(name: string, node: AnyNode): AnyNode[] {
  const own = node.type === 'CallExpression' && node.callee.name === name ? [node] : []
  return [...own, ...childrenOf(node).flatMap((child) => callsOf(name, child))]
}

function isFunction(node: AnyNode | undefined): boolean {
  return /^(?:Arrow)?FunctionExpression$/.test(node?.type ?? '')
}

function isRequire(node: AnyNode | undefined): boolean {
  return node?.type === 'Identifier' && node.name === 'require'
}
