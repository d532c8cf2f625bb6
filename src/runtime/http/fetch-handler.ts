/**
 * A function that exports a fetch handler, as Hono, itty-router, Bun and Cloudflare Workers know it, as a handler:
 * the HTTP request that an event carries goes in as a standard `Request`, and the `Response` comes out as the result.
 *
 * Evaluating this module and those it imports does next to nothing: `Request` and `Response`, which load all of
 * Node.js's `fetch`, are touched only when a fetch handler is called.
 */

import { readInvokeMode } from '../environment.ts'
import type { Context, FetchHandler } from '../handler-contract.ts'
import type { ResponseStream } from '../streaming/response-stream.ts'
import { BackgroundWork } from './background-work.ts'
import { MalformedInvokeMode, NoResponse } from './http-errors.ts'
import { type HttpEvent, readHttpEvent } from './http-event.ts'
import { toRequest } from './http-request.ts'
import { type HttpResult, toMetadata, toResult } from './http-result.ts'
import { pipeBody } from './pipe-body.ts'

type BufferedHandler = (event: unknown, context: Context) => Promise<HttpResult>
type StreamingHandler = (event: unknown, stream: ResponseStream, context: Context) => Promise<void>

/** What AWS's `awslambda.streamifyResponse` marks a handler with. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')
/** Methods that `Request` refuses, whoever asks. */
const FORBIDDEN_METHOD = /^(?:CONNECT|TRACE|TRACK)$/i

export function isFetchHandler(value: unknown): value is FetchHandler {
  return (
    typeof value === 'object' && value !== null && typeof (value as { fetch?: unknown }).fetch === 'function'
  )
}

/**
 * The handler that a fetch handler amounts to: one that streams where the fetch handler says so, or else
 * `LAMBDABIN_INVOKE_MODE`. An event does not tell how it was invoked, so that somebody has to.
 */
export function fromFetchHandler(fetchHandler: FetchHandler): BufferedHandler | StreamingHandler {
  // In some routers every name is a method: nothing but a boolean counts.
  const { streaming } = fetchHandler
  return (typeof streaming === 'boolean' ? streaming : isStreamingMode(readInvokeMode()))
    ? streamingHandler(fetchHandler)
    : bufferedHandler(fetchHandler)
}

function bufferedHandler(fetchHandler: FetchHandler): BufferedHandler {
  return (event, context) =>
    respond(fetchHandler, event, context, (response, { kind, method }) =>
      toResult(response, kind, method !== 'HEAD'),
    )
}

function streamingHandler(fetchHandler: FetchHandler): StreamingHandler {
  const handler: StreamingHandler = (event, stream, context) =>
    respond(fetchHandler, event, context, (response, { method }) =>
      streamResponse(response, stream, method !== 'HEAD'),
    )
  return Object.assign(handler, { [STREAMING]: 'response' })
}

function isStreamingMode(mode: string | undefined): boolean {
  if (mode === undefined || mode === 'BUFFERED') {
    return false
  }
  if (mode === 'RESPONSE_STREAM') {
    return true
  }
  throw new MalformedInvokeMode(
    `The environment variable LAMBDABIN_INVOKE_MODE should be BUFFERED or RESPONSE_STREAM, and is ${JSON.stringify(mode)}; ` +
      'set it to the invoke mode of the function URL.',
  )
}

/** Calls the fetch handler, and `answer` with what it returns; done once everything left to `waitUntil` is, too. */
async function respond<Result>(
  fetchHandler: FetchHandler,
  event: unknown,
  context: Context,
  answer: (response: Response, event: HttpEvent) => Promise<Result>,
): Promise<Result> {
  const httpEvent = readHttpEvent(event)
  if (FORBIDDEN_METHOD.test(httpEvent.method)) {
    return answer(new Response(null, { status: 501 }), httpEvent)
  }
  const work = new BackgroundWork()
  try {
    // The names by which Hono's adapters pass the event and the context, buffered and streaming.
    const env = {
      event,
      requestContext: (event as { requestContext?: unknown }).requestContext,
      lambdaContext: context,
      context,
    }
    const response = await fetchHandler.fetch(toRequest(httpEvent, context.signal), env, work.context)
    return await answer(checkResponse(response), httpEvent)
  } finally {
    await work.settled()
  }
}

/** Not by `instanceof`: libraries bring classes of their own. */
function checkResponse(value: unknown): Response {
  const response = value as Response | null | undefined
  if (
    typeof response === 'object' &&
    response !== null &&
    typeof response.status === 'number' &&
    typeof response.headers?.getSetCookie === 'function' &&
    typeof response.arrayBuffer === 'function'
  ) {
    if (response.status >= 200) {
      return response
    }
    throw new NoResponse(
      `A fetch handler should return a response with a status, and returned Response.error(), which has none.`,
    )
  }
  throw new NoResponse(
    `A fetch handler should return a Response, and returned ${describe(value)}; return new Response(…) for every request.`,
  )
}

async function streamResponse(response: Response, stream: ResponseStream, hasBody: boolean): Promise<void> {
  stream.setHttpMetadata(toMetadata(response))
  if (!response.body || !hasBody) {
    response.body?.cancel().catch(() => {})
    stream.end()
    return
  }
  // Sends status and headers now: a body may take its time to its first byte, and the client wait for the headers.
  stream.write('')
  await pipeBody(response.body, stream)
}

function describe(value: unknown): string {
  if (value === undefined) {
    return 'nothing'
  }
  if (value === null) {
    return 'null'
  }
  if (typeof value !== 'object') {
    return `a ${typeof value}`
  }
  const name = value.constructor?.name
  return name && name !== 'Object' ? `an object of class ${name}` : 'an object'
}
