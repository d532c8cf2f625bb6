/**
 * The loop of an execution environment: ask for the next invocation, call the handler, answer, and again.
 *
 * Each invocation is answered exactly once, with a response or with an error. There are four ways to the answer:
 *
 * - the handler's result, as JSON;
 * - a stream, which the handler writes to or which it returns;
 * - an error: what the handler threw, or what kept it from being called. Once a stream has sent something, it is told at the
 *   stream's end, since the response has begun;
 * - from outside: an uncaught exception, or the end of the process, fails the invocation that is running.
 *
 * The handler may also wait for something that will not come. That shows when nothing is left to do in the process; then
 * {@link InvocationLoop.eventLoopIsEmpty} is called.
 */

import type { ArrivedInvocation, InvocationSource } from '../executable/threads.ts'
import type { ErrorDocument } from '../runtime-api/contract.ts'
import { highWaterMark, isStreaming } from './awslambda.ts'
import { type Environment, setTraceId } from './environment.ts'
import { asError, isInstance, toErrorDocument } from './error-response.ts'
import { NodeJsExit, RuntimeApiFailure, UnmarshalError } from './errors.ts'
import { HandlerCall, type HandlerFunction } from './handler/handler.ts'
import { HandlerWork } from './handler/handler-work.ts'
import { readFacts, scopeOf, unmarshalEvent } from './invocation.ts'
import { type InvocationScope, invocationScope } from './invocation-scope.ts'
import { Arrival } from './lifecycle/arrival.ts'
import { logFailure } from './log/log.ts'
import { countRejections, hasRejectionSince } from './rejections.ts'
import { isStreamable, marshalResult, type StreamableResult } from './response.ts'
import type { ResponseStream } from './streaming/response-stream.ts'
import type { StreamedResponse } from './streaming/streamed-response.ts'

export class InvocationLoop {
  readonly #source: InvocationSource
  readonly #handler: HandlerFunction
  readonly #environment: Environment
  /** Whether other loops run in this process beside this one. */
  readonly #isConcurrent: boolean
  readonly #isStreaming: boolean
  #call: HandlerCall | undefined
  #streamed: StreamedResponse | undefined
  /** Ends the stream, for a handler that has returned without doing so; to be called when nothing is left to do. */
  #endStream: (() => void) | undefined
  /** What to do then while a result that comes bit by bit waits for its next bit. */
  #giveUpResult: ((error: Error) => void) | undefined
  #scope: InvocationScope | undefined
  #answered: Promise<void> | undefined
  /** What nobody caught, after the handler had come to its result and before that was sent. */
  #lateFailure: { readonly error: unknown } | undefined
  /** Whether the handler may return nothing, and be at work all the same. */
  #mayReturnNothing: boolean
  #stopping = false
  readonly #arrival = new Arrival()

  constructor(
    source: InvocationSource,
    handler: HandlerFunction,
    environment: Environment,
    isConcurrent: boolean,
  ) {
    this.#source = source
    this.#handler = handler
    this.#environment = environment
    this.#isConcurrent = isConcurrent
    this.#isStreaming = isStreaming(handler)
    this.#mayReturnNothing =
      !isConcurrent && !this.#isStreaming && handler.constructor.name !== 'AsyncFunction'
  }

  /** Runs until `stop`. Rejects with `RuntimeApiFailure` when the process must end. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      const invocation = await this.#source.next()
      this.#arrival.came()
      const { requestId, headers } = invocation
      this.#scope = scopeOf(requestId, headers)
      this.#answered = invocationScope.run(this.#scope, () => this.#answer(invocation))
      await this.#answered
      this.#answered = undefined
    }
  }

  /** Whether the code of this scope belongs to this loop's running invocation. */
  isRunning(scope: InvocationScope): boolean {
    return this.#answered !== undefined && this.#scope === scope
  }

  /** To be called when nothing is left to do in the process: what the handler waits for will not come. */
  eventLoopIsEmpty(): void {
    if (this.#endStream) {
      this.#endStream()
    } else if (this.#giveUpResult) {
      const message =
        'The stream that the handler returned will never end: nothing is left to do in the process.'
      this.#giveUpResult(new NodeJsExit(message))
    } else {
      this.#call?.eventLoopIsEmpty()
    }
  }

  /** Asks for no further invocation. Resolves once the running one is answered. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#answered
  }

  /**
   * Ends the running invocation with an error, unless its handler has finished; where none is running, one that has been handed out by
   * now. The loop ends after that invocation.
   */
  async failRunning(error: unknown): Promise<void> {
    if (this.#call && !this.#call.isSettled) {
      this.#call.fail(error)
    } else {
      this.#lateFailure ??= { error }
      this.#giveUpResult?.(asError(error))
      this.#streamed?.stream.destroy(asError(error))
      if (this.#answered === undefined && !this.#isConcurrent) {
        await this.#arrival.wait()
      }
    }
    return this.stop()
  }

