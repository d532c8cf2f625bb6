/** Milliseconds between two looks at what is at work: at first, and at most. */
const FIRST_DELAY_MS = 1
const LONGEST_DELAY_MS = 50

/**
 * What a call of a handler has at work: timers, connections, requests, child processes.
 *
 * A handler that returns nothing is done once its event loop is empty. A module's own timer or server would keep it from ever
 * being so; so what was at work before the call does not count. Node.js tells the kinds of what keeps its process alive, and
 * not what each belongs to: they are counted.
 */
export class HandlerWork {
  /** How many of each kind there were before the call. */
  readonly #before = countActive()

  /** Whether anything was at work before the call. Else the event loop tells by itself when it is over. */
  get hasCompany(): boolean {
    return this.#before.size > 0
  }

  /**
   * Calls `whenOver` once nothing is at work, for `quietMs` milliseconds, that was not before the call, as long as
   * `isAwaited`. Keeps no process alive.
   */
  watch(quietMs: number, isAwaited: () => boolean, whenOver: () => void): void {
    let delay = FIRST_DELAY_MS
    let quietSince: number | undefined
    const look = (): void => {
      if (!isAwaited()) {
        return
      }
      quietSince = this.#isOver() ? (quietSince ?? Date.now()) : undefined
      if (quietSince !== undefined && Date.now() - quietSince >= quietMs) {
        whenOver()
        return
      }
      setTimeout(look, delay).unref()
      delay = Math.min(2 * delay, LONGEST_DELAY_MS)
    }
    // In a turn of its own: what the handler has left to do at once is done by then.
    setImmediate(look)
  }

  #isOver(): boolean {
    for (const [kind, count] of countActive()) {
      if (count > (this.#before.get(kind) ?? 0)) {
        return false
      }
    }
    return true
  }
}

function countActive(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}
