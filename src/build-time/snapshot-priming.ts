import { type ConnectEarly, tellOfEarlyConnections } from '../executable/early-connections.ts'
import { LAMBDA_TASK_ROOT, primedLine, primedSdkLine } from '../executable/format.ts'
import { Preloads } from '../executable/preloads.ts'
import type { PrimedPart } from '../executable/priming-settings.ts'
import type { PrimeSdk, Rehearse } from '../executable/program.ts'
import {
  beforeFunction,
  earlyConnectionsOf,
  findPriming,
  type Priming,
  type ProgramOptions,
  readPrimingSettings,
  rehearsalOf,
  sdkPrimingOf,
} from '../executable/program-loader.ts'
import type { SdkRegistry } from '../executable/sdk-registry.ts'

/**
 * What is done before the first invocation of a function that was initialised at build time. Node.js's modules cannot be in a snapshot
 * once they hold native objects, so they are primed in the execution environment. To be made there.
 */
export class SnapshotPriming {
  readonly #options: ProgramOptions
  readonly #priming: Priming | undefined
  readonly #connectEarly: ConnectEarly | undefined

  /** `compiled`: its own scripts, by name, that are in the snapshot. */
  constructor(isSelfTest: boolean, compiled: Readonly<Record<string, unknown>>) {
    this.#options = {
      readAsset,
      compiled,
      taskRoot: LAMBDA_TASK_ROOT,
      requireBuiltin: process.getBuiltinModule as unknown as NodeJS.Require,
      preloads: Preloads.in(process.env.NODE_OPTIONS),
      ...(isSelfTest && { isSelfTest, onPrimed: say }),
    }
    const settings = readPrimingSettings(this.#options)
    this.#priming = findPriming(this.#options, settings)
    this.#connectEarly = earlyConnectionsOf(this.#options, settings)
  }

  primeSdk(registry: SdkRegistry): PrimeSdk | undefined {
    return sdkPrimingOf(this.#options, this.#priming, registry)
  }

  get rehearse(): Rehearse | undefined {
    return rehearsalOf(this.#priming)
  }

  get connectEarly(): ConnectEarly | undefined {
    return this.#options.isSelfTest ? undefined : this.#connectEarly
  }

  /** For who runs the self-test by hand. */
  async testByHand(): Promise<void> {
    await this.beforeFunction()
    for (const exchange of this.#priming?.settings.sdk ?? []) {
      write(primedSdkLine(exchange))
    }
    await tellOfEarlyConnections(this.#connectEarly, write)
  }

  /** Primes Node.js, and loads what is to be preloaded; undefined when there is nothing to wait for. */
  beforeFunction(): Promise<void> | undefined {
    return beforeFunction(this.#options, this.#priming)
  }
}

function say(part: PrimedPart, problem: string | undefined): void {
  write(primedLine(part, problem))
}

function write(line: string): void {
  process.getBuiltinModule('node:fs').writeSync(2, line)
}

function readAsset(name: string): Uint8Array | undefined {
  const { getRawAsset, isSea } = process.getBuiltinModule('node:sea')
  try {
    return isSea() ? new Uint8Array(getRawAsset(name) as ArrayBuffer) : undefined
  } catch {
    return undefined
  }
}
