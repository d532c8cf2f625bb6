/** Tells which functions of a program were called, for a snapshot in which those are to be compiled. */

import { type Profiler, Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import type { FunctionRanges } from './contract.ts'

/** By the name that V8 knows the script by. */
export type CalledByFile = ReadonlyMap<string, FunctionRanges>

export class CalledFunctions {
  readonly #session = new Session()

  /** To be made before the program is compiled. */
  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    // With counts: without them, V8 tells of each function only once.
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  }

  /** What was called since this was last asked. */
  take(): CalledByFile {
    let taken: Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
      taken = result
    })
    return new Map(
      taken.map(({ url, functions }) => [
        // An inspector is told of files by their URLs.
        url.startsWith('file:') ? fileURLToPath(url) : url,
        functions
          .flatMap(({ ranges: [whole] }) => (whole && whole.count > 0 ? [whole] : []))
          .map(({ startOffset, endOffset }) => [startOffset, endOffset] as const),
      ]),
    )
  }
}
