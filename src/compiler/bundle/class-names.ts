/**
 * Whether esbuild gave one of the author's classes another name.
 *
 * It does so for one of two classes of the same name in two files (`OrderNotFound2`), and for a class that
 * names itself inside (`_OrderNotFound`). That shows: an error's `errorType` is its class's name. esbuild's
 * `keepNames` puts it right, with a call for each class and function as the module loads, 1 to 7 ms with an
 * AWS SDK; so it is for bundles that need it, without the calls that give a function the name that it has.
 */
import { SourceMap } from 'node:module'

/** `Name = class`, `Name = class Inner` and `class Name`. */
const CLASS = /(?:([\w$]+)\s*=\s*)?\bclass\b(?:\s+(?!extends\b)([\w$]+))?/g

/** After a function's declaration. */
const IDLE_CALL = /\b__name\(([\w$]+),\s*"\1"\)/g

/**
 * The code that esbuild made with `keepNames`, with `orders` and blanks in place of each `__name(orders,"orders")`, whose
 * value that is: each position stays where it was. `plain` is the same made without; where the author has a
 * `__name`, all calls stay. 12,600 of them took 10 ms of a start.
 */
export function withoutIdleCalls(code: string, plain: string): string {
  return /\b__name\b/.test(plain)
    ? code
    : code.replace(IDLE_CALL, (call, name: string) => name.padEnd(call.length))
}

interface ClassName {
  /** What `name` of the class says. */
  readonly name: string
  /** Where it stands in the code. */
  readonly at: number
  /** The name of the variable that holds it, where that is another one. */
  readonly variable: string | undefined
}

/**
 * True when a class in `code` that comes from outside of node_modules has another name than in its source.
 */
export function hasRenamedClass(code: string, sourceMap: string): boolean {
  const suspects = [...code.matchAll(CLASS)].flatMap(readName).filter(looksRenamed)
  if (suspects.length === 0) {
    return false
  }
  const map = new SourceMap(JSON.parse(sourceMap))
  const lineStarts = startsOfLines(code)
  return suspects.some((suspect) => isRenamed(suspect, map, lineStarts))
}

/** None for a class that has no name at all. */
function readName(match: RegExpMatchArray): ClassName[] {
  const [text, variable, inner] = match
  const name = inner ?? variable
  if (name === undefined) {
    return []
  }
  return [{ name, at: (match.index ?? 0) + text.lastIndexOf(name), variable: inner && variable }]
}

/** Like a name that esbuild makes. */
function looksRenamed({ name, variable }: ClassName): boolean {
  return /\d$/.test(name) || (variable !== undefined && name.startsWith('_'))
}

function isRenamed(
  { name, at, variable }: ClassName,
  map: SourceMap,
  lineStarts: readonly number[],
): boolean {
  const line = lineStarts.findLastIndex((start) => start <= at)
  const original = map.findEntry(line, at - (lineStarts[line] ?? 0))
  if (!('originalSource' in original) || original.originalSource.includes('node_modules/')) {
    return false
  }
  // The map names what was renamed, but not the inner name, which is a new one.
  return variable === undefined ? nameIn(original) !== undefined && nameIn(original) !== name : true
}

/** @types/node does not know of `name`; Node.js has it since version 19. */
function nameIn(entry: object): unknown {
  return 'name' in entry ? entry.name : undefined
}

function startsOfLines(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}
