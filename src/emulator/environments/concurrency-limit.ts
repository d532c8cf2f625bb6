/**
 * Lambda's limit on invocations at once: of the account, and of functions that have reserved a part of it for themselves.
 *
 * A function with a reservation has that much, and no more. The others share what is left.
 */

/** What counts of a function; all its versions count together. */
export interface ConcurrencyClaim {
  readonly functionName: string
  /** Invocations that it may have at once; undefined: what others have not reserved. May change. */
  readonly reservedConcurrency: number | undefined
}

export class ConcurrencyLimit {
  /** Invocations at once, of all functions. */
  readonly total: number
  readonly #reserved: () => number
  readonly #running = new Map<string, { claim: ConcurrencyClaim; count: number }>()

  /** `reserved` tells what all functions together have reserved now. */
  constructor(total: number, reserved: () => number) {
    this.total = total
    this.#reserved = reserved
  }

  /** Whether one more invocation may run. */
  admits(claim: ConcurrencyClaim): boolean {
    const { reservedConcurrency } = claim
    if (reservedConcurrency !== undefined) {
      return (this.#running.get(claim.functionName)?.count ?? 0) < reservedConcurrency
    }
    let running = 0
    for (const { claim: other, count } of this.#running.values()) {
      running += other.reservedConcurrency === undefined ? count : 0
    }
    return running < this.total - this.#reserved()
  }

  begin(claim: ConcurrencyClaim): void {
    this.#change(claim, 1)
  }

  end(claim: ConcurrencyClaim): void {
    this.#change(claim, -1)
  }

  #change(claim: ConcurrencyClaim, change: 1 | -1): void {
    const { functionName } = claim
    const count = (this.#running.get(functionName)?.count ?? 0) + change
    if (count > 0) {
      this.#running.set(functionName, { claim, count })
    } else {
      this.#running.delete(functionName)
    }
  }
}
