/**
 * Whether esbuild gave one of the author's classes another name.
 *
 * It does so for one of two classes of the same name in two files (`OrderNotFound2`), and for a class that names itself
 * inside (`_OrderNotFound`). That shows: an error's `errorType` is its class's name. esbuild's `keepNames` puts it right, with a
 * call for each class and function as the module loads, 1 to 7 ms with an AWS SDK; so it is for bundles that need it.
 */
import { SourceMap } from 'node:module'

/** `Name = class`, `Name = class Inner` and `class Name`, where the name looks like one that esbuild makes. */
const CLASS = /(?:([\w$]+)\s*=\s*)?\bclass\b(?:\s+(?!extends\b)([\w$]+))?/g
const MADE_NAME = /^_|\d$/

/** True when a class in `code` that comes from outside of node_modules has another name than in its source. */
export function hasRenamedClass(code: string, sourceMap: string): boolean {
  const candidates = [...code.matchAll(CLASS)].flatMap((match) => {
    const name = match[2] ?? match[1]
    return name !== undefined && MADE_NAME.test(name)
      ? [{ name, at: match.index + match[0].lastIndexOf(name) }]
      : []
  })
  if (candidates.length === 0) {
    return false
  }
  const map = new SourceMap(JSON.parse(sourceMap))
  const lineStarts = startsOfLines(code)
  return candidates.some(({ name, at }) => {
    const line = lineStarts.findLastIndex((start) => start <= at)
    const entry = map.findEntry(line, at - (lineStarts[line] ?? 0))
    // @types/node does not know of `name`, the original one where the map tells it; Node.js has it since version 19.
    const original = 'originalSource' in entry && 'name' in entry ? entry : undefined
    return (
      original !== undefined &&
      !original.originalSource.includes('node_modules/') &&
      original.name !== undefined &&
      original.name !== name
    )
  })
}

function startsOfLines(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}
