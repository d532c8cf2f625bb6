/**
 * Watches a function while it is initialised at build time. It looks for two kinds of things.
 *
 * A startup snapshot cannot hold some: open files and connections, timers, WebAssembly, hooks of async_hooks. Each of these
 * is a problem, which keeps the function from being initialised at build time. So is an object of Intl that is kept.
 *
 * Others would be the same in each environment that starts from the snapshot, and should not be: random bytes, which are a
 * problem, and environment variables, which the build tells the user of.
 *
 * The watch puts functions of its own in the place of some of Node.js's, and puts those back at the end. A function may have
 * kept one by then, so each of them does nothing but what Node.js's does once the watch is over.
 */

import { type AsyncHook, createHook, type HookCallbacks } from 'node:async_hooks'
import type { InitProblem } from './contract.ts'
import { ChangedVariables } from './environment/changed-variables.ts'
import { FILE_LEFT_OPEN, leavesOpen } from './left-open.ts'
import { WatchedFiles } from './watched-files.ts'
import { WatchedLoads } from './watched-loads.ts'
import { watchWebAssembly } from './watched-webassembly.ts'

/** A frame of Node.js's own code, as V8 prints it. */
const NODE_FRAME = /[( ]node:/

export class InitWatch {
  readonly problems: InitProblem[] = []
  /** Places where something was made that is a problem only if it is kept. */
  readonly suspects: InitProblem[] = []
  /** Places where it asked for what is not there while a snapshot is made, and may do without. */
  readonly lacking: InitProblem[] = []
  /** Of the environment. */
  readonly variables = new ChangedVariables(() => this.#isOver)
  readonly #environmentRead = new Set<string>()
  readonly #undo: (() => void)[] = []
  /** What has been opened and not closed, by async id. */
  readonly #open = new Map<number, { type: string; resource: object; stack: string }>()
  #files: WatchedFiles | undefined
  #loads: WatchedLoads | undefined
  readonly #hook: AsyncHook
  /** Hooks that the function has enabled, with the stack of where. */
  readonly #enabledHooks = new Map<AsyncHook, string>()
  #isOver = false
  #isRandomWatched = false

  constructor() {
    // A hook with `destroy` would have Node.js keep weak handles of all promises, and a snapshot cannot hold those.
    this.#hook = createHook({ init: (id, type, _trigger, resource) => this.#note(id, type, resource) })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Names of the environment variables that were read, in order. */
  get environmentRead(): string[] {
    return [...this.#environmentRead]
  }

  begin(): void {
    this.#watchEnvironment()
    this.#undo.push(
      watchWebAssembly({
        isOver: () => this.#isOver,
        refuse: (what) => this.refuse(what),
        lack: (what) => this.#lack(what),
      }),
    )
    this.#watchGlobalCrypto()
    this.#watchAsyncHooks()
    this.#watchIntl()
    this.#watchModules()
    const replace = this.#replace.bind(this)
    const isOver = () => this.#isOver
    // Nobody could catch it later: what is thrown in a callback, Node.js tells nobody of while it makes a snapshot.
    const onError = (error: Error, stack: string) =>
      this.problems.push({ what: `fails: ${error.name}: ${error.message}`, stack })
    this.#files = new WatchedFiles(replace, callers, isOver, onError)
    const loads = new WatchedLoads(callers)
    this.#loads = loads
    this.#undo.push(() => loads.end())
    this.#hook.enable()
  }

  /** Reports something; returns an error to throw, if there is no going on. */
  refuse(what: string): Error {
    const stack = callers()
    if (!this.problems.some((known) => known.what === what)) {
      this.problems.push({ what, stack })
    }
    return new Error(`This ${what}, which is not possible in a function that is initialised at build time.`)
  }

  /** The error to throw; what does not catch it cannot be initialised. */
  #lack(what: string): Error {
    this.lacking.push({ what, stack: callers() })
    return new Error(`This ${what}, which is not there while a function is initialised at build time.`)
  }

  /** Of Node.js's own modules and bindings, the stack of what first needed each. */
  get loads(): ReadonlyMap<string, string> {
    return this.#loads?.stacks ?? new Map()
  }

  /** What is open now. */
  openHandles(): InitProblem[] {
    const hooks = [...this.#enabledHooks.values()].map((stack) => ({
      what: 'leaves a hook of async_hooks enabled',
      stack,
    }))
    const handles = [...this.#open.values()]
      .filter(({ resource }) => !(resource as { _destroyed?: boolean })._destroyed)
      .map(({ type, stack }) => ({ what: leavesOpen(type), stack }))
    const files = [...(this.#files?.open.values() ?? [])].map((stack) => ({ what: FILE_LEFT_OPEN, stack }))
    return [...hooks, ...handles, ...files]
  }

  #note(id: number, type: string, resource: object): void {
    const { close } = resource as { close?: unknown }
    // Everything else either is in the heap alone, or is over once it has called back.
    if (type !== 'Timeout' && typeof close !== 'function') {
      return
    }
    this.#open.set(id, { type, resource, stack: callers() })
    if (typeof close !== 'function') {
      return
    }
    const closes = (...parameters: unknown[]): unknown => {
      this.#open.delete(id)
      return close.apply(resource, parameters)
    }
    Object.defineProperty(resource, 'close', { configurable: true, writable: true, value: closes })
  }

  /** Puts everything back as it was. */
  end(): void {
    this.#hook.disable()
    for (const undo of this.#undo.splice(0)) {
      undo()
    }
    this.#isOver = true
  }

  /** Puts `value` in the place of a property until the end. */
  #replace(holder: object, key: PropertyKey, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(holder, key) as PropertyDescriptor
    Object.defineProperty(holder, key, { ...before, value })
    this.#undo.push(() => {
      // What the function has put there itself, around this, is to stay: graceful-fs does so with `fs.close`.
      if (Object.getOwnPropertyDescriptor(holder, key)?.value === value) {
        Object.defineProperty(holder, key, before)
      }
    })
  }

  #watchEnvironment(): void {
    const { env } = process
    const note = (key: string | symbol): void => {
      // Those that Node.js's own modules read do not count: the fifth line is that of the caller.
      if (typeof key === 'string' && !this.#isOver && !NODE_FRAME.test(callers().split('\n')[4] ?? '')) {
        this.#environmentRead.add(key)
      }
    }
    this.#replace(process, 'env', this.variables.watched(env, note))
    this.#undo.push(() => this.variables.takeBack(env))
  }

  /** V8 calls an enabled hook by native functions, which a snapshot cannot hold. */
  #watchAsyncHooks(): void {
    const asyncHooks = process.getBuiltinModule('node:async_hooks')
    const { createHook: create } = asyncHooks
    this.#replace(asyncHooks, 'createHook', (callbacks: HookCallbacks) => {
      const hook = create(callbacks)
      const { enable, disable } = hook
      hook.enable = () => {
        if (!this.#isOver) {
          this.#enabledHooks.set(hook, callers())
        }
        return enable.call(hook)
      }
      hook.disable = () => {
        this.#enabledHooks.delete(hook)
        return disable.call(hook)
      }
      return hook
    })
  }

  /**
   * An object of `Intl` has one of ICU's outside of the heap, which a snapshot cannot hold. One that nobody keeps does no harm, and
   * only V8 knows: to ask a WeakRef would keep it.
   */
  #watchIntl(): void {
    for (const name of Object.getOwnPropertyNames(Intl)) {
      const original = Reflect.get(Intl, name)
      if (typeof original === 'function' && original.prototype !== undefined) {
        const note = (): void => this.#suspect(`makes an Intl.${name} and keeps it`)
        const watched = new Proxy(original, {
          construct: (target, parameters, newTarget) => {
            note()
            return Reflect.construct(target, parameters, newTarget)
          },
          apply: (target, receiver, parameters) => {
            note()
            return Reflect.apply(target, receiver, parameters)
          },
        })
        this.#replace(Intl, name, watched)
      }
    }
  }

  /** Node.js does not start from the snapshot of a process that has run a module from a file, or what is given out for one. */
  #watchModules(): void {
    const { prototype } = process.getBuiltinModule('node:module')
    const compile: (...parameters: unknown[]) => unknown = Reflect.get(prototype, '_compile')
    const apply = (target: typeof compile, receiver: unknown, parameters: unknown[]): unknown => {
      if (!this.#isOver) {
        throw this.refuse('runs a module that is not in the bundle (by Module.prototype._compile)')
      }
      return target.apply(receiver, parameters)
    }
    this.#replace(prototype, '_compile', new Proxy(compile, { apply }))
  }

  #suspect(what: string): void {
    if (!this.#isOver) {
      const stack = callers()
      if (!this.suspects.some((known) => known.what === what && known.stack === stack)) {
        this.suspects.push({ what, stack })
      }
    }
  }

  /** The global `crypto` loads `node:crypto` when it is read. Most functions do not read it, and have a smaller heap. */
  #watchGlobalCrypto(): void {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor
    const get = (): unknown => {
      this.watchRandom()
      return before.get?.call(globalThis)
    }
    Object.defineProperty(globalThis, 'crypto', { ...before, get })
    this.#undo.push(() => Object.defineProperty(globalThis, 'crypto', before))
  }

  /**
   * To be called before the function gets `node:crypto`. Some of its functions take random bytes out of a store that Node.js
   * has filled before. In a snapshot, that store would be the same for each environment, and so would what is taken.
   */
  watchRandom(): void {
    if (this.#isOver || this.#isRandomWatched) {
      return
    }
    this.#isRandomWatched = true
    const crypto = process.getBuiltinModule('node:crypto')
    const holders: [object, string][] = [
      [crypto, 'randomUUID'],
      [crypto, 'randomInt'],
      [Object.getPrototypeOf(crypto.webcrypto), 'randomUUID'],
    ]
    for (const [holder, name] of holders) {
      const original = Reflect.get(holder, name) as (...parameters: unknown[]) => unknown
      const watch = this
      this.#replace(holder, name, function (this: unknown, ...parameters: unknown[]) {
        // The function may have kept this one, and call it in an environment.
        if (!watch.#isOver) {
          throw watch.refuse(
            `calls crypto.${name}, whose random bytes would be the same in every environment`,
          )
        }
        return original.apply(this, parameters)
      })
    }
  }
}

/** The stack of whoever called into the watch. */
function callers(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 1000
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder)
  Error.stackTraceLimit = stackTraceLimit
  return String(holder.stack)
}
