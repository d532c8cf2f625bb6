import { LAMBDA_TASK_ROOT, type PrimedPart, primedLine } from '../executable/format.ts'
import { Preloads } from '../executable/preloads.ts'
import type { Rehearse } from '../executable/program.ts'
import {
  beforeFunction,
  findPriming,
  type Priming,
  type ProgramOptions,
  rehearsalOf,
} from '../executable/program-loader.ts'

/**
 * What is done before the first invocation of a function that was initialised at build time. Node.js's modules cannot be in a snapshot
 * once they hold native objects, so they are primed in the execution environment. To be made there.
 */
export class SnapshotPriming {
  readonly #options: ProgramOptions
  readonly #priming: Priming | undefined

  constructor(isSelfTest: boolean) {
    this.#options = {
      readAsset,
      taskRoot: LAMBDA_TASK_ROOT,
      requireBuiltin: process.getBuiltinModule as unknown as NodeJS.Require,
      preloads: Preloads.in(process.env.NODE_OPTIONS),
      ...(isSelfTest && { onPrimed: say }),
    }
    this.#priming = findPriming(this.#options)
  }

  get rehearse(): Rehearse | undefined {
    return rehearsalOf(this.#priming)
  }

  /** Primes Node.js, and loads what is to be preloaded; undefined when there is nothing to wait for. */
  beforeFunction(): Promise<void> | undefined {
    return beforeFunction(this.#options, this.#priming)
  }
}

function say(part: PrimedPart, problem: string | undefined): void {
  process.getBuiltinModule('node:fs').writeSync(2, primedLine(part, problem))
}

function readAsset(name: string): Uint8Array | undefined {
  const { getRawAsset, isSea } = process.getBuiltinModule('node:sea')
  try {
    return isSea() ? new Uint8Array(getRawAsset(name) as ArrayBuffer) : undefined
  } catch {
    return undefined
  }
}
