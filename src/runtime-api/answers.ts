/**
 * What the Runtime API answers to a runtime, beside invocations.
 *
 * Source of the error types: AWS's own Runtime API, as its runtimes meet it.
 */

import type { ServerResponse } from 'node:http'
import { STATUS } from './contract.ts'
import type { RuntimeState } from './states.ts'

const ACCEPTED = Buffer.from('{"status":"OK"}\n')
const JSON_TYPE = 'application/json'

export function answerAccepted(response: ServerResponse): void {
  response.writeHead(STATUS.accepted, { 'Content-Type': JSON_TYPE, 'Content-Length': ACCEPTED.length })
  response.end(ACCEPTED)
}

export function answerError(
  response: ServerResponse,
  status: number,
  errorType: string,
  errorMessage: string,
): void {
  answerJson(response, status, { errorType, errorMessage })
}

export function answerJson(
  response: ServerResponse,
  status: number,
  document: object,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(`${JSON.stringify(document)}\n`)
  response.writeHead(status, { ...headers, 'Content-Type': JSON_TYPE, 'Content-Length': body.length })
  response.end(body)
}

export function answerIllegalMove(response: ServerResponse, from: RuntimeState, to: RuntimeState): void {
  const message = `State transition from ${from} to ${to} failed for runtime. Error: State transition is not allowed`
  answerError(response, STATUS.forbidden, 'InvalidStateTransition', message)
}

export function answerUnknownRequestId(response: ServerResponse): void {
  answerError(response, STATUS.badRequest, 'InvalidRequestID', 'Invalid request ID')
}

export function answerTooLarge(response: ServerResponse, limit: number): void {
  const message = `Exceeded maximum allowed payload size (${limit} bytes).`
  answerError(response, STATUS.payloadTooLarge, 'RequestEntityTooLarge', message)
}
