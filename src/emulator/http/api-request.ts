/** A request to the Lambda API, and reading it: its body is had whole or refused. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../../runtime-api/request-body.ts'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import type { CodeBuckets } from '../code/code-buckets.ts'
import type { EventSourceDescription } from '../event-sources/event-source.ts'
import { type FunctionReference, readFunctionReference } from '../functions/function-reference.ts'
import { LATEST } from '../functions/function-version.ts'
import type { LocalFunction } from '../functions/local-function.ts'
import {
  InvalidParameterValueException,
  RequestTooLargeException,
  SerializationException,
} from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'

export interface ApiRequest {
  lambda: LocalLambda
  queue: EventQueue
  buckets: CodeBuckets
  /** The event sources there are now. */
  sources: () => readonly EventSourceDescription[]
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

/** The function that the path and the qualifier name. Throws as `readFunctionReference` does. */
export function functionReference({ parameters, query, lambda }: ApiRequest): FunctionReference {
  return readFunctionReference(parameters[0] ?? '', query.get('Qualifier'), lambda)
}

/** For operations on a function as a whole. */
export function functionName(call: ApiRequest): string {
  const { name, qualifier } = functionReference(call)
  if (qualifier !== undefined && qualifier !== LATEST) {
    throw new InvalidParameterValueException(
      `this operation is on functions, and ${call.lambda.arn(name, qualifier)} is a version or an alias; leave out the qualifier`,
    )
  }
  return name
}

/** For operations on a version or an alias, which has to be there; `$LATEST` where none is named. */
export function qualifiedFunction(call: ApiRequest): {
  name: string
  qualifier: string
  found: LocalFunction
} {
  const { name, qualifier = LATEST } = functionReference(call)
  return { name, qualifier, found: call.lambda.find(name, qualifier) }
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
    const text = bytes.toString()
    checkDepth(text)
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new SerializationException(
      `Could not parse request body into json: ${reason}; send ${operation} a JSON object`,
      error,
    )
  }
}

/** More than any honest document; what is nested deeper can be parsed, but hardly anything can be done with it. */
const MAX_DEPTH = 512

/** Throws a RangeError. Brackets in strings count for nothing. */
function checkDepth(text: string): void {
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charAt(index)) {
      case '"':
        index = endOfString(text, index)
        break
      case '[':
      case '{':
        depth++
        break
      case ']':
      case '}':
        depth--
        break
    }
    if (depth > MAX_DEPTH) {
      throw new RangeError(`it is nested more than ${MAX_DEPTH} deep`)
    }
  }
}

/** Where a string that begins at `start` ends: a zip in base64 is skipped in one go. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charAt(end - 1 - backslashes) === '\\') {
      backslashes++
    }
    if (backslashes % 2 === 0) {
      return end
    }
  }
  return text.length
}
