/** Zopfli, in as many threads as the machine has processors. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { ZOPFLI_WORKER_FILE } from '../source-files.ts'

export interface Zopfli {
  /** A raw deflate stream of `piece`. */
  readonly deflate: (piece: Buffer) => Promise<Buffer>
  readonly close: () => Promise<void>
}

/** Starts threads when they are needed, and at most one for each processor. */
export function openZopfli(): Zopfli {
  const idle: Worker[] = []
  const all: Worker[] = []
  const waiting: ((worker: Worker) => void)[] = []
  const borrow = async (): Promise<Worker> => {
    const worker = idle.pop()
    if (worker) return worker
    if (all.length < availableParallelism()) {
      const started = new Worker(ZOPFLI_WORKER_FILE)
      all.push(started)
      return started
    }
    return new Promise((resolve) => waiting.push(resolve))
  }
  const giveBack = (worker: Worker) => {
    const next = waiting.shift()
    if (next) next(worker)
    else idle.push(worker)
  }
  return {
    deflate: async (piece) => {
      const worker = await borrow()
      worker.postMessage(piece)
      const [deflated] = (await once(worker, 'message')) as [Uint8Array]
      giveBack(worker)
      return Buffer.from(deflated.buffer, deflated.byteOffset, deflated.length)
    },
    close: async () => {
      await Promise.all(all.map((worker) => worker.terminate()))
    },
  }
}
