/** Answers of the Lambda API: JSON documents, and errors in the shape that its clients read. */

import type { ServerResponse } from 'node:http'
import { type LambdaError, TooManyRequestsException } from '../lambda-error.ts'

export function answerDocument(response: ServerResponse, status: number, document: object): void {
  answerBytes(response, status, Buffer.from(JSON.stringify(document)))
}

export function answerNothing(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 })
  response.end()
}

export function answerBytes(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': body.byteLength,
    ...headers,
  })
  response.end(body)
}

/** Clients find the error's type in a header, and its message under one of two names. */
export function answerError(response: ServerResponse, error: LambdaError): void {
  const { name, message, status, details } = error
  const document = { Type: status < 500 ? 'User' : 'Service', Message: message, message, ...details }
  answerBytes(response, status, Buffer.from(JSON.stringify(document)), {
    'X-Amzn-ErrorType': name,
    ...(error instanceof TooManyRequestsException ? { 'Retry-After': '1' } : {}),
  })
}
