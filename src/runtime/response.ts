import { MAX_RESPONSE_BYTES } from '../runtime-api/contract.ts'
import { MarshalError, ResponseSizeTooLarge } from './errors.ts'

/** Bytes that a character of JavaScript takes in UTF-8 at most. */
const MAX_BYTES_PER_CHARACTER = 3

/**
 * A handler's result as the body of its response: JSON, `undefined` as `null`.
 *
 * Throws `MarshalError` when JSON cannot express it, and `ResponseSizeTooLarge` when Lambda would refuse it: the
 * platform's own 413 would come too late to tell the invoker why.
 */
export function marshalResult(result: unknown): string {
  const body = toJson(result)
  // Most are so short that nobody has to count.
  const bytes = body.length * MAX_BYTES_PER_CHARACTER > MAX_RESPONSE_BYTES ? Buffer.byteLength(body) : 0
  if (bytes > MAX_RESPONSE_BYTES) {
    throw new ResponseSizeTooLarge(
      `The handler's result is ${bytes} bytes of JSON, and Lambda takes at most ${MAX_RESPONSE_BYTES}; ` +
        'return less, stream it, or put it into S3 and return where it is.',
    )
  }
  return body
}

/** A result that comes bit by bit, of bytes or text. */
export type StreamableResult = AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array | string>

/** Whether a result is one to be streamed: a stream of Node.js or of the web, or what an async generator returns. */
export function isStreamable(result: unknown): result is StreamableResult {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

function toJson(result: unknown): string {
  if (result === undefined) {
    return 'null'
  }
  let json: string | undefined
  try {
    json = JSON.stringify(result)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'its toJSON threw'
    throw new MarshalError(`The handler's result cannot be turned into JSON: ${reason}`, { cause })
  }
  if (json !== undefined) {
    return json
  }
  throw new MarshalError(
    `The handler's result cannot be turned into JSON: it is a ${typeof result}, which JSON does not have.`,
  )
}
