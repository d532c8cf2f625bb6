/**
 * What is found out of the statements at the top of a script or a module, each of which is read once. Functions that are built together
 * have most of theirs in common: what they import of packages. To read the SDK's again takes half a second for each function.
 */
import { type Options, Parser, type TokenType, tokTypes } from 'acorn'
import { type AnyNode, type Span, SYNTAX } from '../syntax-tree.ts'

/** A statement, by where it begins, and what was found out of it. */
export interface FoundStatement<Fact> {
  readonly start: number
  readonly fact: Fact
}

/** What acorn's plugins see of its parser. */
interface StatementParser {
  readonly type: TokenType
  readonly start: number
  nextToken(): void
  parseStatement(context: null, isAtTop: true, exported: object): AnyNode
}

const AcornParser = Parser as unknown as new (
  options: Options,
  text: string,
  start: number,
) => StatementParser

interface Known<Fact> {
  readonly text: string
  readonly fact: Fact
}

/** Characters of a statement's beginning that it is looked up by. */
const PREFIX = 48
/** Characters of statements that are kept, before all are forgotten: six functions of an SDK's with nothing in common. */
const MOST_CHARACTERS = 16_000_000

export class KnownStatements<Fact> {
  readonly #find: (statement: AnyNode) => Fact
  /** By source type and prefix. */
  readonly #known = new Map<string, Known<Fact>[]>()
  #characters = 0

  /** What `find` returns is of the statement alone: no position in it counts from elsewhere than the statement's start. */
  constructor(find: (statement: AnyNode) => Fact) {
    this.#find = find
  }

  /** Those of a part of `code`, in order; undefined where it cannot be read. */
  read(code: string, { start, end }: Span): FoundStatement<Fact>[] | undefined {
    const text = code.slice(start, end)
    for (const sourceType of ['module', 'script'] as const) {
      try {
        const found = this.#read(text, sourceType)
        return found.map((each) => ({ ...each, start: each.start + start }))
      } catch {
        // The other kind, or none.
      }
    }
    return undefined
  }

  #read(text: string, sourceType: 'module' | 'script'): FoundStatement<Fact>[] {
    const found: FoundStatement<Fact>[] = []
    for (let at = 0; ; ) {
      // Where it is said which line it is, none are looked for.
      const startLocation = { line: 1, column: at }
      const parser = new AcornParser({ ...SYNTAX, sourceType, startLocation }, text, at)
      parser.nextToken()
      let known = this.#knownAt(text, parser.start, sourceType)
      while (known === undefined && parser.type !== tokTypes.eof) {
        const statement = parser.parseStatement(null, true, {})
        const fact = this.#find(statement)
        found.push({ start: statement.start, fact })
        this.#remember({ text: text.slice(statement.start, statement.end), fact }, statement, sourceType)
        known = this.#knownAt(text, parser.start, sourceType)
      }
      if (known === undefined) {
        return found
      }
      for (at = parser.start; known !== undefined; known = this.#knownAt(text, at, sourceType)) {
        found.push({ start: at, fact: known.fact })
        at = afterSpace(text, at + known.text.length)
      }
    }
  }

  #knownAt(text: string, at: number, sourceType: string): Known<Fact> | undefined {
    const known = this.#known.get(keyOf(text, at, sourceType))
    return known?.find((each) => text.startsWith(each.text, at))
  }

  #remember({ text, fact }: Known<Fact>, statement: AnyNode, sourceType: string): void {
    if (!endsByItself(statement, text)) {
      return
    }
    this.#characters += text.length
    if (this.#characters > MOST_CHARACTERS) {
      this.#known.clear()
      this.#characters = text.length
    }
    const key = keyOf(text, 0, sourceType)
    // A copy: a part of a text keeps all of it.
    const own = Buffer.from(text, 'utf16le').toString('utf16le')
    this.#known.set(key, [...(this.#known.get(key) ?? []), { text: own, fact }])
  }
}

/** By source type, and what a statement begins with: with all of it where that is short. */
function keyOf(text: string, at: number, sourceType: string): string {
  const prefix = text.slice(at, at + PREFIX)
  return `${sourceType} ${prefix.slice(0, prefix.indexOf(';') + 1) || prefix}`
}

/** Whether nothing that follows could belong to the statement: to an `if` an `else` could. */
function endsByItself({ type }: AnyNode, text: string): boolean {
  return type === 'VariableDeclaration' || type === 'ExpressionStatement'
    ? text.endsWith(';')
    : type === 'FunctionDeclaration' || type === 'ClassDeclaration'
}

const SPACE = /\s*/y

function afterSpace(text: string, at: number): number {
  SPACE.lastIndex = at
  SPACE.test(text)
  return SPACE.lastIndex
}
