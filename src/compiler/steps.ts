/** The steps of a build: what is under way, and how long each took. */

export interface Step {
  readonly name: string
  /** Rounded to whole milliseconds. */
  readonly ms: number
}

/** Hears of each step as it ends. */
export type StepListener = (step: Step) => void

/** Runs `work` as the step `name`, and tells `onStep` when it has ended well. */
export async function runStep<Result>(
  name: string,
  onStep: StepListener,
  work: () => Promise<Result>,
): Promise<Result> {
  const started = performance.now()
  const result = await work()
  onStep({ name, ms: Math.round(performance.now() - started) })
  return result
}
