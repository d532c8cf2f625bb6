/**
 * Lambda's limit on memory: every tenth of a second, a busy environment that holds more than its memory size is killed.
 *
 * Pages of files do not count: they can be dropped.
 */

import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import type { RuntimeProcess } from '../runtime-process.ts'
import { readPeakMemory, readProcessMemory } from './process-memory.ts'

const POLL_MS = 100
/** Of a process that ends within the first tenth of a second, too, the log tells how much memory it used. */
const EARLY_LOOKS_MS = [2, 5, 10, 20, 40, 70]

export class MemoryWatch {
  readonly #limitKib: number
  readonly #log: (line: string) => void
  #peakKib = 0

  constructor(limitMb: number, log: (line: string) => void) {
    this.#limitKib = limitMb * 1024
    this.#log = log
  }

  /** The most that a process was seen to use, in MB. */
  get peakMb(): number {
    return Math.round(this.#peakKib / 1024)
  }

  /** Looks every tenth of a second, and more often in the first if it is new; until what this returns is called. */
  begin(runtime: RuntimeProcess, isNew = false): () => void {
    const look = () => this.#enforce(runtime)
    const timer = setInterval(look, POLL_MS)
    const early = isNew ? EARLY_LOOKS_MS.map((ms) => setTimeout(look, ms)) : []
    return () => {
      clearInterval(timer)
      early.forEach(clearTimeout)
    }
  }

  /** KiB that the process and its descendants hold. */
  sample({ pid }: RuntimeProcess): number {
    const memory = pid === undefined ? undefined : readProcessMemory(pid)
    this.#peakKib = Math.max(this.#peakKib, memory?.peak ?? 0)
    return memory?.held ?? 0
  }

  /** One file of /proc instead of a dozen, which thousands of short invocations would feel. */
  samplePeak(pid: number | undefined): void {
    const peak = pid === undefined ? undefined : readPeakMemory(pid)
    this.#peakKib = Math.max(this.#peakKib, peak ?? 0)
  }

  #enforce(runtime: RuntimeProcess): void {
    const held = this.sample(runtime)
    if (held > this.#limitKib) {
      this.#peakKib = this.#limitKib
      const used = Math.ceil(held / 1024)
      this.#log(
        `lambdabin: killed for using ${used} MB of memory, more than its ${this.#limitKib / 1024} MB\n`,
      )
      runtime.kill()
    }
  }
}
