import { InvocationContext, type InvocationFacts, type Settle } from './context.ts'
import type { Environment } from './environment.ts'
import { HandlerNotFound, NodeJsExit } from './errors.ts'
import type { Callback, Context } from './handler-contract.ts'
import { fromFetchHandler, isFetchHandler } from './http/fetch-handler.ts'
import type { ResponseStream } from './streaming/response-stream.ts'

// biome-ignore lint/suspicious/noExplicitAny: the user's own signature, known to nobody here.
export type StreamingHandlerFunction = (event: any, stream: ResponseStream, context: Context) => unknown

// biome-ignore lint/suspicious/noExplicitAny: the same.
export type HandlerFunction = (event: any, context: Context, callback: Callback) => unknown

/**
 * The handler among a function's exports: the named one, or else `handler`, or else the default export; a function, or
 * an object with a `fetch` method, which becomes one. Throws `HandlerNotFound`, which says what there is instead.
 */
export function findHandler(
  functionExports: unknown,
  name: string | undefined,
  setting: string,
): HandlerFunction {
  const candidate = name === undefined ? defaultHandler(functionExports) : property(functionExports, name)
  if (typeof candidate === 'function') {
    return candidate as HandlerFunction
  }
  if (isFetchHandler(candidate)) {
    return fromFetchHandler(candidate) as HandlerFunction
  }
  const wanted = name ?? 'handler'
  const problem =
    candidate === undefined ? `exports no ${wanted}` : `exports ${wanted}, but as ${kindOf(candidate)}`
  throw new HandlerNotFound(
    `The handler setting ${JSON.stringify(setting)} needs the function to export a function named ${wanted}, ` +
      `and it ${problem}; ${alternatives(functionExports, setting)}`,
  )
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

  /** `isConcurrent`: other invocations run in this process, so that its event loop is never empty. */
  constructor(environment: Environment, facts: InvocationFacts, isConcurrent = false) {
    this.#resolvers = Promise.withResolvers<unknown>()
    this.result = this.#resolvers.promise
    this.context = new InvocationContext(environment, facts, settleOf(this))
    this.#isConcurrent = isConcurrent
    if (isConcurrent) {
      this.context.callbackWaitsForEmptyEventLoop = false
    }
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Calls the handler, a streaming one with its stream. Never throws: what the handler throws is its result. */
  start(handler: HandlerFunction, event: unknown, stream?: ResponseStream): void {
    try {
      const returned = stream
        ? (handler as unknown as StreamingHandlerFunction)(event, stream, this.context)
        : handler(event, this.context, callbackOf(this))
      if (isThenable(returned)) {
        this.#returnedPromise = true
        Promise.resolve(returned).then(
          (result) => this.#resolveUnlessCalledBack(result),
          (error) => this.#reject(error),
        )
      } else if (stream || (handler.length < 3 && (returned !== undefined || this.#isConcurrent))) {
        // With a third parameter it is a callback handler, and what it returns is by accident: `return db.query(…, callback)`.
        this.#resolve(returned)
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
    if (!this.context.callbackWaitsForEmptyEventLoop) {
      this.settle(error, result)
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
// generation to 16 MB where 1 MB will do (seen in V8 13.6 with --trace-gc-nvp).
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

function defaultHandler(functionExports: unknown): unknown {
  if (typeof functionExports === 'function') {
    return functionExports // CommonJS: module.exports = handler
  }
  const named = property(functionExports, 'handler')
  if (named !== undefined) {
    return named
  }
  const byDefault = property(functionExports, 'default')
  if (typeof byDefault === 'function') {
    return byDefault
  }
  // `export default app`, whose other properties are its own; or a module with `handler`; or CommonJS: module.exports = app
  if (isFetchHandler(byDefault)) {
    return byDefault
  }
  return property(byDefault, 'handler') ?? (isFetchHandler(functionExports) ? functionExports : undefined)
}

function property(source: unknown, name: string): unknown {
  if (source === null || (typeof source !== 'object' && typeof source !== 'function')) {
    return undefined
  }
  // Own properties only: `orders.constructor` must not find Object's.
  return Object.hasOwn(source, name) ? (source as Record<string, unknown>)[name] : undefined
}

function isHandler(value: unknown): boolean {
  return typeof value === 'function' || isFetchHandler(value)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function alternatives(functionExports: unknown, setting: string): string {
  const executable = setting.split('.')[0]
  const names =
    functionExports !== null && typeof functionExports === 'object'
      ? Object.keys(functionExports).filter((key) => isHandler(property(functionExports, key)))
      : []
  if (names.length === 0) {
    return 'it exports no function at all: export one.'
  }
  return `set it to one of ${names.map((name) => `${executable}.${name}`).join(', ')}.`
}
