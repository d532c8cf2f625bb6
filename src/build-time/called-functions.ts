/** Tells which functions of a program were called, for a snapshot in which those are to be compiled. */

import { type Profiler, Session } from 'node:inspector'
import type { ScriptFunctions } from './contract.ts'

export class CalledFunctions {
  readonly #session = new Session()

  /** To be made before the program is compiled. */
  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    // With counts: without them, V8 tells of each function only once.
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  }

  /** What was called since this was last asked, by script. */
  take(): ScriptFunctions {
    let taken: Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
      taken = result
    })
    const called = taken.map(({ url, functions }) => [
      url,
      functions
        .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
        .map(({ ranges }) => [ranges[0]?.startOffset, ranges[0]?.endOffset]),
    ])
    return Object.fromEntries(called)
  }
}
