/**
 * The function expression that a chunk of a user's code is: its header and parameters, which `executable/format.ts` tells,
 * and the lines around the code.
 */

import { CHUNK_PARAMETERS, FORMAT_HEADER } from '../../executable/format.ts'
import type { Span } from '../syntax-tree.ts'

/**
 * What esbuild puts for `import.meta`, which only an ES module may say. No module of a function is the program's main one, and
 * what is only for that is left out.
 */
export const IMPORT_META = { 'import.meta': '__importMeta', 'import.meta.main': 'false' }

/** What precedes the code: one line, with `prelude` as its last statements. */
export function openWrapper(
  kind: 'function' | 'async function',
  prelude = '',
  further: readonly string[] = [],
): string {
  const arrow = kind === 'function' ? '() =>' : 'async () =>'
  const parameters = [...CHUNK_PARAMETERS, ...further].join(', ')
  return `${FORMAT_HEADER}(${kind} (${parameters}) { return (${arrow} { ${prelude}\n`
}

export const CLOSE_WRAPPER = '\n})() })'

/** Where the code is that a wrapper is around; all of it where there is none. */
export function insideWrapper(code: string): Span {
  const end = code.trimEnd().length - CLOSE_WRAPPER.length
  return code.startsWith(FORMAT_HEADER) && code.startsWith(CLOSE_WRAPPER, end)
    ? { start: code.indexOf('\n', FORMAT_HEADER.length) + 1, end: end + 1 }
    : { start: 0, end: code.length }
}
