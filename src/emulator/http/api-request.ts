/** A request to the Lambda API, and reading it: its body is had whole or refused. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../../runtime-api/request-body.ts'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import { functionNameOf } from '../functions/function-reference.ts'
import { RequestTooLargeException, SerializationException } from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'

export interface ApiRequest {
  lambda: LocalLambda
  queue: EventQueue
  request: IncomingMessage
  response: ServerResponse
  /** As the client knows this server: `http://localhost:9000`. */
  endpoint: string
  query: URLSearchParams
  /** The path's variable parts, percent-decoded. */
  parameters: string[]
}

/** The client closed the connection in the middle: there is nobody to answer. */
export class RequestTruncated extends Error {
  override name = 'RequestTruncated'
}

/** The function that the path and the qualifier name. Throws as `functionNameOf` does. */
export function functionName({ parameters, query, lambda }: ApiRequest): string {
  return functionNameOf(parameters[0] ?? '', query.get('Qualifier'), (name) => lambda.arn(name))
}

export async function readBytes(request: IncomingMessage, limit: number, operation: string): Promise<Buffer> {
  const body = await readBody(request, limit)
  if (body.kind === 'too large') {
    throw new RequestTooLargeException(
      `Request must be smaller than ${limit} bytes for the ${operation} operation, but has ${body.size}; send less`,
    )
  }
  if (body.kind === 'truncated') {
    throw new RequestTruncated('the client closed the connection before the end of its request')
  }
  return body.bytes
}

/** The body of an operation that takes a JSON object; an empty one for an empty body. */
export async function readDocument(
  request: IncomingMessage,
  limit: number,
  operation: string,
): Promise<Record<string, unknown>> {
  const bytes = await readBytes(request, limit, operation)
  if (bytes.length === 0) {
    return {}
  }
  const document = parse(bytes, operation)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new SerializationException(`expected a JSON object as the body of ${operation}; send one`)
  }
  return document as Record<string, unknown>
}

function parse(bytes: Buffer, operation: string): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new SerializationException(
      `Could not parse request body into json: ${reason}; send ${operation} a JSON object`,
      error,
    )
  }
}
