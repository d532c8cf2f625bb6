/** Which of a function's exports can be handlers, as far as its code tells without being run. */
import { type AnyNode, parseModule } from '../syntax-tree.ts'

/** Code beyond this is not read for it: everything is taken for a handler. */
const LONGEST_CODE = 4_000_000

/** What no handler is written as; an object may have `fetch`, and what a call returns may be a function. */
const NO_HANDLER =
  /^(Literal|TemplateLiteral|ArrayExpression|UnaryExpression|BinaryExpression|UpdateExpression)$/
const NO_HANDLER_CLASS = /^Class(Declaration|Expression)$/

/**
 * Those of `exports` that are not known to be something else than a handler: a text, a number, a list, a class. `code` is an ES
 * module, as esbuild bundles it.
 */
export function handlerExports(code: string, exports: readonly string[]): readonly string[] {
  const program = exports.length < 2 || code.length > LONGEST_CODE ? undefined : parseModule(code)
  if (program === undefined) {
    return exports
  }
  const values = valuesOf(program)
  const others = new Set(
    exportsOf(program)
      .filter(([, local]) => isNoHandler(values.get(local)))
      .map(([name]) => name),
  )
  return exports.filter((name) => !others.has(name))
}

/** What each name at the top is declared as, or first set to. */
function valuesOf(program: AnyNode): Map<string, AnyNode> {
  const values = new Map<string, AnyNode>()
  for (const statement of program.body as AnyNode[]) {
    for (const { id, init } of (statement.declarations ?? []) as AnyNode[]) {
      if (id.type === 'Identifier' && init) {
        values.set(id.name, init)
      }
    }
    if (statement.type === 'ClassDeclaration') {
      values.set(statement.id.name, statement)
    }
  }
  return values
}

/** `export { a as create }`: esbuild writes them all so. */
function exportsOf(program: AnyNode): [name: string, local: string][] {
  return (program.body as AnyNode[])
    .filter(({ type, source }) => type === 'ExportNamedDeclaration' && !source)
    .flatMap(({ specifiers }) => specifiers as AnyNode[])
    .map(({ exported, local }) => [exported.name ?? exported.value, local.name])
}

function isNoHandler(value: AnyNode | undefined): boolean {
  return value !== undefined && (NO_HANDLER.test(value.type) || NO_HANDLER_CLASS.test(value.type))
}
