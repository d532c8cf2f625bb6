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

/**
 * What `exports` and `module` are called in an async function. An ES module may have variables of its own of these names, at its top
 * level, too, which esbuild renames in CommonJS only.
 */
export const EXPORTS = '__exports'
export const MODULE = '__mod'

/** What precedes the code: one line, with `prelude` as its last statements. */
export function openWrapper(
  kind: 'function' | 'async function',
  prelude = '',
  further: readonly string[] = [],
): string {
  const [given, arrow] =
    kind === 'function' ? ['', '() =>'] : [`const ${EXPORTS} = exports, ${MODULE} = module; `, 'async () =>']
  const parameters = [...CHUNK_PARAMETERS, ...further].join(', ')
  return `${FORMAT_HEADER}(${kind} (${parameters}) { ${given}return (${arrow} { ${prelude}\n`
}

export const CLOSE_WRAPPER = '\n})() })'

/** Where the code is that a wrapper is around; all of it where there is none. */
export function insideWrapper(code: string): Span {
  const end = code.trimEnd().length - CLOSE_WRAPPER.length
  return code.startsWith(FORMAT_HEADER) && code.startsWith(CLOSE_WRAPPER, end)
    ? { start: code.indexOf('\n', FORMAT_HEADER.length) + 1, end: end + 1 }
    : { start: 0, end: code.length }
}

/** Code without it has no {@link PATTERN_HELPER}. */
export const PATTERN_MARK = 'Module not found in bundle: '

/** What esbuild has for an `import()` or a `require` of a pattern: the modules in the bundle that fit it, by path. */
const PATTERN_HELPER =
  /(\{\s*var ([\w$]+) ?= ?([\w$]+)\[([\w$]+)\];\s*if ?\(\2\) ?return \2\(\);\s*)(throw new Error\("Module not found in bundle: " ?\+ ?\4\))/g

/** How what a pattern leads to is loaded by an `import()`: by a promise, of another chunk or of what is in this one. */
const PROMISED = /Promise\b|\bimport\(|__load\(/

/** As Node.js looks for what a `require` names without an ending, and TypeScript's beside that. */
const ENDINGS = JSON.stringify(['.js', '.json', '.cjs', '.ts', '.cts', '.tsx', '/index.js', '/index.ts'])

const MISSING = `function __missing(map, path) { const isImport = Object.values(map).some((load) => ${PROMISED}.test(load)); const load = isImport ? undefined : ${ENDINGS}.map((ending) => map[path.replace(/\\/$/, "") + ending]).find(Boolean); if (load) return load(); const error = Object.assign(new Error("Module not found in bundle: " + path), { code: isImport ? "ERR_MODULE_NOT_FOUND" : "MODULE_NOT_FOUND" }); if (isImport) return Promise.reject(error); throw error; }`

/**
 * The code, in its wrapper, where a path that fits a pattern and is of no module fails as in Node.js: an `import()` is rejected, and
 * the error has a code, by which loaders of what is optional tell. Each position is where it was, but in the wrapper's own line.
 */
export function withMissingModules(code: string): string {
  let isFound = false
  const changed = code.replace(
    PATTERN_HELPER,
    (_whole, before: string, _load, map: string, path: string, thrown: string) => {
      isFound = true
      return before + `return __missing(${map}, ${path})`.padEnd(thrown.length)
    },
  )
  return isFound ? changed.replace('\n', () => `${MISSING}\n`) : code
}
