/** Writes to stdout and stderr that are done when they resolve, and that a reader who has left does not fail. */

import type { Writable } from 'node:stream'

/** Resolves when all is handed to the system: the process may end then. */
export async function writeAll(output: Writable, chunk: Uint8Array | string): Promise<void> {
  ignoreClosedPipe(output)
  await new Promise<void>((resolve, reject) => {
    output.write(chunk, (error) => (error && !isClosedPipe(error) ? reject(error) : resolve()))
  })
}

const ignoring = new WeakSet<Writable>()

/** A stream emits its errors as well as reporting them to the write; `head` closing its end of the pipe is no crash. */
export function ignoreClosedPipe(output: Writable): void {
  if (!ignoring.has(output)) {
    ignoring.add(output)
    output.on('error', (error) => {
      if (!isClosedPipe(error)) {
        throw error
      }
    })
  }
}

function isClosedPipe(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED'
}
