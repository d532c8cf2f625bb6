/**
 * The latest invocations, for the page: event, response, log and times of each, as far as they are not too large.
 *
 * Nothing is kept that nobody may look at: a few hundred, in memory, and fewer where they are large.
 */

import { EventEmitter } from 'node:events'
import type { FunctionError, InvocationOutcome } from '../runtime-api/exchange.ts'
import type { Invocation } from '../runtime-api/invocation.ts'
import type { PooledInvocation } from './environments/environment-pool.ts'
import type { InvocationReport } from './environments/log/log-lines.ts'

/** Who asked for an invocation. */
export type InvocationSource = 'api' | 'url' | 'route' | 'page' | 'queue' | 'event source'

export interface InvocationEntry {
  requestId: string
  functionName: string
  version: string
  source: InvocationSource
  /** Milliseconds since the epoch. */
  startedAt: number
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'refused'
  /** JSON, cut off where it is too long. */
  event: string
  response?: string
  errorType?: string
  log?: string
  /** Milliseconds of each part of its life, as far as it has come. */
  queueMs?: number
  initMs?: number
  handlerMs?: number
  responseMs?: number
  durationMs?: number
  memoryMb?: number
}

const MAX_ENTRIES = 500
const MAX_TEXT_BYTES = 256 * 1024
/** Of the texts of all entries together, in characters. */
const MAX_LENGTH = 32e6

/** Emits `change` with each entry that is new or has changed. */
export class InvocationHistory extends EventEmitter<{ change: [InvocationEntry] }> {
  readonly #entries = new Map<string, InvocationEntry>()
  /** Of each entry's texts, by request id; and of all together. */
  readonly #lengths = new Map<string, number>()
  #length = 0

  /** The latest first. */
  get entries(): InvocationEntry[] {
    return [...this.#entries.values()].reverse()
  }

  latest(count: number): InvocationEntry[] {
    return this.entries.slice(0, count)
  }

  find(requestId: string): InvocationEntry | undefined {
    return this.#entries.get(requestId)
  }

  /** Request ids of those with the text in their event, response, log, name or error, whatever its case. */
  search(text: string): string[] {
    const wanted = text.toLowerCase()
    return this.entries
      .filter((entry) =>
        [entry.event, entry.response, entry.log, entry.functionName, entry.requestId, entry.errorType].some(
          (part) => part?.toLowerCase().includes(wanted),
        ),
      )
      .map(({ requestId }) => requestId)
  }

  begin(
    functionName: string,
    version: string,
    { requestId, event }: Invocation,
    source: InvocationSource,
  ): EntryInProgress {
    const entry: InvocationEntry = {
      ...{ requestId, functionName, version, source },
      startedAt: Date.now(),
      state: 'queued',
      event: shortened(event),
    }
    this.#forget(requestId)
    this.#entries.set(requestId, entry)
    this.#changed(entry)
    return new EntryInProgress(entry, () => this.#changed(entry))
  }

  #changed(entry: InvocationEntry): void {
    // One that goes on, and is too old to be shown, stays forgotten.
    if (this.#entries.get(entry.requestId) !== entry) {
      return
    }
    const length = lengthOf(entry)
    this.#length += length - (this.#lengths.get(entry.requestId) ?? 0)
    this.#lengths.set(entry.requestId, length)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES && this.#length <= MAX_LENGTH) {
        break
      }
      this.#forget(oldest)
    }
    this.emit('change', entry)
  }

  #forget(requestId: string): void {
    this.#length -= this.#lengths.get(requestId) ?? 0
    this.#lengths.delete(requestId)
    this.#entries.delete(requestId)
  }
}

function lengthOf({ event, response = '', log = '' }: InvocationEntry): number {
  return event.length + response.length + log.length
}

/** One invocation on its way. */
export class EntryInProgress {
  readonly #entry: InvocationEntry
  readonly #changed: () => void
  readonly #begun = performance.now()

  constructor(entry: InvocationEntry, changed: () => void) {
    this.#entry = entry
    this.#changed = changed
  }

  failedToBuild(error: FunctionError): void {
    this.#change({ state: 'failed', errorType: error.errorType, response: shortened(error.body) })
  }

  refused(error: unknown): void {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    this.#change({ state: 'refused', errorType: name, response: message })
  }

  /** Looks on as it runs. What its invoker gets is what this returns. */
  follow(pooled: PooledInvocation): PooledInvocation {
    const started = performance.now()
    this.#change({ state: 'running', queueMs: started - this.#begun })
    const outcome = pooled.outcome.then((answer) => {
      this.#change({ handlerMs: performance.now() - started })
      return this.#watch(answer)
    })
    const logTail = pooled.logTail
    Promise.all([pooled.report, logTail]).then(([report, log]) => this.#end(report, log))
    return { ...pooled, outcome }
  }

  #watch(outcome: InvocationOutcome): InvocationOutcome {
    if (outcome.kind === 'stream') {
      const chunks: Buffer[] = []
      let bytes = 0
      outcome.body.on('data', (chunk: Buffer) => {
        if (bytes <= MAX_TEXT_BYTES) {
          chunks.push(chunk)
          bytes += chunk.length
        }
      })
      // Whoever asked for it decides when it flows.
      outcome.body.pause()
      outcome.body.on('end', () => this.#change({ response: shortened(Buffer.concat(chunks)) }))
      outcome.failure.then((failure) => failure && this.#change({ errorType: failure.errorType }))
      return outcome
    }
    this.#change({
      response: shortened(outcome.body),
      ...(outcome.kind === 'error' && { errorType: outcome.errorType }),
    })
    return outcome
  }

  #end({ durationMs, initDurationMs, maxMemoryUsedMb, status }: InvocationReport, log: Buffer): void {
    const { handlerMs = durationMs, errorType } = this.#entry
    this.#change({
      state: status !== undefined || errorType !== undefined ? 'failed' : 'succeeded',
      log: log.toString(),
      handlerMs: Math.min(handlerMs, durationMs),
      responseMs: Math.max(durationMs - handlerMs, 0),
      durationMs,
      memoryMb: maxMemoryUsedMb,
      // It had to wait for that, too.
      ...(initDurationMs !== undefined && {
        initMs: initDurationMs,
        queueMs: Math.max((this.#entry.queueMs ?? 0) - initDurationMs, 0),
      }),
    })
  }

  #change(change: Partial<InvocationEntry>): void {
    Object.assign(this.#entry, change)
    this.#changed()
  }
}

function shortened(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8', 0, MAX_TEXT_BYTES)
  return bytes.byteLength > MAX_TEXT_BYTES ? `${text}…` : text
}
