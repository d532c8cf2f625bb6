/** Function URLs: `/url/<function>/…` maps HTTP to a function's event, and its response back to HTTP. */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import type { BufferedResponse, InvocationOutcome } from '../../runtime-api/exchange.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import type { FunctionUrlConfiguration } from '../functions/function-configuration.ts'
import { answerDocument } from '../http/api-answer.ts'
import { readBytes } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import { MAX_EVENT_BYTES } from '../http/invoke-request.ts'
import { AccessDeniedException, ResourceNotFoundException } from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import { corsHeaders, isAllowedPage, isPreflight, preflightHeaders } from './cross-origin.ts'
import { answerStreamed, answerWhole } from './http-answer.ts'
import { httpEvent } from './http-event.ts'
import { HttpMetadataError } from './http-metadata.ts'

export interface FunctionUrlCall {
  lambda: LocalLambda
  request: IncomingMessage
  response: ServerResponse
  functionName: string
  /** What follows the function's name, with its leading slash. */
  rawPath: string
  /** Without the question mark. */
  rawQuery: string
  onNotice: (message: string) => void
}

/** Rejects with a LambdaError when the function cannot be run. */
export async function serveFunctionUrl(call: FunctionUrlCall): Promise<void> {
  const { lambda, request, response, functionName } = call
  const { url } = lambda.find(functionName).configuration
  if (url === undefined) {
    throw new ResourceNotFoundException(
      `The function ${functionName} has no function URL; create one with create-function-url-config`,
    )
  }
  if (!isAllowedPage(request, url.cors)) {
    throw new AccessDeniedException(
      'expected a request from this machine, but a web page from elsewhere sent this one; ' +
        "allow the page's origin in the CORS configuration of the function URL if it may",
    )
  }
  if (url.cors !== undefined && isPreflight(request)) {
    response.writeHead(200, preflightHeaders(request, url.cors))
    response.end()
    return
  }
  await run(call, url)
}

async function run(call: FunctionUrlCall, url: FunctionUrlConfiguration): Promise<void> {
  const { lambda, request, response, functionName, rawPath, rawQuery } = call
  const body = await readBytes(request, MAX_EVENT_BYTES, 'InvokeFunctionUrl')
  const requestId = randomUUID()
  const event = httpEvent({ request, body, rawPath, rawQuery, requestId, now: new Date() })
  const started = await lambda.invoke(functionName, {
    event: Buffer.from(JSON.stringify(event)),
    requestId,
    signal: departureSignal(response),
  })
  response.setHeader('x-amzn-RequestId', requestId)
  for (const [name, value] of Object.entries(corsHeaders(request, url.cors))) {
    response.setHeader(name, value)
  }
  try {
    await answer(response, await started.outcome, url)
  } catch (error) {
    if (!(error instanceof HttpMetadataError)) {
      throw error
    }
    call.onNotice(`the response of ${functionName} cannot be answered over HTTP: ${error.message}`)
    answerBadGateway(response)
  }
}

async function answer(
  response: ServerResponse,
  outcome: InvocationOutcome,
  { invokeMode }: FunctionUrlConfiguration,
): Promise<void> {
  if (outcome.kind === 'stream' && invokeMode === 'RESPONSE_STREAM') {
    await answerStreamed(response, outcome)
    return
  }
  const whole = await wholeOutcome(outcome, MAX_RESPONSE_BYTES)
  if (whole.kind === 'error') {
    answerBadGateway(response)
  } else {
    answerWhole(response, whole as BufferedResponse)
  }
}

/** Lambda's answer when the function failed: what went wrong is in the log, not for the world to read. */
function answerBadGateway(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy()
  } else {
    answerDocument(response, 502, { Message: 'Internal Server Error' })
  }
}
