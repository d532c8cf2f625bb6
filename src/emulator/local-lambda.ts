/**
 * A Lambda account in one region: its functions, and what can be done with them. The Lambda API, function URLs and the page
 * are doors to it. Changing functions is in `functions/function-changes.ts`, running them in `invoker.ts`.
 */

import { accountId, functionArn } from '../runtime-api/invocation.ts'
import { ConcurrencyLimit } from './environments/concurrency-limit.ts'
import { EnvironmentPool, type EnvironmentPoolOptions } from './environments/environment-pool.ts'
import { FunctionChanges } from './functions/function-changes.ts'
import type { EnvironmentSettings } from './functions/function-revision.ts'
import type { FunctionStore } from './functions/function-store.ts'
import { LATEST } from './functions/function-version.ts'
import type { LocalFunction } from './functions/local-function.ts'
import type { InvocationHistory } from './invocation-history.ts'
import { Invoker } from './invoker.ts'
import { ResourceNotFoundException } from './lambda-error.ts'
import type { LayerStore } from './layers/layer-store.ts'

export interface LocalLambdaOptions extends Omit<EnvironmentSettings, 'layersFolder'> {
  pool: Omit<EnvironmentPoolOptions, 'concurrency' | 'onProblem'> & {
    /** Invocations at once. */
    concurrency: number
  }
  store: FunctionStore
  layers: LayerStore
  history?: InvocationHistory
  onProblem: (error: unknown) => void
}

export class LocalLambda {
  readonly region: string
  readonly accountId = accountId
  readonly pool: EnvironmentPool
  readonly layers: LayerStore
  readonly changes: FunctionChanges
  readonly invoker: Invoker
  readonly enforcesTimeouts: boolean
  readonly #functions = new Map<string, LocalFunction>()
  readonly #onProblem: (error: unknown) => void

  constructor(options: LocalLambdaOptions) {
    const { region, store, layers, onProblem, workFolder } = options
    this.region = region
    this.layers = layers
    this.enforcesTimeouts = options.enforcesTimeouts
    this.#onProblem = onProblem
    const concurrency = new ConcurrencyLimit(options.pool.concurrency, () => this.reservedConcurrency)
    this.pool = new EnvironmentPool({ ...options.pool, concurrency, onProblem })
    const settings = {
      ...options,
      layersFolder: (arns: readonly string[]) => layers.merged(arns),
    }
    this.invoker = new Invoker(this, settings, options.history)
    this.changes = new FunctionChanges({ lambda: this, functions: this.#functions, store, workFolder })
  }

  get functions(): LocalFunction[] {
    return [...this.#functions.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  /** Of the concurrency limit, what all functions together have reserved. */
  get reservedConcurrency(): number {
    let reserved = 0
    for (const { configuration } of this.#functions.values()) {
      reserved += configuration.reservedConcurrency ?? 0
    }
    return reserved
  }

  /** Of a version or an alias, if one is named. */
  arn(functionName: string, qualifier?: string): string {
    const arn = functionArn(this.region, functionName)
    return qualifier === undefined ? arn : `${arn}:${qualifier}`
  }

  /** Throws a ResourceNotFoundException. */
  find(name: string, qualifier = LATEST): LocalFunction {
    const found = this.#functions.get(name)
    if (found === undefined || !found.has(qualifier)) {
      const arn = this.arn(name, qualifier === LATEST ? undefined : qualifier)
      throw new ResourceNotFoundException(`Function not found: ${arn}`)
    }
    return found
  }

  has(name: string): boolean {
    return this.#functions.has(name)
  }

  /** Adds a function that is there already: one from the store, or one that ends with the emulator. */
  add(added: LocalFunction): void {
    this.#functions.set(added.name, added)
  }

  /** Lets go of what does not outlive the emulator. All invocations are over. */
  async close(): Promise<void> {
    for (const { isPersistent, code } of this.#functions.values()) {
      if (!isPersistent) {
        await this.quietly(code.remove())
      }
    }
  }

  /** Cleaning up after an answer: nobody is there to be told of a failure but the terminal. */
  async quietly(work: Promise<unknown> | undefined): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#onProblem(error)
    }
  }
}