  /** Answers the running invocation in the process's last turn, if it has no answer yet. Waits for no reply. */
  failLast(error: unknown): void {
    if (this.#call === undefined || this.#scope === undefined) {
      return
    }
    const document = toErrorDocument(error)
    // Of the end of a process, the platform tells.
    if (this.#isConcurrent) {
      invocationScope.run(this.#scope, () => logFailure('Invoke Error', error))
    }
    // Half a response is none: where it cannot be ended, the error is the answer.
    if (this.#streamed?.failLast(document)) {
      this.#source.answered(this.#scope.requestId)
    } else {
      this.#source.failLast(this.#scope.requestId, document)
    }
  }

  async #answer(invocation: ArrivedInvocation): Promise<void> {
    const { requestId } = invocation
    let body: string
    try {
      // Nobody caught it while this invocation was on its way.
      if (this.#lateFailure) {
        throw this.#lateFailure.error
      }
      if (this.#isStreaming) {
        await this.#openStream(requestId, highWaterMark(this.#handler))
      }
      const rejections = countRejections()
      const result = await this.#invoke(invocation)
      if (hasRejectionSince(rejections)) {
        await this.#throwLateFailure()
      }
      if (this.#streamed || isStreamable(result)) {
        const streamed = this.#streamed ?? (await this.#openStream(requestId, undefined))
        await (isStreamable(result) ? this.#fill(streamed, result) : this.#finishStream(streamed))
        this.#source.answered(requestId)
        return
      }
      body = marshalResult(result)
    } catch (error) {
      // The Runtime API asked the process to end: no other answer can be given.
      if (isInstance(error, RuntimeApiFailure)) {
        throw error
      }
      if (this.#lateFailure === undefined) {
        logFailure('Invoke Error', error)
      }
      return await this.#fail(requestId, toErrorDocument(error))
    } finally {
      this.#call?.context.release()
      this.#call = undefined
      this.#lateFailure = undefined
      this.#streamed = undefined
      this.#endStream = undefined
      this.#giveUpResult = undefined
    }
    // Not returned: a function that has changed what a promise's `then` does would have a say in it.
    await this.#source.respond(requestId, body)
  }

  /** Throws what nobody caught by the next turn: of a promise that nobody handles, Node.js tells by then. */
  async #throwLateFailure(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#lateFailure) {
      throw this.#lateFailure.error
    }
  }

  /** The handler's result. Rejects with whatever it threw, or with `UnmarshalError` when it could not be called. */
  #invoke(invocation: ArrivedInvocation): Promise<unknown> {
    const { requestId, headers, body, cutShort } = invocation
    if (cutShort) {
      throw new UnmarshalError(
        `The event did not arrive whole: the connection ended after ${body.bytes} bytes of its body (${cutShort.message}).`,
        { cause: cutShort },
      )
    }
    const facts = readFacts(requestId, headers)
    const event = unmarshalEvent(body)
    const work = this.#mayReturnNothing ? new HandlerWork() : undefined
    const call = new HandlerCall(this.#environment, facts, { isConcurrent: this.#isConcurrent, work })
    this.#call = call
    // The process has one environment. Where several invocations run at once, each has its trace in its context alone.
    if (!this.#isConcurrent) {
      setTraceId(facts.traceId)
    }
    call.start(this.#handler, event, this.#streamed?.stream)
    // One that returns a promise once does so always.
    this.#mayReturnNothing &&= !call.returnedPromise
    return call.result
  }

  async #openStream(requestId: string, mark: number | undefined): Promise<StreamedResponse> {
    const { StreamedResponse } = await import('./streaming/streamed-response.ts')
    this.#streamed = new StreamedResponse(this.#environment.runtimeApi, requestId, mark)
    return this.#streamed
  }

  /** Sends a result that comes bit by bit. A generator that waits for ever does not end when it is told to. */
  async #fill(streamed: StreamedResponse, result: StreamableResult): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#giveUpResult = reject
    void settleWith(fill(streamed, result), resolve, reject)
    await promise
  }

  /**
   * Waits for the end of a stream whose handler has returned. The handler may have left something at work that still writes
   * to it. Where it has not, nothing is left to do in the process, and the stream is ended for the handler.
   */
  async #finishStream(streamed: StreamedResponse): Promise<void> {
    const { stream } = streamed
    if (!stream.writableEnded && !stream.destroyed) {
      if (this.#isConcurrent) {
        if (!stream.isPiped) {
          stream.end()
        }
      } else {
        this.#endStream = () => stream.end()
      }
    }
    await ended(stream)
    await streamed.settled
  }

  /** Answers with an error: at the end of what was streamed, or by itself. */
  async #fail(requestId: string, document: ErrorDocument): Promise<void> {
    const streamed = this.#streamed
    if (streamed?.stream.begun) {
      try {
        await streamed.abort(document)
        this.#source.answered(requestId)
        return
      } catch (error) {
        if (isInstance(error, RuntimeApiFailure)) {
          throw error
        }
        // The connection is lost, so the platform has half a response, which does not count. The error is the answer.
      }
    }
    streamed?.stream.destroy()
    await this.#source.fail(requestId, document)
  }
}

async function settleWith(
  work: Promise<void>,
  resolve: () => void,
  reject: (error: unknown) => void,
): Promise<void> {
  try {
    await work
    resolve()
  } catch (error) {
    reject(error)
  }
}

/** Sends a result that is a stream itself. */
async function fill(streamed: StreamedResponse, result: StreamableResult): Promise<void> {
  const { pipeline } = process.getBuiltinModule('node:stream/promises')
  await pipeline(result, streamed.stream)
  await streamed.settled
}

/** Resolves when all is written; rejects when the stream was destroyed before. */
async function ended(stream: ResponseStream): Promise<void> {
  const { finished } = process.getBuiltinModule('node:stream/promises')
  await finished(stream)
}
