/**
 * Asynchronous invocations: each is a file in the queue's folder from before its sender is answered until it is over,
 * so that none is lost when the emulator stops, however it stops. One that was running then runs again: at least once,
 * as on Lambda.
 *
 * A function that fails is given the event twice more, after a while each, unless its event-invoke configuration says
 * otherwise. Then the event becomes a file in the folder of failures, in the form in which Lambda sends it to an on-failure
 * destination. Where the configuration names destinations, they get their record, too: see `destinations.ts`.
 */

import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { clearTimeout, setTimeout } from 'node:timers'
import { MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import type { BufferedResponse, FunctionError } from '../../runtime-api/exchange.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import { writeAtomically } from '../atomic-file.ts'
import type { EventInvokeConfiguration } from '../functions/function-configuration.ts'
import { readFunctionReference } from '../functions/function-reference.ts'
import { LATEST } from '../functions/function-version.ts'
import type { InvocationRequest } from '../invoker.ts'
import { LambdaError, ResourceNotFoundException, TooManyRequestsException } from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import { deadLetter, deadLetterQueueOf } from './dead-letter.ts'
import { sendToDestination } from './destinations.ts'
import { type FailureCondition, type InvocationRecord, invocationRecord } from './invocation-record.ts'
import { type QueuedEvent, readQueuedEvents, serializeQueuedEvent } from './queued-event.ts'

export interface EventQueueOptions {
  lambda: LocalLambda
  /** The queue's folder, which must be there. */
  folder: string
  /** Where events go that failed for good: `<failedFolder>/<function>/<request id>.json`. */
  failedFolder: string
  /** Where records go whose destination is out of reach: `<destinationsFolder>/<destination>/<request id>.json`. */
  destinationsFolder: string
  /** Before the second and before the third attempt. */
  retryDelaysMs: readonly [number, number]
  /** Hears, in a sentence, of events that fail for good and of files that cannot be read. */
  onNotice: (message: string) => void
}

/** Lambda's. */
const MAX_RETRIES = 2
/** Lambda's: six hours. */
const MAX_AGE_SECONDS = 6 * 60 * 60
interface Attempt {
  outcome: BufferedResponse | FunctionError
  executedVersion: string
}

/** Before a throttled event is tried again; this is no attempt. */
const THROTTLE_DELAY_MS = 200

/** Emits `change` when an event is added, tried, or over. */
export class EventQueue extends EventEmitter<{ change: [] }> {
  readonly #options: EventQueueOptions
  /** All that are not over, by request id. */
  readonly #events = new Map<string, QueuedEvent>()
  readonly #ready: QueuedEvent[] = []
  /** Timers of those that wait, by request id. */
  readonly #waiting = new Map<string, NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()
  #closed = false

  constructor(options: EventQueueOptions) {
    super()
    this.#options = options
  }

  /** Those that are not over, the oldest first. */
  get events(): QueuedEvent[] {
    return [...this.#events.values()]
  }

  /** Takes up what an earlier emulator has left. */
  async load(): Promise<void> {
    const { folder, onNotice } = this.#options
    const events = await readQueuedEvents(folder, onNotice)
    events.sort((left, right) => left.queuedAt - right.queuedAt)
    for (const event of events) {
      this.#schedule(event)
    }
  }

  /** Resolves with the request id when the event cannot be lost any more. */
  async add(functionName: string, request: InvocationRequest): Promise<string> {
    const requestId = randomUUID()
    const event: QueuedEvent = {
      requestId,
      functionName,
      ...(request.qualifier !== undefined && { qualifier: request.qualifier }),
      event: request.event,
      ...(request.clientContext !== undefined && { clientContext: request.clientContext }),
      ...(request.tenantId !== undefined && { tenantId: request.tenantId }),
      ...(request.traceId !== undefined && { traceId: request.traceId }),
      queuedAt: wallClock(),
      attempts: 0,
      notBefore: 0,
    }
    await writeAtomically(this.#path(event), serializeQueuedEvent(event))
    this.#schedule(event)
    return requestId
  }

  /** Runs an event that waits for its next attempt now; false when it is not there, or runs already. */
  runNow(requestId: string): boolean {
    const waiting = this.#waiting.get(requestId)
    if (waiting === undefined) {
      return false
    }
    clearTimeout(waiting)
    this.#waiting.delete(requestId)
    this.#schedule({ ...(this.#events.get(requestId) as QueuedEvent), notBefore: 0 })
    return true
  }

  /** Starts nothing more. What is running stays in its file, for the next emulator. */
  close(): void {
    this.#closed = true
    this.#waiting.forEach(clearTimeout)
    this.#waiting.clear()
    this.#ready.length = 0
  }

  #schedule(event: QueuedEvent): void {
    this.#events.set(event.requestId, event)
    this.emit('change')
    const ready = () => {
      this.#waiting.delete(event.requestId)
      this.#ready.push(event)
      this.#dispatch()
    }
    const delay = event.notBefore - wallClock()
    if (delay <= 0) {
      ready()
    } else {
      this.#waiting.set(event.requestId, setTimeout(ready, delay))
    }
  }

  #dispatch(): void {
    while (!this.#closed && this.#running.size < this.#options.lambda.pool.concurrency) {
      const event = this.#ready.shift()
      if (event === undefined) {
        return
      }
      const run = this.#run(event).catch((error) =>
        this.#options.onNotice(`cannot go on with the queued event ${event.requestId}: ${reason(error)}`),
      )
      this.#running.add(run)
      run.finally(() => {
        this.#running.delete(run)
        this.#dispatch()
      })
    }
  }

  async #run(event: QueuedEvent): Promise<void> {
    const { MaximumEventAgeInSeconds: ageSeconds = MAX_AGE_SECONDS } = this.#configuration(event)
    if (wallClock() - event.queuedAt > ageSeconds * 1000) {
      await this.#fail(event, 'EventAgeExceeded', undefined)
      return
    }
    try {
      const { outcome, executedVersion } = await this.#invoke(event)
      if (this.#closed) {
        return
      }
      if (outcome.kind === 'error') {
        await this.#failedAttempt(event, outcome, executedVersion)
      } else {
        const done = { ...event, attempts: event.attempts + 1 }
        await this.#tellDestination(done, { condition: 'Success', executedVersion, outcome })
        await this.#remove(event)
      }
    } catch (error) {
      await this.#refused(event, error)
    }
  }

  /** Of the function as it is now; empty when it is gone. */
  #configuration({ functionName, qualifier = LATEST }: QueuedEvent): Partial<EventInvokeConfiguration> {
    const { lambda } = this.#options
    return lambda.has(functionName)
      ? (lambda.find(functionName).settings.get(qualifier)?.eventInvoke ?? {})
      : {}
  }

  async #invoke(event: QueuedEvent): Promise<Attempt> {
    const { functionName, qualifier, requestId, clientContext, tenantId, traceId } = event
    const started = await this.#options.lambda.invoker.invoke(functionName, {
      event: event.event,
      ...{ requestId, qualifier, clientContext, tenantId, traceId },
      source: 'queue',
    })
    const outcome = await wholeOutcome(await started.outcome, MAX_RESPONSE_BYTES)
    // The environment is busy until then: the next event of the queue would only be throttled.
    await started.logTail
    return { outcome, executedVersion: started.executedVersion }
  }

  async #failedAttempt(event: QueuedEvent, error: FunctionError, executedVersion: string): Promise<void> {
    const attempts = event.attempts + 1
    const delay = this.#options.retryDelaysMs[event.attempts === 0 ? 0 : 1]
    const { MaximumRetryAttempts: retries = MAX_RETRIES } = this.#configuration(event)
    if (attempts > retries) {
      await this.#fail({ ...event, attempts }, 'RetriesExhausted', error, executedVersion)
      return
    }
    const next = { ...event, attempts, notBefore: wallClock() + delay }
    await writeAtomically(this.#path(event), serializeQueuedEvent(next))
    this.#schedule(next)
  }

  async #refused(event: QueuedEvent, error: unknown): Promise<void> {
    if (this.#closed) {
      return
    }
    if (error instanceof TooManyRequestsException) {
      this.#schedule({ ...event, notBefore: wallClock() + THROTTLE_DELAY_MS })
    } else if (error instanceof ResourceNotFoundException) {
      await this.#fail(event, 'FunctionNotFound', undefined)
    } else if (error instanceof LambdaError) {
      await this.#fail(event, 'RetriesExhausted', undefined)
    } else {
      throw error
    }
  }

  /** The failure is written before the event is removed: between the two, both are there rather than none. */
  async #fail(
    event: QueuedEvent,
    condition: FailureCondition,
    outcome: FunctionError | undefined,
    executedVersion = LATEST,
  ): Promise<void> {
    const folder = join(this.#options.failedFolder, event.functionName)
    const path = join(folder, `${event.requestId}.json`)
    await mkdir(folder, { recursive: true })
    const record = this.#record(event, { condition, executedVersion, outcome })
    await writeAtomically(path, `${JSON.stringify(record, undefined, 2)}\n`)
    await this.#tellDestination(event, { condition, executedVersion, outcome })
    await this.#tellDeadLetterQueue(event, outcome)
    await this.#remove(event)
    this.#options.onNotice(
      `${event.functionName} failed for good on the event ${event.requestId} (${condition}); it is in ${path}`,
    )
  }

  #record(event: QueuedEvent, record: Omit<InvocationRecord, 'functionArn'>): object {
    const functionArn = this.#options.lambda.arn(event.functionName, event.qualifier ?? LATEST)
    return invocationRecord(event, { ...record, functionArn })
  }

  async #tellDestination(event: QueuedEvent, record: Omit<InvocationRecord, 'functionArn'>): Promise<void> {
    const { DestinationConfig: destinations } = this.#configuration(event)
    const { Destination: destination } =
      (record.condition === 'Success' ? destinations?.OnSuccess : destinations?.OnFailure) ?? {}
    if (destination) {
      await this.#deliver(event, destination, this.#record(event, record))
    }
  }

  async #tellDeadLetterQueue(event: QueuedEvent, outcome: FunctionError | undefined): Promise<void> {
    const queue = deadLetterQueueOf(event, this.#options.lambda)
    if (queue !== undefined) {
      await this.#deliver(event, queue, deadLetter(event, outcome))
    }
  }

  async #deliver({ requestId }: QueuedEvent, destination: string, content: object): Promise<void> {
    const { destinationsFolder, lambda, onNotice } = this.#options
    await sendToDestination(destination, requestId, content, {
      folder: destinationsFolder,
      invoke: async (reference, payload) => {
        const { name, qualifier } = readFunctionReference(reference, null, lambda)
        await this.add(name, { event: payload, qualifier })
      },
      onNotice,
    })
  }

  async #remove(event: QueuedEvent): Promise<void> {
    await rm(this.#path(event), { force: true })
    this.#events.delete(event.requestId)
    this.emit('change')
  }

  #path({ requestId }: QueuedEvent): string {
    return join(this.#options.folder, `${requestId}.json`)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
