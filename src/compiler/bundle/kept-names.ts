/**
 * Names of functions and classes as their authors wrote them.
 *
 * esbuild gives one of two functions of the same name in two files another (`find2`), as it does with a class that names itself
 * inside (`_OrderNotFound`), and leaves out names that nothing in the code uses. All of that shows: an error's `errorType` is its
 * class's name, and whoever keeps things by their classes' names finds two in one place. esbuild's `keepNames` puts it right,
 * with a call as each function and class is made, 12,600 of which took 10 ms of a start. Nearly all of them give a function the
 * name that it has; they are taken out of the code again here, and those that are left are as many as there are names to mend.
 */

import { type AnyNode, childrenOf, type Span } from '../syntax-tree.ts'
import { insideWrapper } from './function-wrapper.ts'
import { KnownStatements } from './known-statements.ts'

/** esbuild's helper; it has a number behind it where an author has one of the name. */
const HELPER = /(?:\bvar |,)(__name\d*)=\((\w+),\s*\w+\)=>\w+\(\2,"name",\{[^}]*\}\)(?=[;,\n])/
const LOOSE_HELPER = /\bvar (__name\d*) = \((\w+), \w+\) => \w+\(\2, "name", \{[^}]*\}\);/

/**
 * The code that esbuild made with `keepNames`, without the calls whose function has its name anyway: each position stays
 * where it was. Code that cannot be read stays as it is.
 */
export function withoutIdleNames(code: string): string {
  const declared = HELPER.exec(code) ?? LOOSE_HELPER.exec(code)
  const helper = declared?.[1]
  if (declared === null || helper === undefined) {
    return code
  }
  const statements = statementsWith(helper).read(code, insideWrapper(code))
  return statements === undefined
    ? code
    : blankOut(
        code,
        statements.flatMap(({ start, fact }) => fact.map((span) => moved(span, start))),
      )
}

/** By the helper's name, what is idle in each statement, counted from its start. */
const known = new Map<string, KnownStatements<readonly Span[]>>()

function statementsWith(helper: string): KnownStatements<readonly Span[]> {
  const statements =
    known.get(helper) ??
    new KnownStatements((statement) => {
      const found = new IdleCalls(helper)
      found.visit(statement, undefined)
      return found.idle.map((span) => moved(span, -statement.start))
    })
  // Another name is an author's, who has one like it: that of one function.
  known.clear()
  known.set(helper, statements)
  return statements
}

function moved({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by }
}

class IdleCalls {
  readonly idle: Span[] = []
  readonly #helper: string

  constructor(helper: string) {
    this.#helper = helper
  }

  /** An own stack: code may be nested deeper than calls can be. */
  visit(statement: AnyNode, parent: AnyNode | undefined): void {
    const pending: [AnyNode, AnyNode | undefined][] = [[statement, parent]]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [node, above] = next
      if (node.type === 'CallExpression' && node.callee.name === this.#helper) {
        this.#noteCall(node, above)
      } else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
        this.#noteClass(node, above)
      }
      for (const child of childrenOf(node)) {
        pending.push([child, node])
      }
    }
  }

  /** `__name(find, "find")` behind a declaration, and `find = __name(() => {}, "find")`. */
  #noteCall(call: AnyNode, parent: AnyNode | undefined): void {
    const [named, name] = call.arguments
    if (name?.type !== 'Literal') {
      return
    }
    const isIdle =
      named.type === 'Identifier'
        ? // What is exported as default without a name has none that its author wrote.
          named.name === name.value || name.value === 'default'
        : isFunction(named) && (ownName(named, call, parent) ?? inferredName(call, parent)) === name.value
    if (isIdle) {
      this.idle.push({ start: call.start, end: named.start }, { start: named.end, end: call.end })
    }
  }

  /** `class Order { static { __name(this, "Order") } }`. */
  #noteClass(node: AnyNode, parent: AnyNode | undefined): void {
    const [first] = node.body.body
    const call = first?.type === 'StaticBlock' ? first.body[0]?.expression : undefined
    if (call?.callee?.name !== this.#helper || call.arguments[0]?.type !== 'ThisExpression') {
      return
    }
    const own = node.id?.name ?? inferredName(node, parent)
    if (own === call.arguments[1]?.value && first.body.length === 1) {
      const isBare = node.body.start === node.start + 'class'.length && first.start === node.body.start + 1
      this.idle.push({ start: isBare ? node.body.start : first.start, end: first.end })
    }
  }
}

function isFunction({ type }: AnyNode): boolean {
  return type === 'ArrowFunctionExpression' || type === 'FunctionExpression'
}

/** Where a function can stand without parentheses. */
const PLAIN_PLACES = new Set([
  'ArrayExpression',
  'ArrowFunctionExpression',
  'AssignmentExpression',
  'AssignmentPattern',
  'ConditionalExpression',
  'Property',
  'PropertyDefinition',
  'ReturnStatement',
  'VariableDeclarator',
])

/** The name that a function was written with, where it is safe to have it stand there without a call around it. */
function ownName({ id }: AnyNode, call: AnyNode, parent: AnyNode | undefined): string | undefined {
  const isArgument = parent?.type === 'CallExpression' && parent.callee !== call
  return isArgument || PLAIN_PLACES.has(parent?.type ?? '') ? id?.name : undefined
}

/** The name that a function or class without one gets from what it is the value of. */
function inferredName(value: AnyNode, parent: AnyNode | undefined): string | undefined {
  switch (parent?.type) {
    case 'VariableDeclarator':
      return parent.init === value ? parent.id.name : undefined
    case 'AssignmentExpression':
      return parent.right === value && parent.left.type === 'Identifier' ? parent.left.name : undefined
    case 'AssignmentPattern':
      return parent.right === value ? parent.left.name : undefined
    case 'Property':
    case 'PropertyDefinition':
      return parent.value === value && !parent.computed ? nameOfKey(parent.key) : undefined
    default:
      return undefined
  }
}

function nameOfKey({ name, value }: AnyNode): string | undefined {
  // It sets the prototype, and gives no name.
  return name === '__proto__' ? undefined : (name ?? String(value))
}

function blankOut(code: string, spans: readonly Span[]): string {
  let blanked = ''
  let at = 0
  for (const { start, end } of spans.toSorted((left, right) => left.start - right.start)) {
    blanked += code.slice(at, start) + blankedSpan(code.slice(start, end))
    at = end
  }
  return blanked + code.slice(at)
}

/**
 * Spaces for all but line breaks. A span that begins with the brace of a `class{` becomes ` {`: whoever tells a class from a
 * function by its text looks for `/^class\s/`, and esbuild leaves out both the name and the space. Where there is no idle
 * call there is no room for the space.
 */
function blankedSpan(text: string): string {
  const blank = text.replace(/[^\n]/g, ' ')
  return text.startsWith('{') ? ` {${blank.slice(2)}` : blank
}
