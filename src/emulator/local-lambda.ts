/**
 * A Lambda account in one region: its functions, and what can be done with them. The Lambda API and function URLs are
 * two doors to it.
 */

import { platformFunctionError } from '../runtime-api/exchange.ts'
import { createInvocation, functionArn, type Invocation } from '../runtime-api/invocation.ts'
import type { FunctionCode, PreparedCode, ReadyCode } from './code/function-code.ts'
import { PackageCode } from './code/package-code.ts'
import type { EnvironmentPool, PooledInvocation } from './environments/environment-pool.ts'
import type { FunctionConfiguration } from './functions/function-configuration.ts'
import type { FunctionStore } from './functions/function-store.ts'
import { type EnvironmentSettings, type FunctionRevision, LocalFunction } from './functions/local-function.ts'
import { ResourceConflictException, ResourceNotFoundException } from './lambda-error.ts'

export interface LocalLambdaOptions extends EnvironmentSettings {
  pool: EnvironmentPool
  store: FunctionStore
  onProblem: (error: unknown) => void
}

export interface InvocationRequest {
  /** JSON. */
  event: Uint8Array
  /** JSON. */
  clientContext?: string | undefined
  tenantId?: string | undefined
  traceId?: string | undefined
  /** A new one unless given. */
  requestId?: string | undefined
  /** Tells that nobody waits for the answer any more. */
  signal?: AbortSignal | undefined
}

export interface StartedInvocation extends PooledInvocation {
  requestId: string
  traceId: string
}

export class LocalLambda {
  readonly region: string
  readonly pool: EnvironmentPool
  readonly #options: LocalLambdaOptions
  readonly #store: FunctionStore
  readonly #functions = new Map<string, LocalFunction>()
  readonly #warming = new Map<string, Promise<void>>()
  /** Of each name, the change that is being made: changes of one function come one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>()

  constructor(options: LocalLambdaOptions) {
    this.#options = options
    this.region = options.region
    this.pool = options.pool
    this.#store = options.store
  }

  get functions(): LocalFunction[] {
    return [...this.#functions.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  get enforcesTimeouts(): boolean {
    return this.#options.enforcesTimeouts
  }

  arn(functionName: string): string {
    return functionArn(this.region, functionName)
  }

  /** Throws a ResourceNotFoundException. */
  find(name: string): LocalFunction {
    const found = this.#functions.get(name)
    if (found === undefined) {
      throw new ResourceNotFoundException(`Function not found: ${this.arn(name)}`)
    }
    return found
  }

  has(name: string): boolean {
    return this.#functions.has(name)
  }

  /** Adds a function that is there already: one from the store, or one that ends with the emulator. */
  add(added: LocalFunction): void {
    this.#functions.set(added.name, added)
    this.#countReservations()
  }

