/**
 * Watches which of Node.js's own modules and bindings are loaded while a function initialises, and by whom: also those that Node.js
 * loads because a global is read that needs them. To look at such a global would load them.
 */

export class WatchedLoads {
  /** By the name that Node.js has for it, the stack of what first needed it. */
  readonly stacks = new Map<string, string>()
  readonly #list = Reflect.get(process, 'moduleLoadList') as string[]

  /** Node.js notes each in a list: what is appended to a list that does not have it yet is for its prototype to set. */
  constructor(callers: () => string) {
    const { stacks } = this
    const prototype = new Proxy(Array.prototype, {
      set(target, key, value, receiver) {
        stacks.set(String(value), callers())
        return Reflect.set(target, key, value, receiver)
      },
    })
    Object.setPrototypeOf(this.#list, prototype)
  }

  end(): void {
    Object.setPrototypeOf(this.#list, Array.prototype)
  }
}
