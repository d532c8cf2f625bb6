/** Changes of one thing come one after the other; changes of different ones at the same time. */
export class SerialChanges {
  readonly #changes = new Map<string, Promise<unknown>>()

  async run<Result>(name: string, change: () => Promise<Result>): Promise<Result> {
    const before = this.#changes.get(name)
    const changed = (async () => {
      await before?.catch(() => {})
      return await change()
    })()
    this.#changes.set(name, changed)
    try {
      return await changed
    } finally {
      if (this.#changes.get(name) === changed) {
        this.#changes.delete(name)
      }
    }
  }
}
