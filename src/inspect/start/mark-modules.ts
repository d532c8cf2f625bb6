/**
 * Puts marks into a script where another module's code begins, so that a run of it tells how long each module takes.
 *
 * Modules whose text is evaluated at the top level stand one behind the other: there, a mark stands in front of a statement, or of
 * an expression where the bundler has joined statements. Those that are evaluated when something needs them are functions: there,
 * marks stand at the beginning and the end. What the code does is the same.
 */
import {
  type AnyNode,
  type BlockStatement,
  type Function as FunctionNode,
  parse,
  type Statement,
} from 'acorn'
import type { ModuleSpan } from './module-numbers.ts'
import { BEGIN, END, MARK } from './trace.ts'

interface Insertion {
  readonly at: number
  readonly text: string
}

/** `modules` in the order of their places, in characters of `script`, which is ASCII. Throws a SyntaxError for no script. */
export function markModules(script: string, modules: readonly ModuleSpan[]): string {
  const program = parse(script, {
    ecmaVersion: 'latest',
    sourceType: 'script',
    allowAwaitOutsideFunction: true,
  })
  const marker = new Marker(modules)
  for (const body of topBodies(program.body)) {
    marker.markBody(body)
  }
  return insert(script, marker.insertions)
}

function insert(script: string, insertions: readonly Insertion[]): string {
  let text = ''
  let from = 0
  for (const { at, text: inserted } of insertions.toSorted((left, right) => left.at - right.at)) {
    text += script.slice(from, at) + inserted
    from = at
  }
  return text + script.slice(from)
}

/** The wrapper is a function, and may hold another one that awaits. */
function topBodies(statements: readonly AnyNode[]): AnyNode[][] {
  const [wrapper] = statements.flatMap((statement) => functionsIn(statement))
  if (wrapper === undefined) {
    return [[...statements]]
  }
  const body = (wrapper.body as BlockStatement).body
  const deeper = body.length <= 3 ? body.flatMap((statement) => functionsIn(statement)) : []
  const [inner, ...others] = deeper
  return inner !== undefined && others.length === 0 ? [(inner.body as BlockStatement).body] : [body]
}

/** A function that is the statement's expression, or is called there at once. */
function functionsIn(statement: AnyNode): FunctionNode[] {
  const expression =
    statement.type === 'ExpressionStatement'
      ? statement.expression
      : statement.type === 'ReturnStatement'
        ? statement.argument
        : undefined
  const called = expression?.type === 'CallExpression' ? expression.callee : expression
  return called?.type === 'FunctionExpression' || called?.type === 'ArrowFunctionExpression'
    ? called.body.type === 'BlockStatement'
      ? [called]
      : []
    : []
}

class Marker {
  readonly insertions: Insertion[] = []
  readonly #modules: readonly ModuleSpan[]
  #current: number | undefined

  constructor(modules: readonly ModuleSpan[]) {
    this.#modules = modules
  }

  markBody(statements: readonly AnyNode[]): void {
    for (const statement of statements as Statement[]) {
      switch (statement.type) {
        case 'FunctionDeclaration':
          break
        case 'VariableDeclaration':
          this.#markDeclaration(statement)
          break
        case 'ExpressionStatement':
          if (statement.directive === undefined) {
            this.#markExpression(statement)
          }
          break
        default:
          this.#markBefore(statement.start, ';')
      }
    }
  }

  #markDeclaration(statement: Extract<AnyNode, { type: 'VariableDeclaration' }>): void {
    this.#markBefore(statement.start, ';')
    for (const { init } of statement.declarations) {
      const lazy = init ? lazyModule(init) : undefined
      if (lazy !== undefined) {
        this.#markLazy(lazy)
      } else if (init && !isNamedByItsPlace(init)) {
        this.#markExpressionIn(init.start, init.end)
      }
    }
  }

  #markExpression(statement: Extract<AnyNode, { type: 'ExpressionStatement' }>): void {
    this.#markBefore(statement.start, ';')
    if (statement.expression.type === 'SequenceExpression') {
      for (const part of statement.expression.expressions) {
        this.#markBefore(part.start, ',')
      }
    }
  }

  #markBefore(at: number, separator: string): void {
    const module = this.#moduleAt(at)
    if (module !== undefined && module !== this.#current) {
      this.#current = module
      this.insertions.push({ at, text: `${MARK}(${module})${separator}` })
    }
  }

  #markExpressionIn(start: number, end: number): void {
    const module = this.#moduleAt(start)
    if (module !== undefined && module !== this.#current) {
      this.#current = module
      this.insertions.push({ at: start, text: `(${MARK}(${module}),` }, { at: end, text: ')' })
    }
  }

  #markLazy(body: BlockStatement): void {
    const module = this.#moduleAt(body.start + 1) ?? this.#moduleAt(body.body[0]?.start ?? body.start)
    if (module === undefined) {
      return
    }
    const directives = body.body.filter(
      (statement) => statement.type === 'ExpressionStatement' && statement.directive !== undefined,
    )
    const from = directives.at(-1)?.end ?? body.start + 1
    this.insertions.push(
      { at: from, text: `;${BEGIN}(${module});try{` },
      { at: body.end - 1, text: `\n}finally{${END}()}` },
    )
  }

  /** The number of the module that the character is of; undefined for the wrapper's. */
  #moduleAt(at: number): number | undefined {
    let [low, high] = [0, this.#modules.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#modules[middle]?.end ?? 0) <= at) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    const found = this.#modules[low]
    return found !== undefined && found.start <= at ? found.number : undefined
  }
}

/** A function or a class without a name gets that of the variable, which a mark in front of it would take from it. */
function isNamedByItsPlace({ type }: AnyNode): boolean {
  return type === 'FunctionExpression' || type === 'ArrowFunctionExpression' || type === 'ClassExpression'
}

/**
 * What esbuild makes of a module that is evaluated when something needs it: a call of a helper with its function, or with an object
 * of which that is the only method. One that awaits may go on among others, and has no marks.
 */
function lazyModule(init: AnyNode): BlockStatement | undefined {
  const [argument, ...others] =
    init.type === 'CallExpression' && init.callee.type === 'Identifier' ? init.arguments : []
  if (argument === undefined || others.length > 0) {
    return undefined
  }
  const [property] = argument.type === 'ObjectExpression' ? argument.properties : []
  const made = property?.type === 'Property' ? property.value : argument
  const isFunction = made.type === 'ArrowFunctionExpression' || made.type === 'FunctionExpression'
  return isFunction && !made.async && made.body.type === 'BlockStatement' ? made.body : undefined
}
