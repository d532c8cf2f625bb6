/** The steps of a build: what is under way, and how long each took. */

export interface Step {
  readonly name: string
  /** Rounded to whole milliseconds. */
  readonly ms: number
}

/** What a build tells while it goes on. */
export interface Progress {
  /** Hears of each step as it ends well. */
  readonly onStep?: (step: Step) => void
  /** Hears of what takes long, before it begins. */
  readonly onNotice?: (message: string) => void
  /** Hears of each step as it begins. */
  readonly onStart?: (step: string) => void
  /** No step begins once it tells to end. */
  readonly signal?: AbortSignal | undefined
}

export class BuildSteps {
  readonly #done: Step[] = []
  readonly #progress: Progress

  constructor(progress: Progress) {
    this.#progress = progress
  }

  /** Those that have ended well, in order. */
  get done(): readonly Step[] {
    return this.#done
  }

  notice(message: string): void {
    this.#progress.onNotice?.(message)
  }

  /** Runs `work` as the step `name`. Rejects as it does, and when the build is to end. */
  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.#progress.signal?.throwIfAborted()
    this.#progress.onStart?.(name)
    const started = performance.now()
    const result = await work()
    const step = { name, ms: Math.round(performance.now() - started) }
    this.#done.push(step)
    this.#progress.onStep?.(step)
    return result
  }
}
