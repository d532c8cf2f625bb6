/** What a runtime posts: a response, whole or streamed, or an error. Each is read, answered, and handed to the invocation. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerAccepted, answerTooLarge } from './answers.ts'
import { ERROR_BODY_TRAILER, ERROR_TYPE_HEADER, MAX_RESPONSE_BYTES } from './contract.ts'
import type { Conversation } from './conversation.ts'
import {
  type BufferedResponse,
  type FunctionError,
  type InvocationExchange,
  platformFunctionError,
} from './exchange.ts'
import { responseTooLargeError } from './function-error.ts'
import { readBody } from './request-body.ts'

/** Bytes of the largest streamed response that Lambda takes: 200 MB. */
const MAX_STREAMED_BYTES = 200 * 1024 * 1024

/** `POST response` with a whole response, or `POST error`. */
export async function receiveAnswer(
  conversation: Conversation,
  exchange: InvocationExchange,
  request: IncomingMessage,
  response: ServerResponse,
  kind: 'response' | 'error',
): Promise<void> {
  const move = kind === 'error' ? 'InvocationErrorResponse' : 'InvocationResponse'
  if (!conversation.answerBegins(exchange, move, response)) {
    return
  }
  const read: (request: IncomingMessage, body: Buffer) => BufferedResponse | FunctionError =
    kind === 'error' ? errorFrom : responseFrom
  const outcome = await receive(request, response, read, () => conversation.answered(exchange))
  if (outcome !== undefined) {
    exchange.answer(outcome)
  }
}

/** `POST init/error` or `POST restore/error`. */
export async function receiveInitError(
  conversation: Conversation,
  request: IncomingMessage,
  response: ServerResponse,
  state: 'InitError' | 'RestoreError',
): Promise<void> {
  if (!conversation.move(state, response)) {
    return
  }
  const error = await receive(request, response, errorFrom)
  if (error !== undefined) {
    conversation.failInit(error)
  }
}

export function receiveStream(
  conversation: Conversation,
  exchange: InvocationExchange,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (!conversation.answerBegins(exchange, 'InvocationResponse', response)) {
    return
  }
  const stream = exchange.beginStream(contentType(request, 'application/octet-stream'))
  let size = 0
  request.on('data', (chunk: Buffer) => {
    const left = MAX_STREAMED_BYTES - size
    size += chunk.length
    if (left >= 0 && !stream.destroyed && !stream.write(chunk.subarray(0, left))) {
      request.pause()
    }
    if (left >= 0 && size > MAX_STREAMED_BYTES) {
      // The invoker does not wait for the rest of it, which may never end.
      exchange.endStream(platformFunctionError(responseTooLargeError(MAX_STREAMED_BYTES)))
    }
  })
  stream.on('drain', () => request.resume())
  // An invoker that has gone away must not hold the function up.
  stream.on('close', () => request.resume())
  request.on('end', () => {
    conversation.answered(exchange)
    if (size > MAX_STREAMED_BYTES) {
      answerTooLarge(response, MAX_STREAMED_BYTES)
    } else {
      answerAccepted(response)
      exchange.endStream(trailingError(request))
    }
  })
  request.on('close', () => {
    if (!request.complete) {
      conversation.answered(exchange)
      stream.end()
    }
  })
  request.on('error', () => {})
}

/** Answers the request. Resolves with what is in it; undefined when it broke off. `onEnd` is called before the answer. */
async function receive<Outcome>(
  request: IncomingMessage,
  response: ServerResponse,
  read: (request: IncomingMessage, body: Buffer) => Outcome,
  onEnd: () => void = () => {},
): Promise<Outcome | FunctionError | undefined> {
  const body = await readBody(request, MAX_RESPONSE_BYTES)
  onEnd()
  if (body.kind === 'truncated') {
    return undefined
  }
  if (body.kind === 'too large') {
    answerTooLarge(response, MAX_RESPONSE_BYTES)
    return platformFunctionError(responseTooLargeError(MAX_RESPONSE_BYTES))
  }
  answerAccepted(response)
  return read(request, body.bytes)
}

function responseFrom(request: IncomingMessage, body: Buffer): BufferedResponse {
  return { kind: 'response', contentType: contentType(request, 'application/json'), body }
}

function errorFrom(request: IncomingMessage, body: Buffer): FunctionError {
  const errorType = request.headers[ERROR_TYPE_HEADER]
  const isNamed = typeof errorType === 'string' && errorType !== ''
  return { kind: 'error', errorType: isNamed ? errorType : 'Runtime.Unknown', body }
}

function contentType(request: IncomingMessage, otherwise: string): string {
  return request.headers['content-type'] ?? otherwise
}

/** What a streamed response says, after its last byte, of an error that came after its first. */
function trailingError(request: IncomingMessage): FunctionError | undefined {
  const errorType = request.trailers[ERROR_TYPE_HEADER]
  if (errorType === undefined || errorType === '') {
    return undefined
  }
  return { kind: 'error', errorType, body: Buffer.from(request.trailers[ERROR_BODY_TRAILER] ?? '', 'base64') }
}
