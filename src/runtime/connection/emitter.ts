type Listener = (...parameters: never[]) => void

interface Entry {
  readonly name: string
  readonly listener: Listener
  readonly isOnce: boolean
  readonly next: Entry | undefined
}

/**
 * As much of Node.js's EventEmitter as connections need, and undici's client: functions change that one's prototype, to
 * watch events or to keep them away, and mean their own. Its listeners are a chain, the last one first, as they may have
 * changed what arrays do, too.
 */
export class Emitter {
  #listeners: Entry | undefined

  on(name: string, listener: Listener): this {
    this.#listeners = { name, listener, isOnce: false, next: this.#listeners }
    return this
  }

  once(name: string, listener: Listener): this {
    this.#listeners = { name, listener, isOnce: true, next: this.#listeners }
    return this
  }

  off(name: string, listener: Listener): this {
    this.#listeners = without(this.#listeners, (known) => known.name === name && known.listener === listener)
    return this
  }

  /** Returns whether anybody listens. */
  emit(name: string, ...parameters: unknown[]): boolean {
    const listeners = this.#listeners
    this.#listeners = without(listeners, (known) => known.name === name && known.isOnce)
    return callEach(listeners, name, parameters as never[])
  }
}

function without(entries: Entry | undefined, isGone: (entry: Entry) => boolean): Entry | undefined {
  if (entries === undefined) {
    return undefined
  }
  const next = without(entries.next, isGone)
  return isGone(entries) ? next : { ...entries, next }
}

/** The first one first. */
function callEach(entries: Entry | undefined, name: string, parameters: never[]): boolean {
  if (entries === undefined) {
    return false
  }
  const isHeard = callEach(entries.next, name, parameters)
  if (entries.name === name) {
    entries.listener(...parameters)
    return true
  }
  return isHeard
}
