/**
 * Where in a configuration's source a value stands: values themselves do not know.
 *
 * The source is parsed, and the way to the value is followed through what is written there: from the default export through
 * calls of `defineConfig`, functions that return an object, and constants, from key to key. Where the way ends, in another
 * file or in something computed, the last place of it is told.
 */
import { parse, parseExpression } from '@babel/parser'
import type { Expression, File, Node, ObjectExpression, Statement } from '@babel/types'

/** Keys, and indices of lists. */
export type ValuePath = readonly (string | number)[]

/**
 * The line, from 1, of the key that leads to the value at `path`, or of as much of it as is written in `source`; undefined
 * where nothing is known. `isJson` tells JSON from TypeScript and JavaScript.
 */
export function lineOf(source: string, path: ValuePath, isJson: boolean): number | undefined {
  try {
    return isJson ? follow(parseExpression(source), path, []) : lineInModule(source, path)
  } catch {
    return undefined // A syntax that this parser does not know.
  }
}

function lineInModule(source: string, path: ValuePath): number | undefined {
  const { program } = parse(source, {
    sourceType: 'unambiguous',
    plugins: ['typescript', 'explicitResourceManagement'],
    errorRecovery: true,
    allowReturnOutsideFunction: true,
  }) as File
  const exported = exportedExpression(program.body)
  return exported && follow(exported, path, program.body)
}

function exportedExpression(statements: readonly Statement[]): Node | undefined {
  for (const statement of statements) {
    if (statement.type === 'ExportDefaultDeclaration') {
      return statement.declaration
    }
    if (statement.type === 'TSExportAssignment') {
      return statement.expression
    }
    const assigned = statement.type === 'ExpressionStatement' ? statement.expression : undefined
    if (assigned?.type === 'AssignmentExpression' && isModuleExports(assigned.left)) {
      return assigned.right
    }
  }
  return undefined
}

function isModuleExports(node: Node): boolean {
  return (
    node.type === 'MemberExpression' &&
    node.object.type === 'Identifier' &&
    node.object.name === 'module' &&
    node.property.type === 'Identifier' &&
    node.property.name === 'exports'
  )
}

/** How many steps a way may have, for what refers to itself. */
const MOST_STEPS = 100

function follow(from: Node, path: ValuePath, scope: readonly Statement[]): number | undefined {
  let line = from.loc?.start.line
  let node = unwrappedWhole(from, scope)
  for (const key of path) {
    const found = member(node, key, scope)
    if (found === undefined) {
      break
    }
    line = found.line
    node = unwrappedWhole(found.value, scope)
  }
  return line
}

/** What a node stands for that is no object or list itself; undefined for one that is, or is not understood. */
function unwrapped(node: Node, scope: readonly Statement[]): Node | undefined {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'ParenthesizedExpression':
      return node.expression
    case 'AwaitExpression':
      return node.argument
    case 'CallExpression':
      return node.arguments[0]
    case 'ArrowFunctionExpression':
      return node.body.type === 'BlockStatement' ? returned(node.body.body) : node.body
    case 'FunctionExpression':
    case 'FunctionDeclaration':
      return returned(node.body.body)
    case 'Identifier':
      return declared(node.name, scope)
    default:
      return undefined
  }
}

function unwrappedWhole(node: Node, scope: readonly Statement[]): Node {
  let whole = node
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const inner = unwrapped(whole, scope)
    if (inner === undefined) {
      break
    }
    whole = inner
  }
  return whole
}

function returned(statements: readonly Statement[]): Expression | undefined {
  const last = statements.findLast((statement) => statement.type === 'ReturnStatement')
  return last?.argument ?? undefined
}

function declared(name: string, scope: readonly Statement[]): Node | undefined {
  for (const statement of scope) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type === 'FunctionDeclaration' && declaration.id?.name === name) {
      return declaration
    }
    if (declaration?.type === 'VariableDeclaration') {
      const found = declaration.declarations.find(({ id }) => id.type === 'Identifier' && id.name === name)
      if (found?.init) {
        return found.init
      }
    }
  }
  return undefined
}

interface Found {
  readonly line: number | undefined
  readonly value: Node
}

function member(node: Node, key: string | number, scope: readonly Statement[]): Found | undefined {
  if (node.type === 'ArrayExpression') {
    const element = node.elements[Number(key)]
    return element ? { line: element.loc?.start.line, value: element } : undefined
  }
  return node.type === 'ObjectExpression' ? property(node, String(key), scope) : undefined
}

/** The last of the name, which is the one that counts. */
function property(node: ObjectExpression, key: string, scope: readonly Statement[]): Found | undefined {
  for (const each of node.properties.toReversed()) {
    if (each.type === 'SpreadElement') {
      const found = member(unwrappedWhole(each.argument, scope), key, scope)
      if (found !== undefined) {
        return found
      }
    } else if (nameOf(each.key) === key && !each.computed) {
      return { line: each.loc?.start.line, value: each.type === 'ObjectMethod' ? each : each.value }
    }
  }
  return undefined
}

function nameOf(key: Node): string | undefined {
  if (key.type === 'Identifier') {
    return key.name
  }
  return key.type === 'StringLiteral' || key.type === 'NumericLiteral' ? String(key.value) : undefined
}
