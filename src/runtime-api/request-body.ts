/** The body of a request that is to be had whole or not at all. */

import type { IncomingMessage } from 'node:http'

export type RequestBody =
  | { kind: 'whole'; bytes: Buffer }
  /** It was read to its end, so that the connection stays usable, and dropped. */
  | { kind: 'too large'; size: number }
  /** The sender closed the connection before the end. */
  | { kind: 'truncated' }

export function readBody(request: IncomingMessage, limit: number): Promise<RequestBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) {
        chunks.push(chunk)
      } else {
        chunks.length = 0
      }
    })
    request.on('end', () =>
      resolve(size <= limit ? { kind: 'whole', bytes: join(chunks) } : { kind: 'too large', size }),
    )
    // After `end`, these two change nothing.
    request.on('close', () => resolve({ kind: 'truncated' }))
    request.on('error', () => resolve({ kind: 'truncated' }))
  })
}

function join(chunks: Buffer[]): Buffer {
  const [first] = chunks
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks)
}
