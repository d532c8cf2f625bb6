import { InvocationContext, type InvocationFacts, type Settle } from '../context.ts'
import type { Environment } from '../environment.ts'
import { NodeJsExit } from '../errors.ts'
import type { Callback, Context } from '../handler-contract.ts'
import { logRuntimeProblem } from '../log/log.ts'
import { isStreamable } from '../response.ts'
import type { ResponseStream } from '../streaming/response-stream.ts'
import type { HandlerWork } from './handler-work.ts'

// biome-ignore lint/suspicious/noExplicitAny: the user's own signature, known to nobody here.
export type StreamingHandlerFunction = (event: any, stream: ResponseStream, context: Context) => unknown

// biome-ignore lint/suspicious/noExplicitAny: the same.
export type HandlerFunction = (event: any, context: Context, callback: Callback) => unknown

/**
 * Milliseconds that a handler which could still call `context.succeed` has to have nothing at work, where its event loop is
 * never empty. Not all that Node.js does shows: what it does in threads of its own (`crypto`, `zlib`) does not.
 */
const QUIET_MS = 1000

export interface HandlerCallOptions {
  /** Other invocations run in this process, so that its event loop is never empty. */
  readonly isConcurrent?: boolean
  /** What was at work before the call; undefined for a handler that returns promises. */
  readonly work?: HandlerWork | undefined
}

/** One call of a handler, whichever of its ways to answer it uses. */
export class HandlerCall {
  /** Settles once, with what the handler came to. */
  readonly result: Promise<unknown>
  readonly context: InvocationContext
  readonly #resolvers: PromiseWithResolvers<unknown>
  /** What the handler called back with while it is to wait for an empty event loop. */
  #calledBack: { error: unknown; result: unknown } | undefined
  #returnedPromise = false
  #isSettled = false
  readonly #isConcurrent: boolean
  readonly #work: HandlerWork | undefined

  constructor(
    environment: Environment,
    facts: InvocationFacts,
    { isConcurrent = false, work }: HandlerCallOptions = {},
  ) {
    this.#resolvers = Promise.withResolvers<unknown>()
    this.result = this.#resolvers.promise
    this.context = new InvocationContext(environment, facts, settleOf(this))
    this.#isConcurrent = isConcurrent
    this.#work = work?.hasCompany ? work : undefined
    if (isConcurrent) {
      this.context.callbackWaitsForEmptyEventLoop = false
    }
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  get returnedPromise(): boolean {
    return this.#returnedPromise
  }

  /** Calls the handler, a streaming one with its stream. Never throws: what the handler throws is its result. */
  start(handler: HandlerFunction, event: unknown, stream?: ResponseStream): void {
    try {
      const returned = stream
        ? (handler as unknown as StreamingHandlerFunction)(event, stream, this.context)
        : handler(event, this.context, callbackOf(this))
      if (isThenable(returned)) {
        this.#returnedPromise = true
        void this.#follow(returned)
      } else if (stream || this.#isResult(returned, handler.length)) {
        this.#resolve(returned)
      } else if (handler.length < 3) {
        this.#watchWork(handler.length < 2 ? 0 : QUIET_MS)
      }
      // Else it will call back, or it is done: which of the two shows when nothing is left to do.
    } catch (error) {
      this.#reject(error)
    }
  }

  /** Ends the call from outside, if the handler has not ended it. */
  fail(error: unknown): void {
    this.#reject(error)
  }

  /**
   * To be called when nothing is left to do in the process. A handler that has called back is answered now, one that
   * returned nothing has the result null, and a promise that is still pending will never settle.
   */
  eventLoopIsEmpty(): void {
    if (this.#calledBack) {
      this.settle(this.#calledBack.error, this.#calledBack.result)
    } else if (!this.#returnedPromise) {
      this.#resolve(undefined)
    } else {
      this.#reject(
        new NodeJsExit(
          'The handler returned a promise that will never settle: nothing is left to do in the process, ' +
            'so nothing can settle it. Await what the handler waits for, or return a value.',
        ),
      )
    }
  }

  /** Ends the call with an error if there is one, else with the result. Only the first end counts. */
  settle(error: unknown, result: unknown): void {
    if (error === null || error === undefined) {
      this.#resolve(result)
    } else {
      this.#reject(error)
    }
  }

  /** What the handler's third parameter does. */
  callBack(error: unknown, result: unknown): void {
    if (this.#calledBack) {
      return
    }
    this.#calledBack = { error, result }
    if (this.context.callbackWaitsForEmptyEventLoop) {
      this.#watchWork(0)
    } else {
      this.settle(error, result)
    }
  }

  /**
   * Whether what a handler returned, which is no promise, is what it comes to. With a third parameter it is a callback
   * handler, and what it returns is by accident: `return db.query(…, callback)`. So is something that is still at work:
   * `(event, context) => proxy(server, event, context)`.
   */
  #isResult(returned: unknown, parameters: number): boolean {
    return parameters < 3 && (returned === undefined ? this.#isConcurrent : !isAtWork(returned))
  }

  /** Answers a handler that is done, where something else keeps the event loop from being empty. */
  #watchWork(quietMs: number): void {
    this.#work?.watch(
      quietMs,
      () => !this.#isSettled,
      () => {
        if (quietMs > 0) {
          logRuntimeProblem(
            `the handler has returned no result, and had nothing at work for ${quietMs} ms, while something of its module's ` +
              'keeps the process alive: its result is null; return a value or a promise, so that nobody has to wait',
          )
        }
        this.eventLoopIsEmpty()
      },
    )
  }

  async #follow(returned: PromiseLike<unknown>): Promise<void> {
    try {
      this.#resolveUnlessCalledBack(await returned)
    } catch (error) {
      this.#reject(error)
    }
  }

  /** An async handler may call back all the same: its promise then resolves to nothing, and the callback has the result. */
  #resolveUnlessCalledBack(result: unknown): void {
    if (result === undefined && this.#calledBack) {
      this.settle(this.#calledBack.error, this.#calledBack.result)
    } else {
      this.#resolve(result)
    }
  }

  #resolve(result: unknown): void {
    this.#isSettled = true
    this.#resolvers.resolve(result)
  }

  #reject(error: unknown): void {
    this.#isSettled = true
    this.#resolvers.reject(error)
  }
}

// Not made in the constructor: V8 lets a function that a constructor makes and keeps in `this` outlive its first two
// collections, unless the constructor is optimised. With it, all of its invocation does so, and V8 enlarges the young
// generation to 16 MB where 4 will do (seen in V8 13.6 with --trace-gc-nvp).
function settleOf(call: HandlerCall): Settle {
  return (error, result) => call.settle(error, result)
}

function callbackOf(call: HandlerCall): Callback {
  return (error, result) => call.callBack(error, result)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Whether a value is a server, a request, a timer or the like, which nobody means to be JSON, or to be streamed. */
function isAtWork(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || isStreamable(value)) {
    return false
  }
  const { toJSON, on, emit, hasRef, unref } = value as Record<string, unknown>
  const isEmitter = typeof on === 'function' && typeof emit === 'function'
  return (
    typeof toJSON !== 'function' &&
    (isEmitter || (typeof hasRef === 'function' && typeof unref === 'function'))
  )
}
