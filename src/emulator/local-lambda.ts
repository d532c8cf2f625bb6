/**
 * A Lambda account in one region, and what can be done with it. The Lambda API, function URLs, routes and the page are
 * doors to it. Changing functions is in `functions/function-changes.ts`, running them in `invoker.ts`.
 */

import type { SandboxKind } from '../sandbox/sandbox.ts'
import { Account } from './account.ts'
import { ConcurrencyLimit } from './environments/concurrency-limit.ts'
import { EnvironmentPool, type EnvironmentPoolOptions } from './environments/environment-pool.ts'
import { FunctionChanges } from './functions/function-changes.ts'
import type { EnvironmentSettings } from './functions/function-revision.ts'
import type { FunctionStore } from './functions/function-store.ts'
import type { InvocationHistory } from './invocation-history.ts'
import { Invoker } from './invoker.ts'
import type { LayerStore } from './layers/layer-store.ts'

export interface LocalLambdaOptions extends Omit<EnvironmentSettings, 'layersFolder'> {
  pool: Omit<EnvironmentPoolOptions, 'concurrency' | 'onProblem'> & {
    /** Invocations at once. */
    concurrency: number
  }
  store: FunctionStore
  layers: LayerStore
  /** Looks on, for the page. */
  history?: InvocationHistory | undefined
  onProblem: (error: unknown) => void
}

export class LocalLambda extends Account {
  readonly pool: EnvironmentPool
  readonly layers: LayerStore
  readonly changes: FunctionChanges
  readonly invoker: Invoker
  readonly enforcesTimeouts: boolean
  readonly sandboxKind: SandboxKind

  constructor(options: LocalLambdaOptions) {
    const { region, store, layers, onProblem, workFolder, history } = options
    super(region, onProblem)
    this.layers = layers
    this.enforcesTimeouts = options.enforcesTimeouts
    this.sandboxKind = options.sandbox.kind
    const concurrency = new ConcurrencyLimit(options.pool.concurrency, () => this.reservedConcurrency)
    this.pool = new EnvironmentPool({ ...options.pool, concurrency, onProblem })
    const settings = { ...options, layersFolder: (arns: readonly string[]) => layers.merged(arns) }
    this.invoker = new Invoker({ account: this, pool: this.pool, settings, history })
    this.changes = new FunctionChanges({
      account: this,
      pool: this.pool,
      provision: (name, qualifier) => this.invoker.provision(name, qualifier),
      store,
      workFolder,
    })
  }

  /** Lets go of what does not outlive the emulator. All invocations are over. */
  async close(): Promise<void> {
    for (const { isPersistent, code } of this.functions) {
      if (!isPersistent) {
        await this.quietly(code.remove())
      }
    }
  }
}
