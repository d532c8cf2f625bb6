/** The prelude of a streamed HTTP response: JSON, and eight NUL bytes, before the body. */

import { HttpMetadataError } from './http-metadata.ts'

/** The content type of a response that begins with a prelude. */
export const HTTP_INTEGRATION_TYPE = 'application/vnd.awslambda.http-integration-response'

export const PRELUDE_END = Buffer.alloc(8)

/** More than any honest set of headers; an HTTP client would take far less. */
const MAX_PRELUDE_BYTES = 1024 * 1024

/** Reads as many chunks as the prelude has. Rejects with an HttpMetadataError when it does not end. */
export async function splitPrelude(
  chunks: AsyncIterator<Buffer>,
): Promise<{ prelude: Buffer; rest: Buffer }> {
  let bytes = Buffer.alloc(0)
  while (bytes.length <= MAX_PRELUDE_BYTES) {
    const next = await chunks.next()
    if (next.done) {
      break
    }
    bytes = Buffer.concat([bytes, next.value])
    const end = bytes.indexOf(PRELUDE_END)
    if (end >= 0) {
      return { prelude: bytes.subarray(0, end), rest: bytes.subarray(end + PRELUDE_END.length) }
    }
  }
  throw new HttpMetadataError(
    'expected a prelude with the status and headers, but the response ended without one',
  )
}
