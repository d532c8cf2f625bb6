/**
 * The function expression that a text of a user's code is: its parameters, and the lines around the code.
 *
 * The parameters are those of a CommonJS module, and `__importMetaUrl` for what `import.meta.url` says in an ES module.
 * The aliases are for `import.meta.filename` and `.dirname`. They are not the parameters themselves because
 * many an ES module declares a `__dirname` of its own, which may well be another folder.
 */

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname', '__importMetaUrl']
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
  const parameters = [...PARAMETERS, ...further].join(', ')
  return `(${kind} (${parameters}) { ${ALIASES} return (${arrow} { ${prelude}\n`
}

export const CLOSE_WRAPPER = '\n})() })'
