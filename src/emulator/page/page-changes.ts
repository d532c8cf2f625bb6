/**
 * Tells open pages what changes, as server-sent events: of many changes at once, the last.
 *
 * A page that nobody reads from costs nothing: what it has not taken is dropped, and it asks for everything when it is
 * back.
 */

import type { ServerResponse } from 'node:http'
import type { InvocationEntry } from '../invocation-history.ts'
import { describeFailed, describeFunctions, describeQueue, type PageSource, summary } from './page-state.ts'

/** How long changes are gathered. */
const GATHERING_MS = 250
/** So that a proxy or a browser does not take a quiet connection for a dead one. */
const HEARTBEAT_MS = 15_000
/** Invocations told of at once; a page that is shown more cannot be read. */
const MAX_ENTRIES = 100

export class PageChanges {
  readonly #source: PageSource
  readonly #readers = new Set<ServerResponse>()
  readonly #changed = new Map<string, InvocationEntry>()
  #timer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(source: PageSource) {
    this.#source = source
    source.history.on('change', (entry) => {
      if (this.#readers.size > 0) {
        this.#changed.set(entry.requestId, entry)
        this.announce()
      }
    })
    source.queue.on('change', () => this.announce())
  }

  follow(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    response.write(': hello\n\n')
    this.#readers.add(response)
    this.#heartbeat ??= setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS).unref()
    response.on('close', () => this.#readers.delete(response))
    this.announce()
  }

  /** Something has changed. */
  announce(): void {
    if (this.#readers.size > 0) {
      this.#timer ??= setTimeout(() => this.#send(), GATHERING_MS)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#heartbeat)
    for (const reader of this.#readers) {
      reader.end()
    }
  }

  async #send(): Promise<void> {
    const invocations = [...this.#changed.values()].slice(-MAX_ENTRIES)
    this.#changed.clear()
    const document = {
      functions: describeFunctions(this.#source),
      invocations: invocations.map(summary),
      queued: describeQueue(this.#source),
      failed: await describeFailed(this.#source),
    }
    this.#timer = undefined
    this.#write(`data: ${JSON.stringify(document)}\n\n`)
    if (this.#changed.size > 0) {
      this.announce()
    }
  }

  #write(text: string): void {
    for (const reader of this.#readers) {
      if (!reader.writableNeedDrain) {
        reader.write(text)
      }
    }
  }
}
