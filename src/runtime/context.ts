import type { Environment } from './environment.ts'
import type { ClientContext, CognitoIdentity, Context } from './handler-contract.ts'

/** What the headers of `next` say about one invocation, decoded. */
export interface InvocationFacts {
  readonly requestId: string
  /** Milliseconds since the epoch; 0 when the platform did not say. */
  readonly deadlineMs: number
  readonly invokedFunctionArn: string
  readonly traceId: string | undefined
  readonly clientContext: ClientContext | undefined
  readonly identity: CognitoIdentity | undefined
  readonly tenantId: string | undefined
}

/** How `context.done` and its kin end an invocation. */
export type Settle = (error: unknown, result: unknown) => void

/**
 * How long before the deadline `context.signal` fires, in milliseconds: time enough to log, answer and be heard,
 * and at most a tenth of what the invocation had.
 */
const SIGNAL_LEAD_MS = 500

/** The longest delay that a Node.js timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The context of one invocation, with own, enumerable properties, which middleware copies and loggers print. */
export class InvocationContext implements Context {
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly memoryLimitInMB: string
  readonly awsRequestId: string
  readonly logGroupName: string
  readonly logStreamName: string
  readonly identity: CognitoIdentity | undefined
  readonly clientContext: ClientContext | undefined
  readonly tenantId: string | undefined
  readonly xRayTraceId: string | undefined
  readonly deadlineMs: number
  callbackWaitsForEmptyEventLoop = true
  // Bound and own, as in AWS's client: handlers destructure them, and middleware spreads the context.
  readonly getRemainingTimeInMillis: () => number
  readonly done: (error?: unknown, result?: unknown) => void
  readonly fail: (error: unknown) => void
  readonly succeed: (result: unknown) => void

  #abort: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #released = false

  constructor(environment: Environment, facts: InvocationFacts, settle: Settle) {
    this.functionName = environment.functionName
    this.functionVersion = environment.functionVersion
    this.invokedFunctionArn = facts.invokedFunctionArn
    this.memoryLimitInMB = environment.memorySize
    this.awsRequestId = facts.requestId
    this.logGroupName = environment.logGroupName
    this.logStreamName = environment.logStreamName
    this.identity = facts.identity
    this.clientContext = facts.clientContext
    this.tenantId = facts.tenantId
    this.xRayTraceId = facts.traceId
    this.deadlineMs = facts.deadlineMs
    const { remaining, done, fail, succeed } = contextFunctions(facts.deadlineMs, settle)
    this.getRemainingTimeInMillis = remaining
    this.done = done
    this.fail = fail
    this.succeed = succeed
  }

  get signal(): AbortSignal {
    if (this.#abort) {
      return this.#abort.signal
    }
    const abort = new AbortController()
    this.#abort = abort
    if (this.#released || this.deadlineMs === 0) {
      return abort.signal
    }
    const remaining = this.deadlineMs - Date.now()
    const delay = remaining - Math.min(SIGNAL_LEAD_MS, remaining / 10)
    if (delay <= 0) {
      abort.abort(this.#timeIsUp())
    } else if (delay <= MAX_TIMER_MS) {
      this.#timer = setTimeout(() => abort.abort(this.#timeIsUp()), delay)
    }
    return abort.signal
  }

  /** Called once the invocation is answered: the signal will not fire any more. */
  release(): void {
    this.#released = true
    clearTimeout(this.#timer)
  }

  #timeIsUp(): DOMException {
    const left = this.getRemainingTimeInMillis()
    return new DOMException(`The invocation has ${left} ms left before Lambda ends it.`, 'TimeoutError')
  }
}

// Not in the constructor, for the reason that is told in handler.ts.
function contextFunctions(deadlineMs: number, settle: Settle) {
  return {
    remaining: () => Math.max(0, deadlineMs - Date.now()),
    done: (error?: unknown, result?: unknown) => settle(error, result),
    // A failure without an error is a failure all the same.
    fail: (error: unknown) =>
      settle(error ?? new Error('context.fail was called without an error'), undefined),
    succeed: (result: unknown) => settle(null, result),
  }
}
