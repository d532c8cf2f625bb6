/**
 * Modules of Node.js that most invocations do not need, loaded when one does. Each costs a start about 0.1 ms, and
 * `process.getBuiltinModule` takes a while even for one that is loaded, so what it gives is kept.
 */

let util: typeof import('node:util') | undefined
let fs: typeof import('node:fs') | undefined

export function nodeUtil(): typeof import('node:util') {
  util ??= process.getBuiltinModule('node:util')
  return util
}

export function nodeFs(): typeof import('node:fs') {
  fs ??= process.getBuiltinModule('node:fs')
  return fs
}
