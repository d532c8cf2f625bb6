/**
 * Tells open pages what changes, as server-sent events: of many changes at once, the latest.
 *
 *     {invocations, isPartial, functions?, queued?, queuedCount?, failed?}
 *
 * `invocations` are summaries of those that have changed. Where more have than are in sight, it is the latest of them, and
 * those that the page shows as not ended; then `isPartial` is true, and the page asks for all when one comes that is not. One
 * always does. The other members are there where they are not what they were.
 *
 * A page costs little beside a busy function, as both run on one machine. One that nobody reads from costs nothing: what it
 * has not taken is dropped, and the next that it takes tells it to ask for everything.
 */

import type { ServerResponse } from 'node:http'
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import type { InvocationEntry } from '../invocation-history.ts'
import { describeFailed, describeFunctions, describeQueue, type PageSource, summary } from './page-state.ts'

/** How long changes are gathered. */
const GATHERING_MS = 250
/** The same while more change than are told of: nobody reads faster. */
const BUSY_GATHERING_MS = 1000
/** So that a proxy or a browser does not take a quiet connection for a dead one. */
const HEARTBEAT_MS = 15_000
/** Invocations told of at once: more rows than are in sight. */
const MAX_ENTRIES = 25
/** How long what was read from the disk is taken for true where nothing says otherwise. */
const FAILED_AGE_MS = 10_000

export class PageChanges {
  readonly #source: PageSource
  readonly #readers = new Set<ServerResponse>()
  /** Those that did not take the last that was told. */
  readonly #behind = new WeakSet<ServerResponse>()
  readonly #changed = new Map<string, InvocationEntry>()
  #isPartial = false
  /** Request ids of those that were told of before they had ended. */
  readonly #unended = new Set<string>()
  /** As JSON, what was told last, by member. */
  readonly #told = new Map<string, string>()
  #failed: { found: object[]; readAt: number } | undefined
  #gatheringMs = GATHERING_MS
  #timer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(source: PageSource) {
    this.#source = source
    source.history.on('change', (entry) => {
      if (this.#readers.size > 0) {
        this.#keep(entry)
        this.#sendSoon()
      }
    })
    source.queue.on('change', () => this.announce())
  }

  follow(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    response.write(': hello\n\n')
    this.#readers.add(response)
    this.#heartbeat ??= setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS).unref()
    response.on('close', () => this.#leave(response))
    this.announce()
  }

  /** Something else than an invocation has changed. */
  announce(): void {
    this.#failed = undefined
    this.#sendSoon()
  }

  close(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#heartbeat)
    for (const reader of this.#readers) {
      reader.end()
    }
  }

  #leave(reader: ServerResponse): void {
    this.#readers.delete(reader)
    if (this.#readers.size === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#changed.clear()
      this.#isPartial = false
      this.#unended.clear()
      this.#told.clear()
      this.#gatheringMs = GATHERING_MS
    }
  }

  /** Of more than are told of, nothing is kept for each: the latest are in the history when it is time. */
  #keep(entry: InvocationEntry): void {
    if (this.#isPartial) {
      if (this.#unended.has(entry.requestId)) {
        this.#changed.set(entry.requestId, entry)
      }
      return
    }
    this.#changed.set(entry.requestId, entry)
    if (this.#changed.size > MAX_ENTRIES + this.#unended.size) {
      this.#isPartial = true
      for (const requestId of this.#changed.keys()) {
        if (!this.#unended.has(requestId)) {
          this.#changed.delete(requestId)
        }
      }
    }
  }

  #sendSoon(): void {
    if (this.#readers.size > 0) {
      this.#timer ??= setTimeout(() => this.#send(), this.#gatheringMs)
    }
  }

  async #send(): Promise<void> {
    const { invocations, isPartial } = this.#takeChanged()
    const members: Record<string, unknown> = {
      functions: describeFunctions(this.#source),
      ...describeQueue(this.#source),
      failed: await this.#readFailed(),
    }
    this.#timer = undefined
    const news = Object.keys(members).filter((name) => this.#isNews(name, JSON.stringify(members[name])))
    const wereBehind = this.#write(this.#message(invocations, isPartial, news), () =>
      this.#message(invocations, true, this.#told.keys()),
    )
    this.#gatheringMs = isPartial ? BUSY_GATHERING_MS : GATHERING_MS
    if (isPartial || wereBehind || this.#changed.size > 0) {
      this.#sendSoon()
    }
  }

  #message(invocations: readonly InvocationEntry[], isPartial: boolean, names: Iterable<string>): string {
    const members = Array.from(names, (name) => `,"${name}":${this.#told.get(name)}`)
    const summaries = JSON.stringify(invocations.map(summary))
    return `data: {"invocations":${summaries},"isPartial":${isPartial}${members.join('')}}\n\n`
  }

  #takeChanged(): { invocations: InvocationEntry[]; isPartial: boolean } {
    const isPartial = this.#isPartial
    const latest = isPartial ? this.#source.history.latest(MAX_ENTRIES) : []
    const invocations = [...new Set([...this.#changed.values(), ...latest.reverse()])]
    this.#changed.clear()
    this.#isPartial = false
    for (const { requestId } of invocations) {
      this.#unended.add(requestId)
    }
    for (const requestId of this.#unended) {
      const { state } = this.#source.history.find(requestId) ?? {}
      if (state !== 'queued' && state !== 'running') {
        this.#unended.delete(requestId)
      }
    }
    return { invocations, isPartial }
  }

  async #readFailed(): Promise<object[]> {
    if (this.#failed === undefined || performance.now() - this.#failed.readAt > FAILED_AGE_MS) {
      const known = { found: [] as object[], readAt: performance.now() }
      this.#failed = known
      known.found = await describeFailed(this.#source)
    }
    return this.#failed.found
  }

  #isNews(name: string, text: string): boolean {
    const isNews = this.#told.get(name) !== text
    this.#told.set(name, text)
    return isNews
  }

  /**
   * To those that did not take the last, `toBehind` instead; true where there were any. A full one is told of what is
   * new when it has taken what it has.
   */
  #write(text: string, toBehind?: () => string): boolean {
    let wereBehind = false
    for (const reader of this.#readers) {
      if (reader.writableNeedDrain) {
        if (!this.#behind.has(reader)) {
          this.#behind.add(reader)
          reader.once('drain', () => this.#sendSoon())
        }
      } else if (toBehind !== undefined && this.#behind.delete(reader)) {
        wereBehind = true
        reader.write(toBehind())
      } else {
        reader.write(text)
      }
    }
    return wereBehind
  }
}
