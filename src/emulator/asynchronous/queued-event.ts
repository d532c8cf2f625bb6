/** An asynchronous invocation as it stands in its file. */

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UNFINISHED } from '../atomic-file.ts'

export interface QueuedEvent {
  requestId: string
  functionName: string
  /** A version or an alias; `$LATEST` unless given. */
  qualifier?: string
  /** JSON. */
  event: Uint8Array
  /** JSON. */
  clientContext?: string
  tenantId?: string
  traceId?: string
  /** Milliseconds since the epoch. */
  queuedAt: number
  /** Those that failed. */
  attempts: number
  /** Milliseconds since the epoch: when the next attempt may begin. */
  notBefore: number
}

const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const FUNCTION_NAME = /^[a-zA-Z0-9_-]{1,64}$/

/** The event's bytes are kept as they came, not as JSON within JSON: numbers too large for JavaScript survive. */
export function serializeQueuedEvent(event: QueuedEvent): string {
  return `${JSON.stringify({ ...event, event: Buffer.from(event.event).toString() })}\n`
}

/** Throws when the text is not of a queued event. */
function parseQueuedEvent(text: string): QueuedEvent {
  const parsed = JSON.parse(text) as Partial<Omit<QueuedEvent, 'event'>> & { event?: unknown }
  const { requestId, functionName, event, queuedAt, attempts, notBefore } = parsed
  const numbers = [queuedAt, attempts, notBefore]
  if (
    !REQUEST_ID.test(requestId ?? '') ||
    !FUNCTION_NAME.test(functionName ?? '') ||
    typeof event !== 'string' ||
    !numbers.every(Number.isFinite)
  ) {
    throw new Error('it is not a queued event')
  }
  return { ...(parsed as QueuedEvent), event: Buffer.from(event) }
}

/** Those in a folder, in no order. `onNotice` hears, in a sentence, of each file that cannot be read; it stays there. */
export async function readQueuedEvents(
  folder: string,
  onNotice: (message: string) => void,
): Promise<QueuedEvent[]> {
  const events: QueuedEvent[] = []
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (UNFINISHED.test(name)) {
      await rm(path, { force: true })
    } else if (name.endsWith('.json')) {
      try {
        events.push(parseQueuedEvent(await readFile(path, 'utf8')))
      } catch (error) {
        const reason = error instanceof Error ? error.message : error
        onNotice(`cannot read the queued event ${path} (${reason}); it stays there, and is not run`)
      }
    }
  }
  return events
}
