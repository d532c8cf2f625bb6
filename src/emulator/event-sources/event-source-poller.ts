/**
 * Hands a queue's messages to a function, in batches, as Lambda's pollers do: what the function takes is deleted; what it
 * fails on, or names in `batchItemFailures`, comes again.
 *
 * Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", and "Handling errors for an SQS event source".
 */

import { randomUUID } from 'node:crypto'
import { clearTimeout, setTimeout } from 'node:timers'
import { MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import type { LocalLambda } from '../local-lambda.ts'
import type { EventSourceDescription, MessageQueue, QueueMessage } from './event-source.ts'

export interface EventSourcePollerOptions {
  lambda: LocalLambda
  functionName: string
  queue: MessageQueue
  batchSize: number
  /** Hears, in a sentence, of what nobody else is told. */
  onNotice: (message: string) => void
}

/** After an error, so that a queue that is not there is not asked all the time. */
const PAUSE_MS = 1000

export class EventSourcePoller {
  readonly description: EventSourceDescription
  readonly #options: EventSourcePollerOptions
  readonly #end = new AbortController()
  #running: Promise<void> | undefined
  #lastProblem: string | undefined

  constructor(options: EventSourcePollerOptions) {
    this.#options = options
    const { functionName, queue, batchSize } = options
    this.description = { id: randomUUID(), functionName, source: queue.name, batchSize, state: 'Enabled' }
  }

  start(): void {
    this.#running = this.#poll()
  }

  /** Resolves when nothing of it runs. What the function had not answered comes again. */
  async close(): Promise<void> {
    this.#end.abort()
    await this.#running
  }

  async #poll(): Promise<void> {
    const { queue, batchSize } = this.#options
    const { signal } = this.#end
    while (!signal.aborted) {
      try {
        const messages = await queue.receive(batchSize, signal)
        if (messages.length > 0 && !signal.aborted) {
          await this.#handOver(messages)
        }
        this.#lastProblem = undefined
      } catch (error) {
        if (!signal.aborted) {
          this.#tell(error)
          await pause(PAUSE_MS, signal)
        }
      }
    }
  }

  async #handOver(messages: readonly QueueMessage[]): Promise<void> {
    const { lambda, functionName, queue } = this.#options
    const failed = await this.#failures(messages).catch(async (error) => {
      await queue.release(messages)
      throw error
    })
    await queue.delete(messages.filter(({ messageId }) => !failed.has(messageId)))
    await queue.release(messages.filter(({ messageId }) => failed.has(messageId)))
    if (failed.size > 0) {
      const what = `${failed.size} of ${messages.length} messages of ${queue.name}`
      this.#options.onNotice(`${lambda.find(functionName).name} failed on ${what}; they come again`)
    }
  }

  /** The messages' ids on which the function failed. */
  async #failures(messages: readonly QueueMessage[]): Promise<Set<string>> {
    const { lambda, functionName, queue } = this.#options
    const event = {
      Records: messages.map((message) => ({
        ...message,
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:${lambda.region}:${lambda.accountId}:${queue.name}`,
        awsRegion: lambda.region,
      })),
    }
    const started = await lambda.invoker.invoke(functionName, {
      event: Buffer.from(JSON.stringify(event)),
      source: 'event source',
    })
    const outcome = await wholeOutcome(await started.outcome, MAX_RESPONSE_BYTES)
    const all = new Set(messages.map(({ messageId }) => messageId))
    return outcome.kind === 'error' ? all : reportedFailures(outcome.body, all)
  }

  #tell(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (reason !== this.#lastProblem) {
      this.#lastProblem = reason
      this.#options.onNotice(`cannot go on with the event source ${this.#options.queue.name}: ${reason}`)
    }
  }
}

/** An id that is none of the batch's, or no id at all, means that all have failed, as on Lambda. */
function reportedFailures(body: Buffer, all: Set<string>): Set<string> {
  let failures: unknown
  try {
    const answer = JSON.parse(body.toString()) as { batchItemFailures?: unknown } | null
    failures = answer?.batchItemFailures ?? []
  } catch {
    return all
  }
  if (!Array.isArray(failures)) {
    return all
  }
  const ids = failures.map((failure) => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier)
  return ids.every((id) => typeof id === 'string' && all.has(id)) ? new Set(ids as string[]) : all
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
