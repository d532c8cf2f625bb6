/** A worker thread: compresses the pieces that it is sent with Zopfli, one after the other. */
import { parentPort } from 'node:worker_threads'
import { deflateAsync } from '@gfx/zopfli'

/** What Zopfli's authors advise for files of some megabytes; 15 takes half as long again for the same. */
const ITERATIONS = 5

parentPort?.on('message', async (piece: Uint8Array) => {
  parentPort?.postMessage(await deflateAsync(piece, { numiterations: ITERATIONS }))
})
