/** Which of a function's exports can be handlers, as far as its code tells without being run. */

import type { AnyNode } from '../syntax-tree.ts'
import { KnownStatements } from './known-statements.ts'

/** Code beyond this is not read for it: everything is taken for a handler. */
const LONGEST_CODE = 4_000_000

/** What no handler is written as; what a call returns may be a function. */
const NO_HANDLER =
  /^(Literal|TemplateLiteral|ArrayExpression|UnaryExpression|BinaryExpression|UpdateExpression)$/
const NO_HANDLER_CLASS = /^Class(Declaration|Expression)$/

/**
 * Those of `exports` that are not known to be something else than a handler: a text, a number, a list, a class, an object without `fetch`. `code` is an ES
 * module, as esbuild bundles it.
 */
export function handlerExports(code: string, exports: readonly string[]): readonly string[] {
  const isReadable = exports.length > 1 && code.length <= LONGEST_CODE
  const statements = isReadable ? known.read(code, { start: 0, end: code.length }) : undefined
  if (statements === undefined) {
    return exports
  }
  const facts = statements.map(({ fact }) => fact)
  const noHandlers = new Map(facts.flatMap(({ values }) => values))
  const others = new Set(
    facts
      .flatMap(({ exported }) => exported)
      .filter(([, local]) => noHandlers.get(local) && !getsFetch(code, local))
      .map(([name]) => name),
  )
  return exports.filter((name) => !others.has(name))
}

/** Whether an object may be given `fetch` behind its declaration. */
function getsFetch(code: string, local: string): boolean {
  const name = local.replaceAll('$', '\\$')
  return new RegExp(`(?<![\\w$])${name}\\.fetch\\s*=|Object\\.assign\\(\\s*${name}(?![\\w$])`).test(code)
}

interface StatementFacts {
  /** Whether what each name is declared as, or first set to, can be no handler. */
  readonly values: readonly (readonly [name: string, isNoHandler: boolean])[]
  /** `export { a as create }`: esbuild writes them all so. */
  readonly exported: readonly (readonly [name: string, local: string])[]
}

const known = new KnownStatements<StatementFacts>((statement) => ({
  values: valuesOf(statement).map(([name, value]) => [name, isNoHandler(value)]),
  exported: exportsOf(statement),
}))

function valuesOf(statement: AnyNode): [name: string, value: AnyNode][] {
  const declarations = (statement.declarations ?? []) as AnyNode[]
  return statement.type === 'ClassDeclaration'
    ? [[statement.id.name, statement]]
    : declarations
        .filter(({ id, init }) => id.type === 'Identifier' && init)
        .map(({ id, init }) => [id.name, init])
}

function exportsOf({ type, source, specifiers }: AnyNode): [name: string, local: string][] {
  return type === 'ExportNamedDeclaration' && !source
    ? (specifiers as AnyNode[]).map(({ exported, local }) => [exported.name ?? exported.value, local.name])
    : []
}

function isNoHandler(value: AnyNode): boolean {
  return NO_HANDLER.test(value.type) || NO_HANDLER_CLASS.test(value.type) || isPlainObject(value)
}

/** An object with members that are all named, and none of them `fetch`; what gets its members later has none yet. */
function isPlainObject({ type, properties = [] }: AnyNode): boolean {
  const members = properties as AnyNode[]
  return (
    type === 'ObjectExpression' &&
    members.length > 0 &&
    members.every(({ key, computed }) => key && !computed && (key.name ?? key.value) !== 'fetch')
  )
}
