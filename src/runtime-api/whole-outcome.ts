/** An outcome that is had whole: what an invoker gets who does not take streams. */

import {
  type BufferedResponse,
  type FunctionError,
  type InvocationOutcome,
  platformFunctionError,
  type StreamedResponse,
} from './exchange.ts'
import { responseTooLargeError } from './function-error.ts'

/** A response of more than `limit` bytes, or one that is not whole, becomes the error. */
export async function wholeOutcome(
  outcome: InvocationOutcome,
  limit: number,
): Promise<BufferedResponse | FunctionError> {
  return outcome.kind === 'stream' ? await collect(outcome, limit) : outcome
}

async function collect(
  { body, contentType, failure }: StreamedResponse,
  limit: number,
): Promise<BufferedResponse | FunctionError> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size <= limit) {
      chunks.push(chunk)
    }
  }
  const error = await failure
  if (error !== undefined) {
    return error
  }
  return size > limit
    ? platformFunctionError(responseTooLargeError(limit))
    : { kind: 'response', contentType, body: Buffer.concat(chunks) }
}
