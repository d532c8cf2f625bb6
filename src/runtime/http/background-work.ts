import type { FetchContext } from '../handler-contract.ts'

/** What a fetch handler leaves to be done beside its response, through `waitUntil`. */
export class BackgroundWork {
  readonly #pending = new Set<Promise<void>>()
  /** Passed to the fetch handler. */
  readonly context: FetchContext = {
    waitUntil: (work) => {
      const settled = Promise.resolve(work)
        .then(() => {}, logRejection)
        .finally(() => this.#pending.delete(settled))
      this.#pending.add(settled)
    },
    passThroughOnException: () => {},
    props: {},
  }

  /** Resolves once all of it is settled, also what other work has added meanwhile. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending)
    }
  }
}

/** The response is out by itself: work that fails beside it has only the log to tell. */
function logRejection(reason: unknown): void {
  console.error('Work that a fetch handler passed to waitUntil failed:', reason)
}
