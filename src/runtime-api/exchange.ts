/**
 * One invocation on its way through a runtime: handed over, answered exactly once, and done when the runtime asks for
 * the next one.
 */

import { PassThrough, type Readable } from 'node:stream'
import { type PlatformError, truncatedResponseError } from './function-error.ts'
import type { Invocation } from './invocation.ts'

/** What the invoker gets. */
export type InvocationOutcome = BufferedResponse | StreamedResponse | FunctionError

export interface BufferedResponse {
  kind: 'response'
  contentType: string
  body: Buffer
}

/** A response that is still arriving. Whoever reads `body` slowly slows the function down. */
export interface StreamedResponse {
  kind: 'stream'
  contentType: string
  /** Ends when the response does, also when it ends too early; it never fails. */
  body: Readable
  /** Why the response is not whole; undefined when it is. Settles after the end of `body`. */
  failure: Promise<FunctionError | undefined>
}

export interface FunctionError {
  kind: 'error'
  errorType: string
  /** The error document, as the function posted it or as the platform writes it. */
  body: Buffer
}

export function platformFunctionError(error: PlatformError): FunctionError {
  return { kind: 'error', errorType: error.errorType, body: Buffer.from(JSON.stringify(error)) }
}

export class InvocationExchange {
  readonly invocation: Invocation
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  /** The answer, as soon as there is one; that of a streamed response, as soon as it begins. */
  readonly outcome: Promise<InvocationOutcome>
  /** The runtime has asked for the next invocation after answering this one. */
  readonly done: Promise<void>

  readonly #outcome = Promise.withResolvers<InvocationOutcome>()
  readonly #done = Promise.withResolvers<void>()
  #stream: { body: PassThrough; failure: PromiseWithResolvers<FunctionError | undefined> } | undefined

  constructor(invocation: Invocation, deadlineMs: number) {
    this.invocation = invocation
    this.deadlineMs = deadlineMs
    this.outcome = this.#outcome.promise
    this.done = this.#done.promise
  }

  answer(outcome: BufferedResponse | FunctionError): void {
    this.#outcome.resolve(outcome)
  }

  /** Begins a streamed response; the caller writes to what this returns, and then calls `endStream`. */
  beginStream(contentType: string): PassThrough {
    const stream = { body: new PassThrough(), failure: Promise.withResolvers<FunctionError | undefined>() }
    this.#stream = stream
    this.#outcome.resolve({
      kind: 'stream',
      contentType,
      body: stream.body,
      failure: stream.failure.promise,
    })
    return stream.body
  }

  endStream(failure?: FunctionError): void {
    this.#stream?.body.end()
    this.#stream?.failure.resolve(failure)
  }

  /** There will be no answer, or no more of it: the invoker gets `error`, unless it has a whole answer already. */
  fail(error: FunctionError): void {
    this.#outcome.resolve(error)
    this.endStream(error)
  }

  /**
   * The runtime has asked for the next invocation. If its answer to this one broke off, this is when the invoker
   * learns it: had the runtime died, that would have been the better thing to say.
   */
  finish(): void {
    this.fail(platformFunctionError(truncatedResponseError(this.invocation.requestId)))
    this.#done.resolve()
  }
}
