/** What Invoke and InvokeWithResponseStream take from a request: the event, and what comes with it in headers. */

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { InvocationRequest } from '../invoker.ts'
import { InvalidParameterValueException, InvalidRequestContentException } from '../lambda-error.ts'
import { readBytes } from './api-request.ts'

/** Lambda's limit on an asynchronous invocation's event: 1 MB. */
export const MAX_ASYNCHRONOUS_EVENT_BYTES = 1024 * 1024

const MAX_CLIENT_CONTEXT_BYTES = 3583
const EMPTY_EVENT = Buffer.from('{}')

/** Throws an InvalidParameterValueException when the header has another value than one of `values`. */
export function readHeader<Value extends string>(
  request: IncomingMessage,
  header: string,
  values: readonly [Value, ...Value[]],
): Value {
  const value = request.headers[header.toLowerCase()] ?? values[0]
  if (!values.includes(value as Value)) {
    throw new InvalidParameterValueException(
      `expected the header ${header} with one of [${values.join(', ')}], but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return value as Value
}

export async function readInvocationRequest(
  request: IncomingMessage,
  limit: number,
  operation: string,
): Promise<InvocationRequest> {
  const clientContext = readClientContext(request)
  const tenantId = text(request, 'x-amz-tenant-id')
  const traceId = text(request, 'x-amzn-trace-id')
  const event = await readBytes(request, limit, operation)
  checkEvent(event)
  return {
    event: event.length === 0 ? EMPTY_EVENT : event,
    ...(clientContext !== undefined && { clientContext }),
    ...(tenantId !== undefined && { tenantId }),
    ...(traceId !== undefined && { traceId }),
  }
}

function checkEvent(event: Buffer): void {
  if (event.length === 0) {
    return
  }
  if (!isUtf8(event)) {
    throw new InvalidRequestContentException(
      'Could not parse request body into json: it is not UTF-8; convert the event',
    )
  }
  try {
    JSON.parse(event.toString())
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new InvalidRequestContentException(
      `Could not parse request body into json: ${reason}; send the event as JSON`,
      error,
    )
  }
}

function readClientContext(request: IncomingMessage): string | undefined {
  const encoded = text(request, 'x-amz-client-context')
  if (encoded === undefined) {
    return undefined
  }
  if (encoded.length > MAX_CLIENT_CONTEXT_BYTES) {
    throw new InvalidRequestContentException(
      `expected a client context of ${MAX_CLIENT_CONTEXT_BYTES} bytes at most, but got ${encoded.length}; send less`,
    )
  }
  const json = Buffer.from(encoded, 'base64').toString()
  if (!isObject(json)) {
    throw new InvalidRequestContentException(
      'Client context must be a valid Base64-encoded JSON object; encode one, such as e30= for {}',
    )
  }
  return json
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function text(request: IncomingMessage, header: string): string | undefined {
  const value = request.headers[header]
  return typeof value === 'string' && value !== '' ? value : undefined
}
