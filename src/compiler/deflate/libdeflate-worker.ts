/** A worker thread: compresses the pieces that it is sent with libdeflate, one after the other. */
import { parentPort } from 'node:worker_threads'
import { inflateRawSync } from 'node:zlib'
import { LIBDEFLATE_FILE } from '../third-party.ts'
import { openEnd } from './open-end.ts'

const { deflate } = (await import(LIBDEFLATE_FILE)) as typeof import('libdeflate')

export interface Task {
  readonly piece: Uint8Array
  /** 1 to 12. */
  readonly level: number
}

parentPort?.on('message', ({ piece, level }: Task) => {
  const stream = Buffer.from(deflate(piece, level))
  if (!inflateRawSync(stream).equals(piece)) {
    throw new Error('libdeflate made a stream of something else than it was given')
  }
  parentPort?.postMessage(openEnd(stream))
})
