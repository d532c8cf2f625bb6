/**
 * Whether a module counts on not being in strict mode, as Node.js runs a CommonJS module that does not ask for it. A bundle is in one
 * mode as a whole, which is the strict one where TypeScript's `strict` or the entry says so.
 */
import { type AnyNode, childrenOf, isReference, namesIn, parseModule } from '../../syntax-tree.ts'

/** What every module has, or the environment. */
const GIVEN = ['exports', 'module', 'require', ...Object.getOwnPropertyNames(globalThis)]

/** How most say that they are in strict mode, or are ES modules, which always are: they need not be parsed. */
const ASKS_FIRST = /^\s*["']use strict["']/
const IS_ES_MODULE = /^(?:import|export)\b(?!\s*[.(=])/m

/** What may not be run at all. */
const MAYBE = /^(?:.*Function.*|If.*|Conditional.*|Logical.*|Switch.*|(?:Do)?While.*|For.*)$/

export function isSloppy(code: string): boolean {
  const program = ASKS_FIRST.test(code) || IS_ES_MODULE.test(code) ? undefined : parseModule(code)
  if (program === undefined || program.body.some(({ type }: AnyNode) => /^(?:Im|Ex)port/.test(type))) {
    return false
  }
  const finder = new SloppyFinder()
  finder.visit(program, undefined, true)
  return finder.isSloppy()
}

class SloppyFinder {
  /** In any scope of the module: what is assigned to is taken to be in scope there. */
  readonly #declared = new Set<string>(GIVEN)
  readonly #read = new Set<string>()
  readonly #assigned = new Set<string>()
  /** Assigned to whenever the module runs. */
  readonly #surelyAssigned = new Set<string>()
  #isForbidden = false

  /** A variable that nobody declares, and is used: what is only given away is for other environments, as Meteor. */
  isSloppy(): boolean {
    const used = [...this.#assigned].filter((name) => this.#read.has(name) || this.#surelyAssigned.has(name))
    return this.#isForbidden || used.some((name) => !this.#declared.has(name))
  }

  visit(node: AnyNode, parent: AnyNode | undefined, isSure: boolean): void {
    // What is tried, as regenerator-runtime does, may fail.
    if (asksForStrictMode(node) || /^Class/.test(node.type) || (parent?.handler && parent.block === node)) {
      this.#noteAll(node)
      return
    }
    this.#noteNames(node, parent)
    this.#noteForbidden(node)
    if (node.type === 'AssignmentExpression' || /^For(?:In|Of)Statement$/.test(node.type)) {
      for (const name of namesIn(node.left)) {
        this.#assigned.add(name)
        if (isSure && node.type === 'AssignmentExpression') {
          this.#surelyAssigned.add(name)
        }
      }
    }
    for (const child of childrenOf(node)) {
      this.visit(child, node, isSure && !MAYBE.test(node.type))
    }
  }

  /** Of what is none of this module's mode. */
  #noteAll(node: AnyNode): void {
    this.#noteNames(node, undefined)
    childrenOf(node).forEach((child) => {
      this.#noteAll(child)
    })
  }

  #noteNames(node: AnyNode, parent: AnyNode | undefined): void {
    for (const name of [node.id, node.param, ...(node.params ?? [])].flatMap(namesIn)) {
      this.#declared.add(name)
    }
    if (node.type === 'UnaryExpression' && node.operator === 'typeof' && node.argument.name) {
      // It knows that there may be none: `typeof __g === 'number' && (__g = core)`.
      this.#declared.add(node.argument.name)
    } else if (node.type === 'Identifier' && parent !== undefined && isReference(node, parent)) {
      this.#read.add(node.name)
    }
  }

  #noteForbidden({ type, ...node }: AnyNode): void {
    this.#isForbidden ||=
      type === 'WithStatement' ||
      (type === 'MemberExpression' &&
        node.object.name === 'arguments' &&
        /^calle[er]$/.test(node.property.name)) ||
      (type === 'UnaryExpression' && node.operator === 'delete' && node.argument.type === 'Identifier')
  }
}

function asksForStrictMode({ type, body }: AnyNode): boolean {
  const statements = type === 'Program' ? body : body?.body
  return Array.isArray(statements) && statements[0]?.directive === 'use strict'
}
