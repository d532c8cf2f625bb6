/**
 * A folder as a queue: each file is a message. One that the function has taken is deleted; one that it has failed on three
 * times goes to `failed/` in the folder.
 */

import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { clearTimeout, setTimeout } from 'node:timers'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import type { MessageQueue, QueueMessage } from './event-source.ts'

const MAX_RECEIVES = 3
const RETRY_MS = 1000
/** Where the system does not tell of new files. */
const LOOK_MS = 1000
const FAILED = 'failed'

export class FolderQueue implements MessageQueue {
  readonly name: string
  readonly #folder: string
  /** By file name, how often a message was handed out, and when it may be again. */
  readonly #received = new Map<string, { count: number; notBefore: number }>()

  constructor(folder: string) {
    this.#folder = folder
    this.name = basename(folder)
  }

  async receive(most: number, signal: AbortSignal): Promise<QueueMessage[]> {
    const found = await this.#take(most)
    if (found.length > 0 || signal.aborted) {
      return found
    }
    await this.#somethingNew(signal)
    return await this.#take(most)
  }

  async delete(messages: readonly QueueMessage[]): Promise<void> {
    for (const { receiptHandle } of messages) {
      await rm(join(this.#folder, receiptHandle), { force: true })
      this.#received.delete(receiptHandle)
    }
  }

  async release(messages: readonly QueueMessage[]): Promise<void> {
    for (const { receiptHandle } of messages) {
      const state = this.#received.get(receiptHandle)
      if (state !== undefined && state.count >= MAX_RECEIVES) {
        await mkdir(join(this.#folder, FAILED), { recursive: true })
        await rename(join(this.#folder, receiptHandle), join(this.#folder, FAILED, receiptHandle))
        this.#received.delete(receiptHandle)
      } else if (state !== undefined) {
        state.notBefore = wallClock() + RETRY_MS
      }
    }
  }

  async #take(most: number): Promise<QueueMessage[]> {
    const messages: QueueMessage[] = []
    const now = wallClock()
    for (const entry of (await readdir(this.#folder, { withFileTypes: true })).sort(byName)) {
      const state = this.#received.get(entry.name) ?? { count: 0, notBefore: 0 }
      if (messages.length >= most) {
        break
      }
      if (entry.isFile() && !entry.name.startsWith('.') && state.notBefore <= now) {
        // Until it is deleted or released.
        this.#received.set(entry.name, { count: state.count + 1, notBefore: Number.POSITIVE_INFINITY })
        messages.push(await this.#read(entry.name, state.count + 1))
      }
    }
    return messages
  }

  async #read(name: string, receiveCount: number): Promise<QueueMessage> {
    const path = join(this.#folder, name)
    const body = await readFile(path, 'utf8')
    const sent = String(Math.round((await stat(path)).mtimeMs))
    return {
      messageId: uuidOf(name),
      receiptHandle: name,
      body,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: sent,
        SenderId: 'lambdabin',
        ApproximateFirstReceiveTimestamp: String(wallClock()),
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(body).digest('hex'),
    }
  }

  async #somethingNew(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      let watcher: FSWatcher | undefined
      const done = () => {
        clearTimeout(timer)
        watcher?.close()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, LOOK_MS)
      signal.addEventListener('abort', done, { once: true })
      try {
        watcher = watch(this.#folder, done)
        watcher.on('error', () => {})
      } catch {
        // Looking now and then will do.
      }
    })
  }
}

function byName(left: { name: string }, right: { name: string }): number {
  return left.name < right.name ? -1 : 1
}

/** The same for the same file. */
function uuidOf(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
