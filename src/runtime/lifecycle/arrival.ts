/** Milliseconds in which an invocation arrives that was handed out before an error that nobody caught ends the process. */
const LATEST_MS = 100

/** Of the next invocation, for who waits for it although the process is about to end. */
export class Arrival {
  #resolve: (() => void) | undefined

  /** To be called when an invocation arrives. */
  came(): void {
    this.#resolve?.()
  }

  /** Resolves when an invocation has arrived, or none is on its way. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      setTimeout(resolve, LATEST_MS)
    })
  }
}
