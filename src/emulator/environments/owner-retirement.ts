/** Which owners of environments are not to have any more, and when the last of theirs is gone. */

export class OwnerRetirement<Owner> {
  readonly #retired = new Map<Owner, PromiseWithResolvers<void>>()
  /** Requests that are not over. */
  readonly #requests = new Map<Owner, number>()
  readonly #hasEnvironments: (owner: Owner) => boolean

  constructor(hasEnvironments: (owner: Owner) => boolean) {
    this.#hasEnvironments = hasEnvironments
  }

  has(owner: Owner): boolean {
    return this.#retired.has(owner)
  }

  requests(owner: Owner): number {
    return this.#requests.get(owner) ?? 0
  }

  requestBegins(owner: Owner): void {
    this.#requests.set(owner, this.requests(owner) + 1)
  }

  requestIsOver(owner: Owner): void {
    const left = this.requests(owner) - 1
    if (left > 0) {
      this.#requests.set(owner, left)
    } else {
      this.#requests.delete(owner)
      this.check(owner)
    }
  }

  /** Resolves when it has no requests and no environments. */
  async retire(owner: Owner): Promise<void> {
    const gone = this.#retired.get(owner) ?? Promise.withResolvers<void>()
    this.#retired.set(owner, gone)
    this.check(owner)
    await gone.promise
  }

  /** To be called when an environment is gone. */
  check(owner: Owner): void {
    if (!this.#requests.has(owner) && !this.#hasEnvironments(owner)) {
      this.#retired.get(owner)?.resolve()
      this.#retired.delete(owner)
    }
  }
}
