/**
 * The function expression that a chunk of a user's code is: its header and parameters, which `executable/format.ts` tells,
 * and the lines around the code.
 *
 * The aliases are for `import.meta.filename` and `.dirname`. They are not the parameters themselves because many an ES
 * module declares a `__dirname` of its own, which may well be another folder.
 */

import { CHUNK_PARAMETERS, FORMAT_HEADER } from '../../executable/format.ts'

const ALIASES = 'const __importMetaFilename = __filename, __importMetaDirname = __dirname;'

/** What esbuild puts for `import.meta`, which only an ES module may say. */
export const IMPORT_META = {
  'import.meta.url': '__importMetaUrl',
  'import.meta.filename': '__importMetaFilename',
  'import.meta.dirname': '__importMetaDirname',
}

/** What precedes the code: one line, with `prelude` as its last statements. */
export function openWrapper(
  kind: 'function' | 'async function',
  prelude = '',
  further: readonly string[] = [],
): string {
  const arrow = kind === 'function' ? '() =>' : 'async () =>'
  const parameters = [...CHUNK_PARAMETERS, ...further].join(', ')
  return `${FORMAT_HEADER}(${kind} (${parameters}) { ${ALIASES} return (${arrow} { ${prelude}\n`
}

export const CLOSE_WRAPPER = '\n})() })'
