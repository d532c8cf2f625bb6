/**
 * Function URLs: HTTP becomes a function's event, and its response HTTP again.
 *
 * A function's URL is `http://<function>.localhost:<port>/…`, where absolute links and cookies are as on Lambda, and
 * `/url/<function>/…` for who has no such names. That of an alias is `/url/<function>:<alias>/…`.
 */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_EVENT_BYTES, MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import type { BufferedResponse, InvocationOutcome } from '../../runtime-api/exchange.ts'
import { createTraceId } from '../../runtime-api/invocation.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import type { FunctionUrlConfiguration } from '../functions/function-configuration.ts'
import { readBytes } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import {
  AccessDeniedException,
  RequestTooLargeException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import { corsHeaders, isAllowedPage, isPreflight, preflightHeaders } from './cross-origin.ts'
import { answerFailed, answerStreamed, answerWhole } from './http-answer.ts'
import { httpEvent } from './http-event.ts'
import { HttpMetadataError } from './http-metadata.ts'

export interface FunctionUrlCall {
  lambda: LocalLambda
  request: IncomingMessage
  response: ServerResponse
  functionName: string
  /** `$LATEST` or an alias. */
  qualifier: string
  /** With its leading slash. */
  rawPath: string
  /** Without the question mark. */
  rawQuery: string
  onNotice: (message: string) => void
}

/** Rejects with a LambdaError when the function cannot be run. */
export async function serveFunctionUrl(call: FunctionUrlCall): Promise<void> {
  const { lambda, request, response, functionName, qualifier } = call
  const url = lambda.find(functionName, qualifier).url(qualifier)
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

/** The event must fit into Lambda's limit as it is sent: a binary body in base64. */
export function checkEventSize(event: Buffer): Buffer {
  if (event.length > MAX_EVENT_BYTES) {
    throw new RequestTooLargeException(
      `expected an event of ${MAX_EVENT_BYTES} bytes at most, with a binary body in base64, but it has ${event.length}; send less`,
    )
  }
  return event
}

async function run(call: FunctionUrlCall, url: FunctionUrlConfiguration): Promise<void> {
  const { lambda, request, response, functionName, qualifier, rawPath, rawQuery } = call
  const body = await readBytes(request, MAX_EVENT_BYTES, 'InvokeFunctionUrl')
  const requestId = randomUUID()
  const now = new Date()
  const traceId = createTraceId(now.getTime())
  const event = httpEvent({ request, body, rawPath, rawQuery, requestId, traceId, now, apiId: functionName })
  const started = await lambda.invoker.invoke(functionName, {
    event: checkEventSize(Buffer.from(JSON.stringify(event))),
    qualifier,
    requestId,
    traceId,
    source: 'url',
    signal: departureSignal(response),
  })
  response.setHeader('x-amzn-RequestId', requestId)
  response.setHeader('X-Amzn-Trace-Id', traceId.split(';')[0] ?? '')
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
    answerFailed(response)
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
    answerFailed(response)
  } else {
    answerWhole(response, whole as BufferedResponse)
  }
}
