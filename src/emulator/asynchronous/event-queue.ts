/**
 * Asynchronous invocations: each is a file in the queue's folder from before its sender is answered until it is over,
 * so that none is lost when the emulator stops, however it stops. One that was running then runs again: at least once,
 * as on Lambda.
 *
 * A function that fails is given the event twice more, after a while each. Then the event becomes a file in the folder
 * of failures, in the form in which Lambda sends it to an on-failure destination.
 */

import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import type { BufferedResponse, FunctionError } from '../../runtime-api/exchange.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import { UNFINISHED, writeAtomically } from '../atomic-file.ts'
import { LambdaError, ResourceNotFoundException, TooManyRequestsException } from '../lambda-error.ts'
import type { InvocationRequest, LocalLambda } from '../local-lambda.ts'
import { type FailureCondition, failureRecord } from './failure-record.ts'
import { parseQueuedEvent, type QueuedEvent, serializeQueuedEvent } from './queued-event.ts'

export interface EventQueueOptions {
  lambda: LocalLambda
  /** The queue's folder, which must be there. */
  folder: string
  /** Where events go that failed for good: `<failedFolder>/<function>/<request id>.json`. */
  failedFolder: string
  /** Before the second and before the third attempt. */
  retryDelaysMs: readonly [number, number]
  /** Hears, in a sentence, of events that fail for good and of files that cannot be read. */
  onNotice: (message: string) => void
}

const MAX_ATTEMPTS = 3
/** Lambda's: six hours. */
const MAX_AGE_MS = 6 * 60 * 60 * 1000
/** Before a throttled event is tried again; this is no attempt. */
const THROTTLE_DELAY_MS = 200

export class EventQueue {
  readonly #options: EventQueueOptions
  readonly #ready: QueuedEvent[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()
  #closed = false

  constructor(options: EventQueueOptions) {
    this.#options = options
  }

  /** Takes up what an earlier emulator has left. */
  async load(): Promise<void> {
    const { folder, onNotice } = this.#options
    const events: QueuedEvent[] = []
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      if (UNFINISHED.test(name)) {
        await rm(path, { force: true })
      } else if (name.endsWith('.json')) {
        try {
          events.push(parseQueuedEvent(await readFile(path, 'utf8')))
        } catch (error) {
          onNotice(`cannot read the queued event ${path} (${reason(error)}); it stays there, and is not run`)
        }
      }
    }
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
      event: request.event,
      ...(request.clientContext !== undefined && { clientContext: request.clientContext }),
      ...(request.tenantId !== undefined && { tenantId: request.tenantId }),
      ...(request.traceId !== undefined && { traceId: request.traceId }),
      queuedAt: Date.now(),
      attempts: 0,
      notBefore: 0,
    }
    await writeAtomically(this.#path(event), serializeQueuedEvent(event))
    this.#schedule(event)
    return requestId
  }

  /** Starts nothing more. What is running stays in its file, for the next emulator. */
  close(): void {
    this.#closed = true
    this.#timers.forEach(clearTimeout)
    this.#timers.clear()
    this.#ready.length = 0
  }

  #schedule(event: QueuedEvent): void {
    const delay = event.notBefore - Date.now()
    if (delay <= 0) {
      this.#ready.push(event)
      this.#dispatch()
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#ready.push(event)
      this.#dispatch()
    }, delay)
    this.#timers.add(timer)
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
    if (Date.now() - event.queuedAt > MAX_AGE_MS) {
      await this.#fail(event, 'EventAgeExceeded', undefined)
      return
    }
    try {
      const outcome = await this.#invoke(event)
      if (this.#closed) {
        return
      }
      await (outcome.kind === 'response' ? this.#remove(event) : this.#failedAttempt(event, outcome))
    } catch (error) {
      await this.#refused(event, error)
    }
  }

  async #invoke(event: QueuedEvent): Promise<BufferedResponse | FunctionError> {
    const { functionName, requestId, clientContext, tenantId, traceId } = event
    const started = await this.#options.lambda.invoke(functionName, {
      event: event.event,
      requestId,
      clientContext,
      tenantId,
      traceId,
    })
    const outcome = await wholeOutcome(await started.outcome, MAX_RESPONSE_BYTES)
    // The environment is busy until then: the next event of the queue would only be throttled.
    await started.logTail
    return outcome
  }

  async #failedAttempt(event: QueuedEvent, error: FunctionError): Promise<void> {
    const attempts = event.attempts + 1
    const delay = this.#options.retryDelaysMs[event.attempts === 0 ? 0 : 1]
    if (attempts >= MAX_ATTEMPTS) {
      await this.#fail({ ...event, attempts }, 'RetriesExhausted', error)
      return
    }
    const next = { ...event, attempts, notBefore: Date.now() + delay }
    await writeAtomically(this.#path(event), serializeQueuedEvent(next))
    this.#schedule(next)
  }

  async #refused(event: QueuedEvent, error: unknown): Promise<void> {
    if (this.#closed) {
      return
    }
    if (error instanceof TooManyRequestsException) {
      this.#schedule({ ...event, notBefore: Date.now() + THROTTLE_DELAY_MS })
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
    error: FunctionError | undefined,
  ): Promise<void> {
    const { failedFolder, lambda, onNotice } = this.#options
    const folder = join(failedFolder, event.functionName)
    const path = join(folder, `${event.requestId}.json`)
    await mkdir(folder, { recursive: true })
    const record = failureRecord(event, lambda.arn(event.functionName), condition, error)
    await writeAtomically(path, `${JSON.stringify(record, undefined, 2)}\n`)
    await this.#remove(event)
    onNotice(
      `${event.functionName} failed for good on the event ${event.requestId} (${condition}); it is in ${path}`,
    )
  }

  async #remove(event: QueuedEvent): Promise<void> {
    await rm(this.#path(event), { force: true })
  }

  #path({ requestId }: QueuedEvent): string {
    return join(this.#options.folder, `${requestId}.json`)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
