/**
 * Where the records of asynchronous invocations go: to another function of this emulator; those for queues, topics, buses
 * and buckets into a folder, one file each, to be looked at.
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '../atomic-file.ts'

export interface DestinationOptions {
  folder: string
  /** Queues the record as an event of a function. */
  invoke: (functionArn: string, payload: Buffer) => Promise<void>
  /** Hears, in a sentence, of a record that could not be delivered. */
  onNotice: (message: string) => void
}

const FUNCTION = /^arn:[^:]+:lambda:[^:]*:[^:]*:function:/

/** Never rejects: the invocation is over, whatever becomes of its record. */
export async function sendToDestination(
  destination: string,
  requestId: string,
  record: object,
  { folder, invoke, onNotice }: DestinationOptions,
): Promise<void> {
  try {
    if (FUNCTION.test(destination)) {
      await invoke(destination, Buffer.from(JSON.stringify(record)))
      return
    }
    const place = join(folder, destination.replace(/[^a-zA-Z0-9_.-]+/g, '_').slice(-200))
    await mkdir(place, { recursive: true })
    await writeAtomically(join(place, `${requestId}.json`), `${JSON.stringify(record, undefined, 2)}\n`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    onNotice(`cannot send the record of ${requestId} to ${destination}: ${reason}`)
  }
}
