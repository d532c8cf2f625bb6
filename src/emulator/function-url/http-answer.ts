/** A function's response as the HTTP response of its URL: whole, or as it arrives. */

import type { ServerResponse } from 'node:http'
import type { BufferedResponse, StreamedResponse } from '../../runtime-api/exchange.ts'
import { writeAtPace } from '../http/slow-reader.ts'
import { type HttpMetadata, HttpMetadataError, httpMetadata } from './http-metadata.ts'
import { HTTP_INTEGRATION_TYPE, PRELUDE_END, splitPrelude } from './stream-prelude.ts'

const JSON_TYPE = 'application/json'

/** Throws an HttpMetadataError, before anything is answered, when the response cannot be one of HTTP. */
export function answerWhole(response: ServerResponse, result: BufferedResponse): void {
  const { metadata, body } =
    result.contentType === HTTP_INTEGRATION_TYPE ? withPrelude(result.body) : fromPayload(result.body)
  const hasBody = metadata.status !== 204 && metadata.status !== 304
  response.writeHead(metadata.status, {
    ...metadata.headers,
    ...(hasBody && { 'content-length': body.length }),
  })
  response.end(hasBody ? body : undefined)
}

/** Lambda's answer when the function failed: what went wrong is in the log, not for the world to read. */
export function answerFailed(response: ServerResponse, status = 502): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = 'Internal Server Error'
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length })
  response.end(body)
}

/** As `answerWhole`, as far as the metadata goes; a response that breaks off later cuts the connection. */
export async function answerStreamed(response: ServerResponse, result: StreamedResponse): Promise<void> {
  const chunks = result.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let first: Buffer | undefined
  if (result.contentType === HTTP_INTEGRATION_TYPE) {
    const { prelude, rest } = await splitPrelude(chunks)
    writeHead(response, httpMetadata(parsePrelude(prelude), 'application/octet-stream'))
    first = rest
  } else {
    writeHead(response, { status: 200, headers: { 'content-type': result.contentType } })
  }
  await writeAll(response, chunks, first)
  const failure = await result.failure
  if (failure === undefined) {
    response.end()
  } else {
    response.destroy()
  }
}

function writeHead(response: ServerResponse, { status, headers }: HttpMetadata): void {
  response.writeHead(status, headers)
  response.flushHeaders()
}

async function writeAll(
  response: ServerResponse,
  chunks: AsyncIterator<Buffer>,
  first: Buffer | undefined,
): Promise<void> {
  let chunk = first
  for (;;) {
    if (chunk !== undefined && chunk.length > 0) {
      await writeAtPace(response, chunk)
    }
    if (response.destroyed) {
      // Nobody reads any more: let the function go on without.
      await chunks.return?.()
      return
    }
    const next = await chunks.next()
    if (next.done) {
      return
    }
    chunk = next.value
  }
}

function withPrelude(bytes: Buffer): { metadata: HttpMetadata; body: Buffer } {
  const end = bytes.indexOf(PRELUDE_END)
  if (end < 0) {
    throw new HttpMetadataError('expected a prelude with the status and headers, but it has no end')
  }
  const document = parsePrelude(bytes.subarray(0, end))
  return {
    metadata: httpMetadata(document, 'application/octet-stream'),
    body: bytes.subarray(end + PRELUDE_END.length),
  }
}

function parsePrelude(bytes: Buffer): Record<string, unknown> {
  const value = parse(bytes)
  if (!isObject(value)) {
    throw new HttpMetadataError('expected a prelude that is a JSON object with the status and headers')
  }
  return value
}

/** An object with a `statusCode` says what to answer; anything else is the answer's body, a string without its quotes. */
function fromPayload(bytes: Buffer): { metadata: HttpMetadata; body: Buffer } {
  const value = parse(bytes)
  if (typeof value === 'string') {
    return { metadata: { status: 200, headers: { 'content-type': JSON_TYPE } }, body: Buffer.from(value) }
  }
  if (!isObject(value) || value.statusCode === undefined) {
    return { metadata: { status: 200, headers: { 'content-type': JSON_TYPE } }, body: bytes }
  }
  return { metadata: httpMetadata(value, JSON_TYPE), body: payloadBody(value) }
}

function payloadBody({ body, isBase64Encoded }: Record<string, unknown>): Buffer {
  if (body === undefined || body === null) {
    return Buffer.alloc(0)
  }
  return typeof body === 'string'
    ? Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8')
    : Buffer.from(JSON.stringify(body))
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
