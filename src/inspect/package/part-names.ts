/** What the parts of packages are called, in tables, in JSON and on pages: a contract. */

export const NODE = 'Node.js'
export const RUNTIME = 'runtime'
export const FUNCTION = 'function'
export const SHIPPED = 'packages beside the executable'
export const FILES = 'other files'
export const BOOTSTRAP = 'bootstrap'
export const NOTICES = 'notices'
export const RECORD = 'build record'
export const ZIP = 'zip headers'

/** In the order in which they are shown. */
export const TOP_PARTS = [NODE, RUNTIME, FUNCTION, SHIPPED, FILES, BOOTSTRAP, NOTICES, RECORD, ZIP] as const

export const OF_NODE = {
  code: 'machine code',
  icu: 'ICU data',
  sources: 'sources of built-in modules',
  codeCaches: 'code caches of built-in modules',
  snapshots: 'startup snapshots',
  readOnly: 'other read-only data',
  symbols: 'dynamic symbols',
  unwind: 'unwind tables, emptied',
  data: 'writable data',
  headers: 'headers',
  empty: 'zeros and spaces where something was left out or moved away',
} as const

/** Of the launcher: what evaluates it. */
export const MAIN_SCRIPT = 'main script'

export const OF_RUNTIME = {
  launcher: 'launcher',
  script: 'script',
  codeCache: 'code cache',
  priming: 'priming',
  threads: 'threads',
  readAhead: 'read-ahead',
  container: 'names and lengths',
} as const

export const OF_FUNCTION = {
  text: 'text',
  codeCaches: 'code caches',
  sourceMaps: 'source maps',
  heap: 'heap, initialised by the build',
  builtinCode: 'code of built-in modules',
} as const

/** Of the text: the function's own modules, and what is no module's. */
export const OWN_CODE = 'your code'
export const HELPERS = 'wrapper and helpers of esbuild'
export const LINKS = 'links between chunks'
