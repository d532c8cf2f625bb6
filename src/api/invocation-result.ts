/** What comes of an invocation, as a value. */
import type { FunctionRequest } from '../compiler/local-run/stubbed-network.ts'
import type { InvocationOutcome } from '../runtime-api/exchange.ts'
import { type FunctionErrorDocument, LambdabinError } from './lambdabin-error.ts'

/** `Payload` is what the function is known to return; it is not checked. */
export type InvocationResult<Payload = unknown> =
  | {
      readonly ok: true
      /** The response, of JSON; undefined where it is none. */
      readonly payload: Payload
      /** The response as it came. */
      readonly body: Buffer
      readonly contentType: string
      /** Of `invoke` with stubs: what the function asked others, in order. */
      readonly requests?: readonly FunctionRequest[]
      /** What the function logged, and Lambda's own lines. */
      readonly logs: string
    }
  | {
      readonly ok: false
      /** Of the code `FUNCTION` where the function failed: `document` is its error document. */
      readonly error: LambdabinError
      /** Of a function that failed: the error document as it came. */
      readonly errorBody?: Buffer
      /** Of one that failed while it streamed its response: what there is of that. */
      readonly body?: Buffer
      readonly requests?: readonly FunctionRequest[]
      readonly logs: string
    }

/** Reads the outcome to its end; `onResponse` hears the response, or a buffered error document, as it comes. */
export async function resultOf(
  outcome: InvocationOutcome,
  onResponse: (chunk: Uint8Array) => void | Promise<void>,
): Promise<Result> {
  if (outcome.kind === 'error') {
    await onResponse(outcome.body)
    return { ok: false, error: functionError(outcome.body), errorBody: outcome.body }
  }
  if (outcome.kind === 'response') {
    await onResponse(outcome.body)
    return response(outcome.body, outcome.contentType)
  }
  const chunks: Buffer[] = []
  for await (const chunk of outcome.body) {
    chunks.push(chunk)
    await onResponse(chunk)
  }
  const body = Buffer.concat(chunks)
  const failure = await outcome.failure
  return failure === undefined
    ? response(body, outcome.contentType)
    : { ok: false, error: functionError(failure.body), errorBody: failure.body, body }
}

/** A result without the logs. */
export type Result<Payload = unknown> =
  | Omit<Extract<InvocationResult<Payload>, { ok: true }>, 'logs'>
  | Omit<Extract<InvocationResult<Payload>, { ok: false }>, 'logs'>

function response(body: Buffer, contentType: string): Result {
  return { ok: true, payload: parsed(body), body, contentType }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

function functionError(body: Buffer): LambdabinError {
  const posted = parsed(body)
  const document: FunctionErrorDocument = typeof posted === 'object' && posted !== null ? posted : {}
  const { errorType = 'an error', errorMessage = body.toString() } = document
  return new LambdabinError('FUNCTION', `the function failed: ${errorType}: ${errorMessage}`, { document })
}
