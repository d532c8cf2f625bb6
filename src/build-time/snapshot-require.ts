/** The `require` of a function whose startup snapshot is made: what it gives at build time, and what in the environment. */

import { chunkFile, LAMBDA_TASK_ROOT } from '../executable/format.ts'
import { asRequire, type MakeRequire } from '../executable/function-module.ts'
import type { InitProblem, ModuleDescription } from './contract.ts'
import { deferModule } from './deferred-modules.ts'
import type { InitWatch } from './init-watch.ts'
import { missingModule } from './missing-module.ts'

export interface SnapshotRequireOptions {
  readonly watch: InitWatch
  /** By name, Node.js's modules that come when they are used; it is emptied before the snapshot is taken. */
  readonly deferredModules: Readonly<Record<string, ModuleDescription>>
  /** What `__filename` says. */
  readonly functionFile: string
  /** With what is shipped beside the executable. */
  readonly shippedFolder: string
}

export class SnapshotRequire {
  /** At build time and in the environment: Node.js's own modules, some of them deferred. */
  readonly require: NodeJS.Require
  readonly #options: SnapshotRequireOptions
  readonly #deferred = new Map<string, object>()
  readonly #prototypes = new Map<string, object>()
  #made: NodeJS.Require | undefined

  constructor(options: SnapshotRequireOptions) {
    this.#options = options
    this.require = asRequire((id) => this.#load(id), this.real)
  }

  /** What was defined for all objects of a class that is not there yet, and of which nothing tells as it is done. */
  changedPrototypes(): InitProblem[] {
    return [...this.#prototypes].flatMap(([name, prototype]) =>
      Reflect.ownKeys(prototype).map((key) => ({
        what: `defines ${name}.prototype.${String(key)}`,
        stack: '',
      })),
    )
  }

  /** Loads what is shipped beside the executable, in the execution environment only. */
  readonly real: MakeRequire = (what) => {
    const { watch } = this.#options
    if (!watch.isOver && what.startsWith('require.')) {
      return this.#requireToRead(what)
    }
    if (!watch.isOver) {
      throw watch.refuse(`loads ${what}, which is shipped beside the executable,`)
    }
    const taskRoot = process.env.LAMBDA_TASK_ROOT || LAMBDA_TASK_ROOT
    this.#made ??= process.getBuiltinModule('node:module').createRequire(chunkFile(taskRoot, 0))
    return this.#made
  }

  /**
   * To read what a `require` has loads nothing: parsers made by jison read `require.main` as they load, handlebars
   * `require.extensions`. What it resolves is not known before it is on Lambda.
   */
  #requireToRead(what: string): NodeJS.Require {
    const { watch, functionFile } = this.#options
    const require = process.getBuiltinModule('node:module').createRequire(functionFile)
    const later = (): NodeJS.RequireResolve => {
      if (!watch.isOver) {
        throw watch.refuse(`calls ${what}, for what is shipped beside the executable,`)
      }
      return this.real(what).resolve
    }
    const resolve: NodeJS.RequireResolve = (id, options) => later()(id, options)
    resolve.paths = (id) => later().paths(id)
    return Object.assign(require, { resolve })
  }

  #load(id: string): unknown {
    const { watch, deferredModules, functionFile, shippedFolder } = this.#options
    const name = id.replace(/^node:/, '')
    if (Object.hasOwn(deferredModules, name) && !watch.isOver) {
      return this.#deferredModule(name)
    }
    if (name === 'crypto') {
      watch.watchRandom()
    }
    const builtin = process.getBuiltinModule(id)
    if (builtin !== undefined) {
      return builtin
    }
    const missing = watch.isOver ? undefined : missingModule(id, shippedFolder, functionFile)
    if (missing !== undefined) {
      throw missing
    }
    return this.real(id)(id)
  }

  #deferredModule(name: string): object {
    const { watch, deferredModules } = this.#options
    const known = this.#deferred.get(name)
    if (known !== undefined) {
      return known
    }
    const made = deferModule(name, () => deferredModules[name] as ModuleDescription, {
      isBuilding: () => !watch.isOver,
      load: () => process.getBuiltinModule(`node:${name}`) as unknown as Record<PropertyKey, unknown>,
      refuse: (what) => watch.refuse(what),
      onPrototype: (className, prototype) => this.#prototypes.set(className, prototype),
    })
    this.#deferred.set(name, made)
    return made
  }
}