  async create(configuration: FunctionConfiguration, zip: Uint8Array): Promise<LocalFunction> {
    const { functionName } = configuration
    return await this.#change(functionName, async () => {
      this.#checkIsNew(functionName)
      const unpacked = await PackageCode.unpack(zip, this.#options.workFolder)
      const code = await this.#store.keepCode(functionName, unpacked)
      const created = new LocalFunction({ configuration, code, isPersistent: true })
      await this.#store.save(created)
      this.#functions.set(functionName, created)
      return created
    })
  }

  /** `change` gets the configuration as it is, and may refuse to change it by throwing. */
  async updateConfiguration(
    name: string,
    change: (configuration: FunctionConfiguration) => FunctionConfiguration,
  ): Promise<LocalFunction> {
    return await this.#change(name, async () => {
      const changed = this.find(name)
      const before = changed.configuration
      changed.configuration = change(before)
      try {
        await this.#save(changed)
      } catch (error) {
        changed.configuration = before
        throw error
      }
      this.#countReservations()
      return changed
    })
  }

  /** `change` is called first, and may refuse by throwing. */
  async updateCode(
    name: string,
    zip: Uint8Array,
    change: (configuration: FunctionConfiguration) => FunctionConfiguration,
  ): Promise<LocalFunction> {
    return await this.#change(name, async () => {
      const changed = this.find(name)
      if (changed.code.fixedBecause !== undefined) {
        throw new ResourceConflictException(changed.code.fixedBecause)
      }
      const configuration = change(changed.configuration)
      const unpacked = await PackageCode.unpack(zip, this.#options.workFolder)
      const before = { code: changed.code, configuration: changed.configuration }
      changed.code = changed.isPersistent ? await this.#store.keepCode(name, unpacked) : unpacked
      changed.configuration = configuration
      try {
        await this.#save(changed)
      } catch (error) {
        Object.assign(changed, before)
        throw error
      }
      this.#retireCode(changed, before.code)
      return changed
    })
  }

  async delete(name: string): Promise<void> {
    await this.#change(name, async () => {
      const deleted = this.find(name)
      if (deleted.isPersistent) {
        await this.#store.forget(name)
      }
      this.#functions.delete(name)
      this.#countReservations()
      this.#retireCode(deleted, deleted.code)
    })
  }

  /** Sees to it that the function has an environment, before its first invocation: for a debugger. */
  async warm(name: string): Promise<void> {
    const warming = this.#warmOnce(name, this.#warming.get(name))
    this.#warming.set(name, warming)
    await warming
  }

  /** One after the other: two environments of a function would ask for the same port for their inspectors. */
  async #warmOnce(name: string, before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => {})
    const warmed = this.find(name)
    const prepared = await warmed.code.prepare()
    if (prepared.kind === 'ready') {
      const { revision, retired } = this.#revise(warmed, prepared)
      await retired
      await this.pool.warm(revision)
    }
  }

  /** Lets go of what does not outlive the emulator. All invocations are over. */
  async close(): Promise<void> {
    for (const { isPersistent, code } of this.#functions.values()) {
      if (!isPersistent) {
        await this.#quietly(code.remove())
      }
    }
  }

  /** Rejects with a LambdaError when the function is not there or may not be run now. */
  async invoke(name: string, request: InvocationRequest): Promise<StartedInvocation> {
    if (!this.#options.enforcesTimeouts) {
      await this.warm(name)
    }
    const invocation = this.#invocation(name, request)
    const { requestId, traceId } = invocation
    let invoked: LocalFunction
    let code: FunctionCode
    let prepared: PreparedCode
    // While code is being made, it or the function may be replaced.
    do {
      invoked = this.find(name)
      code = invoked.code
      prepared = await code.prepare()
    } while (this.find(name).code !== code)
    if (prepared.kind === 'failed') {
      const outcome = Promise.resolve(platformFunctionError(prepared.error))
      return {
        requestId,
        traceId,
        outcome,
        logTail: Promise.resolve(Buffer.from(prepared.error.errorMessage)),
      }
    }
    const { revision, retired } = this.#revise(invoked, prepared)
    if (!this.#options.enforcesTimeouts) {
      await retired
    }
    const started = await this.pool.run(revision, invocation, request.signal)
    return { requestId, traceId, ...started }
  }

  /** The revision to run, and the end of the one that it replaces, if it does. */
  #revise(
    invoked: LocalFunction,
    prepared: ReadyCode,
  ): { revision: FunctionRevision; retired?: Promise<void> } {
    const { revision, replaced } = invoked.revise(prepared, this.#options)
    if (replaced === undefined) {
      return { revision }
    }
    const { code } = invoked
    const retired = this.pool.retire(replaced).then(async () => {
      if (replaced.taskRoot !== prepared.taskRoot) {
        await this.#quietly(code.retired?.(replaced.taskRoot))
      }
    })
    return { revision, retired }
  }

  #invocation(name: string, request: InvocationRequest): Invocation {
    const invocation = createInvocation(request.event, this.arn(name))
    const { clientContext, tenantId, traceId, requestId } = request
    return {
      ...invocation,
      ...(clientContext === undefined ? {} : { clientContext }),
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(traceId === undefined ? {} : { traceId }),
      ...(requestId === undefined ? {} : { requestId }),
    }
  }

  /** Environments of the old code end after what they are doing; then the code is deleted. */
  async #retireCode(of: LocalFunction, code: FunctionCode): Promise<void> {
    const revision = of.forgetRevision()
    if (revision !== undefined) {
      await this.pool.retire(revision)
    }
    await this.#quietly(code.remove())
    if (of.isPersistent) {
      await this.#quietly(this.#change(of.name, () => this.#store.sweep(of.name)))
    }
  }

  /** Cleaning up after an answer: nobody is there to be told of a failure but the terminal. */
  async #quietly(work: Promise<void> | undefined): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#options.onProblem(error)
    }
  }

  #countReservations(): void {
    let reserved = 0
    for (const { configuration } of this.#functions.values()) {
      reserved += configuration.reservedConcurrency ?? 0
    }
    this.pool.reserved = reserved
  }

  async #save(changed: LocalFunction): Promise<void> {
    if (changed.isPersistent) {
      await this.#store.save(changed)
    }
  }

  #checkIsNew(name: string): void {
    if (this.#functions.has(name)) {
      throw new ResourceConflictException(`Function already exist: ${name}`)
    }
  }

  async #change<Result>(name: string, change: () => Promise<Result>): Promise<Result> {
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
