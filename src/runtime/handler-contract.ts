/**
 * The types of the handler contract: what a function is called with, and what it may answer.
 *
 * The contract is the one of AWS's managed Node.js runtimes, so the types fit those of `@types/aws-lambda`
 * wherever both name a thing; `deadlineMs` and `signal` are lambdabin's own. Functions import them from `lambdabin`.
 */

// biome-ignore lint/suspicious/noTsIgnore: an error only where the package is missing.
/** @ts-ignore Without `@types/node` all but streams has its types. */
import type { Writable } from 'node:stream'

// biome-ignore lint/suspicious/noTsIgnore: the same.
/** @ts-ignore `@types/aws-lambda` declares the same globals; where it is installed, it is read first. */
export type {} from 'aws-lambda'

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

/** What the AWS Mobile SDK sends; another invoker sends what it likes, and may leave out all of it. */
export interface ClientContext {
  client: ClientContextClient
  env: ClientContextEnvironment
  /** What the invoker's own code added; the two spellings are those of the SDKs. */
  custom?: unknown
  Custom?: unknown
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
 * What a streaming handler writes its response to: `Writable` of `node:stream`, which `@types/node` declares.
 * Nothing is sent before the first write, or the end.
 */
export interface ResponseStream extends Writable {
  /** The response's content type, `application/octet-stream` if never set. Throws once the response has begun. */
  setContentType: (contentType: string) => void
}

/** What goes in front of a streamed HTTP response. */
export interface HttpResponseMetadata {
  statusCode?: number
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  /** Values of `Set-Cookie`. */
  cookies?: string[]
}

/** A handler that streams its response; make it with `awslambda.streamifyResponse`. */
// biome-ignore lint/suspicious/noExplicitAny: as in Handler.
export type StreamHandler<Event = any, Result = any> = (
  event: Event,
  responseStream: ResponseStream,
  context: Context,
) => Promise<Result> | Result

/**
 * An object that answers HTTP requests, as Hono, itty-router, Bun and Cloudflare Workers know it: export it as
 * `default` or as `handler`. It serves function URLs, API Gateway and Application Load Balancers.
 */
export interface FetchHandler {
  fetch(
    request: Request,
    environment: FetchEnvironment,
    context: FetchContext,
  ): Response | PromiseLike<Response>
  /**
   * Whether responses are streamed, for a function URL whose invoke mode is RESPONSE_STREAM. By default what the
   * environment variable `LAMBDABIN_INVOKE_MODE` says: BUFFERED, unless it is RESPONSE_STREAM.
   */
  streaming?: boolean | undefined
}

/** What a fetch handler can learn beyond the request; in Hono `c.env`. */
export interface FetchEnvironment {
  /** The event as it arrived. */
  // biome-ignore lint/suspicious/noExplicitAny: any of four kinds of event, which others have types for.
  event: any
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  requestContext: any
  lambdaContext: Context
  /** The same as `lambdaContext`. */
  context: Context
}

/** What a fetch handler can leave to be done; in Hono `c.executionCtx`. */
export interface FetchContext {
  /** The invocation goes on until `work` is settled. What it fails with is logged, and the response stays. */
  waitUntil(work: unknown): void
  /** Does nothing: there is no origin server to pass through to. */
  passThroughOnException(): void
  props: Record<string, unknown>
}

declare namespace awslambdaTypes {
  class HttpResponseStream extends Writable {
    /** Makes `stream` the response to an HTTP request. */
    static from(
      stream: Writable,
      metadata: HttpResponseMetadata | Record<string, unknown>,
    ): HttpResponseStream
    setContentType: (contentType: string) => void
  }
}

declare global {
  namespace awslambda {
    // biome-ignore lint/suspicious/noTsIgnore: an error only beside the other class.
    /** @ts-ignore Where `@types/aws-lambda` declares the class, that one counts. */
    export import HttpResponseStream = awslambdaTypes.HttpResponseStream

    /** Marks `handler` as one that streams its response. `highWaterMark` is in bytes. */
    // biome-ignore lint/suspicious/noExplicitAny: as in Handler.
    function streamifyResponse<Event = any, Result = void>(
      handler: StreamHandler<Event, Result>,
      options?: { highWaterMark?: number },
    ): StreamHandler<Event, Result>
  }
}
