/**
 * What the function's chunks find as `require`, `module` and `import.meta`: those of a file in the task root, although there is
 * no such file. What a start does not need of them is made when it is asked for.
 */

import { dirname } from 'node:path'

/** Makes a real `require` of Node.js's for the function's file; it is told what for. */
export type MakeRequire = (what: string) => NodeJS.Require

/** The `module` that the function's entry assigns its exports to. */
export class FunctionModule {
  exports: unknown = {}
  readonly id: string
  readonly filename: string
  readonly path: string
  readonly require: NodeJS.Require
  readonly parent = undefined
  readonly children: unknown[] = []
  readonly isPreloading = false
  loaded = false

  constructor(file: string, require: NodeJS.Require) {
    this.id = file
    this.filename = file
    this.path = dirname(file)
    this.require = require
  }

  /** The folders that packages are looked for in, the nearest first. */
  get paths(): string[] {
    return process.getBuiltinModule('node:module').createRequire(this.filename).resolve.paths('a') ?? []
  }
}

/**
 * A `require` that gets all but the rare through `load`. What else a `require` has comes of the real one.
 */
export function asRequire(load: (id: string) => unknown, real: MakeRequire): NodeJS.Require {
  const require = (id: string): unknown => load(id)
  for (const property of ['resolve', 'cache', 'main', 'extensions'] as const) {
    const get = () => real(`require.${property}`)[property]
    Object.defineProperty(require, property, { get, enumerable: true })
  }
  return require as NodeJS.Require
}

/** The `import.meta` of a module at `file`, which is not the program's main one. */
export class ImportMeta {
  readonly dirname: string
  readonly filename: string
  readonly main = false
  readonly resolve: (specifier: string) => string
  readonly url: string

  constructor(file: string, real: MakeRequire) {
    this.dirname = dirname(file)
    this.filename = file
    // As `url.pathToFileURL` does, of a module that few functions need.
    this.url = `file://${encodeURI(file).replace(/[?#]/g, encodeURIComponent)}`
    let resolve: ((specifier: string) => string) | undefined
    this.resolve = (specifier) => {
      resolve ??= realImportMeta(this.url, real('import.meta.resolve')).resolve
      return resolve(specifier)
    }
  }
}

/**
 * Node.js's own `import.meta` of a module that is not there, and is nothing but its `import.meta`: Node.js makes one for ES
 * modules alone, and has no other way to resolve as they do.
 */
function realImportMeta(url: string, require: NodeJS.Require): { resolve(specifier: string): string } {
  const { registerHooks } = process.getBuiltinModule('node:module')
  const specifier = 'lambdabin:import-meta'
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      name === specifier ? { url, format: 'module', shortCircuit: true } : next(name, context),
    load: (name, context, next) =>
      name === url
        ? { format: 'module', source: 'export default import.meta', shortCircuit: true }
        : next(name, context),
  })
  try {
    return require(specifier).default
  } finally {
    hooks.deregister()
  }
}
