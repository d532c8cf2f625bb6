/**
 * What a function imports from lambdabin: the types of the handler contract.
 *
 * The contract is the one of AWS's managed Node.js runtimes, so the types fit those of `@types/aws-lambda`
 * wherever both name a thing; `deadlineMs` and `signal` are lambdabin's own.
 */

import { type LifecycleHook, lifecycleHooks } from './runtime/lifecycle-hooks.ts'

export type { LifecycleHook }

/** What a handler learns about its invocation, beside the event. */
export interface Context {
  readonly functionName: string
  /** `$LATEST`, or the published version's number. */
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  /** The configured memory in MB, as a string of digits. */
  readonly memoryLimitInMB: string
  readonly awsRequestId: string
  readonly logGroupName: string
  readonly logStreamName: string
  /** The Amazon Cognito identity of a mobile application that invoked the function. */
  readonly identity?: CognitoIdentity | undefined
  /** What the AWS Mobile SDK, or the invoker's `ClientContext`, sent along. */
  readonly clientContext?: ClientContext | undefined
  /** The tenant of an invocation in tenant isolation mode. */
  readonly tenantId?: string | undefined
  readonly xRayTraceId?: string | undefined
  /** When Lambda gives up on this invocation, in milliseconds since the epoch. */
  readonly deadlineMs: number
  /**
   * Aborted shortly before the deadline, so that a handler can give up in time and say what it was waiting for.
   * Made on first use: a handler that does not ask for it pays nothing.
   */
  readonly signal: AbortSignal
  /** Milliseconds left before the deadline; 0 once it has passed. */
  getRemainingTimeInMillis(): number
  /**
   * Whether the result of a callback waits until nothing is left to do in the process. True unless the handler says
   * otherwise; it makes no difference to a handler that returns a promise.
   */
  callbackWaitsForEmptyEventLoop: boolean
  /** The oldest way to end an invocation; return a promise instead. */
  done(error?: unknown, result?: unknown): void
  /** The oldest way to fail an invocation; throw instead. */
  fail(error: unknown): void
  /** The oldest way to answer an invocation; return instead. */
  succeed(result: unknown): void
}

export interface CognitoIdentity {
  cognitoIdentityId: string
  cognitoIdentityPoolId: string
}

export interface ClientContext {
  client?: ClientContextClient
  env?: ClientContextEnvironment
  /** What the invoker's own code added; the two spellings are those of the SDKs. */
  custom?: unknown
  Custom?: unknown
  [key: string]: unknown
}

export interface ClientContextClient {
  installationId: string
  appTitle: string
  appVersionName: string
  appVersionCode: string
  appPackageName: string
}

export interface ClientContextEnvironment {
  platformVersion: string
  platform: string
  make: string
  model: string
  locale: string
}

/** Ends an invocation: with an error if there is one, else with the result. Only the first call counts. */
export type Callback<Result = unknown> = (error?: Error | string | null, result?: Result) => void

/**
 * A function's handler: returns a promise, a plain value, or nothing and calls `callback`.
 * A result is sent as JSON; `undefined` becomes `null`.
 */
// biome-ignore lint/suspicious/noExplicitAny: an event is whatever the invoker sent; `any` is what @types/aws-lambda says too.
export type Handler<Event = any, Result = any> = (
  event: Event,
  context: Context,
  callback: Callback<Result>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that calls back returns nothing.
) => Promise<Result> | Result | void

/**
 * Runs `hook` before Lambda ends the execution environment: to close connections, or flush what is buffered. Register
 * it while the module loads. Lambda gives all hooks together about 300 ms; they run in reverse order.
 */
export function onShutdown(hook: LifecycleHook): void {
  lifecycleHooks().shutdown.push(hook)
}

/** With SnapStart: runs `hook` after init, before the snapshot is taken. Hooks run in reverse order. */
export function onBeforeSnapshot(hook: LifecycleHook): void {
  lifecycleHooks().beforeSnapshot.push(hook)
}

/** With SnapStart: runs `hook` in each environment that is restored from the snapshot, before its first invocation. */
export function onAfterRestore(hook: LifecycleHook): void {
  lifecycleHooks().afterRestore.push(hook)
}
