/** Runs functions: picks the version, has its code made ready, and hands the event to an environment. */

import { randomUUID } from 'node:crypto'
import { platformFunctionError } from '../runtime-api/exchange.ts'
import { createInvocation, type Invocation } from '../runtime-api/invocation.ts'
import type { Account } from './account.ts'
import type { PreparedCode, ReadyCode } from './code/function-code.ts'
import type { EnvironmentPool, PooledInvocation } from './environments/environment-pool.ts'
import type { EnvironmentSettings, FunctionRevision } from './functions/function-revision.ts'
import { type FunctionVersion, LATEST } from './functions/function-version.ts'
import type { LocalFunction } from './functions/local-function.ts'
import type { InvocationHistory, InvocationSource } from './invocation-history.ts'
import { InvalidParameterValueException } from './lambda-error.ts'

export interface InvocationRequest {
  /** JSON. */
  event: Uint8Array
  /** A version or an alias; `$LATEST` unless given. */
  qualifier?: string | undefined
  /** JSON. */
  clientContext?: string | undefined
  tenantId?: string | undefined
  traceId?: string | undefined
  /** A new one unless given. */
  requestId?: string | undefined
  /** Who asks for it; the API unless given. */
  source?: InvocationSource | undefined
  /** Tells that nobody waits for the answer any more. */
  signal?: AbortSignal | undefined
}

export interface StartedInvocation extends Omit<PooledInvocation, 'report'> {
  requestId: string
  traceId: string
  executedVersion: string
}

export interface InvokerOptions {
  account: Account
  pool: EnvironmentPool
  settings: EnvironmentSettings
  history: InvocationHistory | undefined
}

interface Prepared {
  of: LocalFunction
  version: FunctionVersion
  code: PreparedCode
}

export class Invoker {
  readonly #account: Account
  readonly #pool: EnvironmentPool
  readonly #settings: EnvironmentSettings
  readonly #history: InvocationHistory | undefined
  readonly #warming = new Map<string, Promise<void>>()

  constructor({ account, pool, settings, history }: InvokerOptions) {
    this.#account = account
    this.#pool = pool
    this.#settings = settings
    this.#history = history
  }

  /** Rejects with a LambdaError when the function is not there or may not be run now. */
  async invoke(name: string, request: InvocationRequest): Promise<StartedInvocation> {
    if (!this.#settings.enforcesTimeouts) {
      await this.warm(name)
    }
    const { of, version, code } = await this.#prepare(name, request.qualifier ?? LATEST)
    checkTenant(version, request.tenantId)
    const invocation = this.#invocation(name, request)
    const entry = this.#history?.begin(name, version.version, invocation, request.source ?? 'api')
    const { requestId, traceId } = invocation
    const started = { requestId, traceId, executedVersion: version.version }
    if (code.kind === 'failed') {
      const outcome = platformFunctionError(code.error)
      entry?.failedToBuild(outcome)
      const logTail = Promise.resolve(Buffer.from(code.error.errorMessage))
      return { ...started, outcome: Promise.resolve(outcome), logTail }
    }
    const { revision, retired } = this.#revise(of, version, code, request.tenantId)
    if (!this.#settings.enforcesTimeouts) {
      await retired
    }
    try {
      const pooled = await this.#pool.run(revision, invocation, request.signal)
      return { ...started, ...(entry?.follow(pooled) ?? pooled) }
    } catch (error) {
      entry?.refused(error)
      throw error
    }
  }

  /** Sees to it that the function has an environment, before its first invocation: for a debugger. */
  async warm(name: string): Promise<void> {
    const warming = this.#warmOnce(name, this.#warming.get(name))
    this.#warming.set(name, warming)
    await warming
  }

  /** Starts the environments that are provisioned. Resolves when they are there, as far as there is room. */
  async provision(name: string, qualifier: string): Promise<void> {
    const { of, version, code } = await this.#prepare(name, qualifier)
    if (code.kind === 'ready') {
      const { revision } = this.#revise(of, version, code)
      await this.#pool.warm(revision, revision.provisionedConcurrency)
    }
  }

  /** One after the other: two environments of a function would ask for the same port for their inspectors. */
  async #warmOnce(name: string, before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => {})
    const { of, version, code } = await this.#prepare(name, LATEST)
    if (code.kind === 'ready') {
      const { revision, retired } = this.#revise(of, version, code)
      await retired
      await this.#pool.warm(revision)
    }
  }

  async #prepare(name: string, qualifier: string): Promise<Prepared> {
    const arn = this.#account.arn(name)
    // While code is being made, it or the function may be replaced.
    for (;;) {
      const version = this.#account.find(name, qualifier).pick(qualifier, arn)
      const { code } = version
      const prepared = await code.prepare()
      const of = this.#account.find(name, qualifier)
      if (of.allVersions.includes(version) && version.code === code) {
        return { of, version, code: prepared }
      }
    }
  }

  /** The revision to run, and the end of the one that it replaces, if it does. */
  #revise(
    of: LocalFunction,
    version: FunctionVersion,
    ready: ReadyCode,
    tenantId?: string,
  ): { revision: FunctionRevision; retired?: Promise<void> } {
    const tenant = version.configuration.isPerTenant ? tenantId : undefined
    const { revision, replaced } = version.revise(of, ready, this.#settings, tenant)
    if (replaced === undefined) {
      return { revision }
    }
    const { code } = version
    const retired = this.#pool.retire(replaced).then(async () => {
      if (replaced.taskRoot !== ready.taskRoot) {
        await this.#account.quietly(code.retired?.(replaced.taskRoot))
      }
    })
    return { revision, retired }
  }

  #invocation(name: string, request: InvocationRequest): Invocation {
    const { clientContext, tenantId, traceId, requestId = randomUUID(), qualifier } = request
    return {
      ...createInvocation(
        request.event,
        this.#account.arn(name, qualifier === LATEST ? undefined : qualifier),
      ),
      requestId,
      ...(clientContext === undefined ? {} : { clientContext }),
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(traceId === undefined ? {} : { traceId }),
    }
  }
}

function checkTenant({ configuration }: FunctionVersion, tenantId: string | undefined): void {
  if (configuration.isPerTenant && tenantId === undefined) {
    throw new InvalidParameterValueException(
      'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.',
    )
  }
  if (!configuration.isPerTenant && tenantId !== undefined) {
    throw new InvalidParameterValueException(
      'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.',
    )
  }
}
