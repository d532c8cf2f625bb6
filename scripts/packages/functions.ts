/**
 * The functions of the matrix, a line each in functions.txt:
 *
 *     NAME PACKAGE,PACKAGE@VERSION | SOURCE
 *
 * The source is an ES module in plain JavaScript that exports `handler`. It needs no network but this host's, and returns the same
 * whenever it is called.
 */
import { readFileSync } from 'node:fs'

export interface MatrixFunction {
  readonly name: string
  /** As in package.json: by name, the version. */
  readonly dependencies: Readonly<Record<string, string>>
  readonly source: string
}

export function readFunctions(): MatrixFunction[] {
  const text = readFileSync(new URL('functions.txt', import.meta.url), 'utf8')
  return text.split('\n').flatMap((line) => {
    const [, name, packages, source] = /^(\S+) (\S+) \| (.+)$/.exec(line) ?? []
    return name === undefined || packages === undefined || source === undefined
      ? []
      : [{ name, dependencies: Object.fromEntries(packages.split(',').map(readDependency)), source }]
  })
}

function readDependency(text: string): [string, string] {
  const at = text.lastIndexOf('@')
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, '*']
}
