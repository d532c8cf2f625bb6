import type { IncomingMessage, ServerResponse } from 'node:http'
import { findAnswer, readAsked, type StubbedRequest, sendAnswer } from '../../stubs/stubbed-requests.ts'

/** Answers a request of the rehearsal's as the stubs say; what has no answer there is told so. */
export function answerRequest(
  stubs: readonly StubbedRequest[],
  scheme: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('error', () => response.destroy())
  request.on('end', () => {
    const asked = readAsked(scheme, request, Buffer.concat(chunks))
    sendAnswer(findAnswer(stubs, asked), response)
  })
}
