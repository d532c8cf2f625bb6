/**
 * The global `awslambda` of Lambda's Node.js runtimes: what streaming handlers are made with, and the store through
 * which AWS's libraries learn of the running invocation.
 *
 * Source: AWS Lambda Developer Guide, "Response streaming for Lambda functions"; the symbols are those that AWS's client
 * marks handlers with, so that a handler that a library has marked is known here, too.
 */

import { MalformedStreamingHandler } from './errors.ts'
import { type InvocationScope, invocationScope } from './invocation-scope.ts'
import type { ResponseStream } from './streaming/response-stream.ts'

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')

type Marked = { [STREAMING]?: unknown; [HIGH_WATER_MARK]?: unknown }

/** Whether a handler streams its response. Throws `MalformedStreamingHandler` when it is marked for something else. */
export function isStreaming(handler: object): boolean {
  const mode = (handler as Marked)[STREAMING]
  if (!mode) {
    return false
  }
  if (mode === 'response') {
    return true
  }
  throw new MalformedStreamingHandler(
    `A streaming handler is marked with 'response', and this one with ${JSON.stringify(mode)}; make it with awslambda.streamifyResponse.`,
  )
}

/** The high water mark that a streaming handler asked for, in bytes. */
export function highWaterMark(handler: object): number | undefined {
  const value = Number((handler as Marked)[HIGH_WATER_MARK] ?? Number.NaN)
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

export function installAwslambda(): void {
  const known = (globalThis as { awslambda?: object }).awslambda
  Object.defineProperty(globalThis, 'awslambda', {
    value: { InvokeStore: invokeStore, ...known, streamifyResponse, HttpResponseStream },
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

/** It is there already where the function was initialised at build time. */
export function removeAwslambda(): void {
  Reflect.deleteProperty(globalThis, 'awslambda')
}

function streamifyResponse<Handler extends object>(
  handler: Handler,
  options?: { highWaterMark?: number },
): Handler {
  const marked = handler as Marked
  marked[STREAMING] = 'response'
  if (typeof options?.highWaterMark === 'number') {
    marked[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark)
  }
  return handler
}

const HttpResponseStream = {
  /** Makes `stream` the response to an HTTP request: `metadata` holds its `statusCode`, `headers` and `cookies`. */
  from(stream: ResponseStream, metadata: unknown): ResponseStream {
    stream.setHttpMetadata(metadata)
    return stream
  },
}

const SCOPE_KEYS: Readonly<Record<symbol, keyof InvocationScope>> = {
  [Symbol.for('_AWS_LAMBDA_REQUEST_ID')]: 'requestId',
  [Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID')]: 'traceId',
  [Symbol.for('_AWS_LAMBDA_TENANT_ID')]: 'tenantId',
}
/** What libraries keep with an invocation. */
const kept = new WeakMap<InvocationScope, Map<unknown, unknown>>()

/** What `@aws/lambda-invoke-store` looks for before it makes one of its own, which would know of no invocation. */
const invokeStore = {
  getContext: () => invocationScope.getStore(),
  hasContext: () => invocationScope.getStore() !== undefined,
  getRequestId: () => invocationScope.getStore()?.requestId ?? '-',
  getXRayTraceId: () => invocationScope.getStore()?.traceId,
  getTenantId: () => invocationScope.getStore()?.tenantId,
  get(key: string | symbol): unknown {
    const scope = invocationScope.getStore()
    if (scope === undefined) {
      return undefined
    }
    const own = typeof key === 'symbol' ? SCOPE_KEYS[key] : undefined
    return own ? scope[own] : kept.get(scope)?.get(key)
  },
  set(key: string | symbol, value: unknown): void {
    const scope = invocationScope.getStore()
    if (scope === undefined) {
      throw new Error('There is no invocation to keep a value with.')
    }
    if (typeof key === 'symbol' && SCOPE_KEYS[key]) {
      throw new Error(`${String(key)} belongs to Lambda and cannot be set.`)
    }
    const values = kept.get(scope) ?? new Map()
    kept.set(scope, values.set(key, value))
  },
  run: (_context: unknown, callback: () => unknown) => callback(),
}
