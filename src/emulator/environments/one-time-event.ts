/**
 * Something that happens once, to be listened to for a while.
 *
 * A promise would do, but for memory: what was once chained to it stays until it settles, and a process may live for
 * millions of invocations.
 */

export class OneTimeEvent<Value> {
  readonly #listeners = new Set<(value: Value) => void>()
  #happened: { value: Value } | undefined

  happen(value: Value): void {
    if (this.#happened === undefined) {
      this.#happened = { value }
      for (const listener of this.#listeners) {
        listener(value)
      }
      this.#listeners.clear()
    }
  }

  /** Calls back when it happens, at once if it has, until what this returns is called. */
  listen(listener: (value: Value) => void): () => void {
    if (this.#happened !== undefined) {
      listener(this.#happened.value)
      return () => {}
    }
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Resolves with the first of these to happen, or what `promise` resolves with; listens to none of them afterwards. */
export async function firstOf<Result, Value>(
  promise: Promise<Result>,
  events: readonly OneTimeEvent<Value>[],
): Promise<Result | Value> {
  const happened = Promise.withResolvers<Value>()
  const forget = events.map((event) => event.listen(happened.resolve))
  try {
    return await Promise.race([promise, happened.promise])
  } finally {
    for (const stop of forget) {
      stop()
    }
  }
}
