/** Writing no faster than the other side reads. */

import type { Writable } from 'node:stream'

/** Resolves when `output` has taken the chunk and has room for more, or has closed. */
export async function writeAtPace(output: Writable, chunk: Uint8Array): Promise<void> {
  if (output.write(chunk) || output.destroyed) {
    return
  }
  await new Promise<void>((resolve) => {
    const done = () => {
      output.off('drain', done)
      output.off('close', done)
      resolve()
    }
    output.on('drain', done)
    output.on('close', done)
  })
}
