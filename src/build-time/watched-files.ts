/**
 * Watches which files a function opens by their descriptors and does not close: `openSync`, `open` with a callback, and streams, which
 * call that. (Those of `fs/promises` are handles, which async_hooks tell of.) In an execution environment, a descriptor's number is
 * nobody's, or somebody else's.
 */

import type { ReadStream } from 'node:fs'

type Watched = 'open' | 'openSync' | 'close' | 'closeSync' | 'createReadStream' | 'createWriteStream'
type Call = (...parameters: unknown[]) => unknown
/** Puts a value in the place of a property of an object, until the watch is over. */
type Replace = (holder: object, key: PropertyKey, value: unknown) => void

export class WatchedFiles {
  /** By descriptor, the stack of where it was opened. */
  readonly open = new Map<number, string>()

  /**
   * `callers` gives the stack of who calls; `onError` is told of a stream's error that the function does not listen for. A function may keep what is put in the place of Node.js's, and call it when the watch is over.
   */
  constructor(
    replace: Replace,
    callers: () => string,
    isOver: () => boolean,
    onError: (error: Error, stack: string) => void,
  ) {
    const fs = process.getBuiltinModule('node:fs')
    const watch = (name: Watched, call: (original: Call, parameters: unknown[]) => unknown) => {
      const original = fs[name] as unknown as Call
      const bound: Call = (...parameters) => original.apply(fs, parameters)
      replace(
        fs,
        name,
        new Proxy(fs[name], {
          apply: (_target, _receiver, parameters) =>
            isOver() ? bound(...parameters) : call(bound, parameters),
        }),
      )
    }
    watch('openSync', (open, parameters) => {
      const file = open(...parameters)
      this.open.set(Number(file), callers())
      return file
    })
    watch('open', (open, parameters) => {
      const stack = callers()
      const callback = parameters.at(-1)
      if (typeof callback !== 'function') {
        return open(...parameters)
      }
      return open(...parameters.slice(0, -1), (error: unknown, file: unknown) => {
        if (typeof file === 'number') {
          this.open.set(file, stack)
        }
        callback(error, file)
      })
    })
    for (const name of ['close', 'closeSync'] as const) {
      watch(name, (close, parameters) => {
        this.open.delete(Number(parameters[0]))
        return close(...parameters)
      })
    }
    // They open later, when nobody of the function's is on the stack.
    for (const name of ['createReadStream', 'createWriteStream'] as const) {
      watch(name, (create, parameters) => {
        const stack = callers()
        const stream = create(...parameters) as ReadStream
        stream.on('error', (error) => {
          if (!isOver() && stream.listenerCount('error') === 1) {
            onError(error, stack)
          }
        })
        return stream.once('open', (file: number) => {
          if (this.open.has(file)) {
            this.open.set(file, stack)
          }
        })
      })
    }
  }
}
