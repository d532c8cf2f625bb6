/** Requests that wait for an environment of their own revision, or for room for a new one: first come, first served. */

interface Waiter<Owner, Found> {
  owner: Owner
  resolve: (found: Found | 'room') => void
}

export class RoomQueue<Owner, Found> {
  #waiters: Waiter<Owner, Found>[] = []

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  /** Rejects with the reason of `signal` when it aborts first. */
  async wait(owner: Owner, signal?: AbortSignal): Promise<Found | 'room'> {
    const { promise, resolve, reject } = Promise.withResolvers<Found | 'room'>()
    const waiter: Waiter<Owner, Found> = { owner, resolve }
    const giveUp = () => {
      this.#remove(waiter)
      reject(signal?.reason)
    }
    this.#waiters.push(waiter)
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted) {
      giveUp()
    }
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** Gives what is free now to the first that waits for `owner`'s; false when none does. */
  handOver(owner: Owner, found: Found): boolean {
    const waiter = this.#waiters.find((each) => each.owner === owner)
    if (waiter === undefined) {
      return false
    }
    this.#remove(waiter)
    waiter.resolve(found)
    return true
  }

  /** Lets the first of all make a new one; false when nobody waits. */
  offerRoom(): boolean {
    const waiter = this.#waiters.shift()
    waiter?.resolve('room')
    return waiter !== undefined
  }

  #remove(waiter: Waiter<Owner, Found>): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
  }
}
