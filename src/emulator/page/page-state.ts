/** What the page shows, as one document. */

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import type { InvocationEntry, InvocationHistory } from '../invocation-history.ts'
import type { LocalLambda } from '../local-lambda.ts'

export interface PageSource {
  lambda: LocalLambda
  queue: EventQueue
  history: InvocationHistory
  failedFolder: string
}

export interface FailedEvent {
  functionName: string
  qualifier: string | undefined
  event: Buffer
  remove: () => Promise<void>
}

const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const PREVIEW_LENGTH = 100
/** In UTF-8. */
const MAX_CHARACTER_BYTES = 4
/** Of those that wait, and of those that failed for good, as many as anybody looks at. */
const MAX_EVENTS = 100

export async function describeState(source: PageSource): Promise<object> {
  return {
    functions: describeFunctions(source),
    invocations: source.history.entries.map(summary),
    ...describeQueue(source),
    failed: await describeFailed(source),
  }
}

/** What a list shows of an invocation: the rest is asked for. */
export function summary({ event, response, log, ...entry }: InvocationEntry): object {
  return { ...entry, preview: preview(event) }
}

function preview(text = ''): string {
  return text.slice(0, PREVIEW_LENGTH)
}

export function describeFunctions({ lambda }: PageSource): object[] {
  return lambda.functions.map(({ name, allVersions, aliases, configuration }) => {
    const counts = allVersions
      .flatMap(({ revisions }) => revisions)
      .map((revision) => lambda.pool.counts(revision))
    return {
      name,
      description: configuration.description,
      handler: configuration.handler,
      memorySize: configuration.memorySize,
      timeout: configuration.timeout,
      qualifiers: [...allVersions.map(({ version }) => version), ...aliases.keys()],
      busy: counts.reduce((sum, { busy }) => sum + busy, 0),
      idle: counts.reduce((sum, { idle }) => sum + idle, 0),
    }
  })
}

/** The first of the queue, and how many there are. */
export function describeQueue({ queue }: PageSource): { queued: object[]; queuedCount: number } {
  const events = queue.events
  const queued = events
    .slice(0, MAX_EVENTS)
    .map(({ requestId, functionName, attempts, queuedAt, notBefore, event }) => ({
      ...{ requestId, functionName, attempts, queuedAt, notBefore },
      event: preview(Buffer.from(event.subarray(0, PREVIEW_LENGTH * MAX_CHARACTER_BYTES)).toString()),
    }))
  return { queued, queuedCount: events.length }
}

export async function describeFailed({ failedFolder }: PageSource): Promise<object[]> {
  const found: object[] = []
  for (const functionName of await readdir(failedFolder).catch(() => [])) {
    for (const file of await readdir(join(failedFolder, functionName)).catch(() => [])) {
      if (found.length < MAX_EVENTS && file.endsWith('.json')) {
        const record = await readRecord(join(failedFolder, functionName, file))
        if (record !== undefined) {
          found.push({
            functionName,
            requestId: file.slice(0, -'.json'.length),
            condition: record.requestContext?.condition,
            failedAt: record.timestamp,
            event: preview(JSON.stringify(record.requestPayload)),
          })
        }
      }
    }
  }
  return found
}

export async function readFailedEvent(
  failedFolder: string,
  requestId: string,
): Promise<FailedEvent | undefined> {
  if (!REQUEST_ID.test(requestId)) {
    return undefined
  }
  for (const functionName of await readdir(failedFolder).catch(() => [])) {
    const path = join(failedFolder, functionName, `${requestId}.json`)
    const record = await readRecord(path)
    if (record !== undefined) {
      const [, qualifier] = /:function:[^:]+:(.+)$/.exec(record.requestContext?.functionArn ?? '') ?? []
      return {
        functionName,
        qualifier,
        event: Buffer.from(JSON.stringify(record.requestPayload)),
        remove: () => rm(path, { force: true }),
      }
    }
  }
  return undefined
}

interface FailureRecord {
  timestamp?: string
  requestContext?: { condition?: string; functionArn?: string }
  requestPayload?: unknown
}

async function readRecord(path: string): Promise<FailureRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as FailureRecord
  } catch {
    return undefined
  }
}
