/**
 * The AWS Lambda Runtime API: what both sides of it must agree on.
 *
 * An execution environment's runtime is an HTTP client. It asks `GET next` for an invocation, which blocks until
 * there is one; runs the handler; and answers with exactly one `POST response` or `POST error`. A runtime that
 * cannot initialise posts one `init/error` instead and exits. This file names the paths, headers, statuses and
 * documents of that conversation, for the runtime (the client) and for the emulator (the server). It imports
 * nothing, so that neither side drags in the other.
 *
 * Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes", and the behaviour of
 * AWS's own clients where the guide is silent.
 */

export const RUNTIME_API_VERSION = '2018-06-01'
const EXTENSIONS_API_VERSION = '2020-01-01'

const RUNTIME = `/${RUNTIME_API_VERSION}/runtime`

export const NEXT_PATH = `${RUNTIME}/invocation/next`
export const INIT_ERROR_PATH = `${RUNTIME}/init/error`
export const RESTORE_NEXT_PATH = `${RUNTIME}/restore/next`
export const RESTORE_ERROR_PATH = `${RUNTIME}/restore/error`
export const EXTENSION_REGISTER_PATH = `/${EXTENSIONS_API_VERSION}/extension/register`
export const EXTENSION_INIT_ERROR_PATH = `/${EXTENSIONS_API_VERSION}/extension/init/error`
export const EXTENSION_EXIT_ERROR_PATH = `/${EXTENSIONS_API_VERSION}/extension/exit/error`
export const TELEMETRY_PATH = '/2022-07-01/telemetry'
/** Its older form. */
export const LOGS_PATH = '/2020-08-15/logs'
export const EXTENSION_NEXT_PATH = `/${EXTENSIONS_API_VERSION}/extension/event/next`

/** `POST` here answers an invocation with its result. The request id is percent-encoded into one path segment. */
export function responsePath(requestId: string): string {
  return `${RUNTIME}/invocation/${encodeURIComponent(requestId)}/response`
}

/** `POST` here answers an invocation with an error document. */
export function errorPath(requestId: string): string {
  return `${RUNTIME}/invocation/${encodeURIComponent(requestId)}/error`
}

/** Response headers of `next`, in lower case as Node.js and undici deliver them. All but the first may be absent or empty. */
export const NEXT_HEADERS = {
  requestId: 'lambda-runtime-aws-request-id',
  /** Milliseconds since the epoch, decimal. */
  deadlineMs: 'lambda-runtime-deadline-ms',
  invokedFunctionArn: 'lambda-runtime-invoked-function-arn',
  traceId: 'lambda-runtime-trace-id',
  /** JSON. */
  clientContext: 'lambda-runtime-client-context',
  /** JSON. */
  cognitoIdentity: 'lambda-runtime-cognito-identity',
  tenantId: 'lambda-runtime-aws-tenant-id',
} as const

/** Request headers of the three error calls. */
export const ERROR_TYPE_HEADER = 'lambda-runtime-function-error-type'
/** JSON, ASCII; the platform drops one of over 64 KiB. */
export const XRAY_ERROR_CAUSE_HEADER = 'lambda-runtime-function-xray-error-cause'

/** Request header of a streamed response; its only value is `streaming`. */
export const RESPONSE_MODE_HEADER = 'lambda-runtime-function-response-mode'
/** Trailer of a streamed response that failed after its first byte: base64 of the error document. */
export const ERROR_BODY_TRAILER = 'lambda-runtime-function-error-body'

/** What the platform answers to `response` and `error`, and what it asks of the runtime. */
export const STATUS = {
  ok: 200,
  accepted: 202,
  badRequest: 400,
  /** The call is not allowed now, or was already made: do not repeat it. */
  forbidden: 403,
  /** The invocation is over, usually because it timed out. */
  gone: 410,
  payloadTooLarge: 413,
  /** "Container error. Non-recoverable state. Runtime should exit promptly." */
  containerError: 500,
} as const

/** Bytes of the largest event of a synchronous invocation that Lambda takes: 6 MB. */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024
/** Bytes of the largest buffered response that the platform takes: 6 MiB and 100. */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100

/** Content type of a streamed response that begins with the JSON of an HTTP response's metadata. */
export const HTTP_INTEGRATION_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response'

/** Request and response header of the Extensions API. */
export const EXTENSION_NAME_HEADER = 'lambda-extension-name'
export const EXTENSION_ID_HEADER = 'lambda-extension-identifier'
export const EXTENSION_ERROR_TYPE_HEADER = 'lambda-extension-function-error-type'

/** The body of `error` and `init/error`, as Node.js runtimes write it. */
export interface ErrorDocument {
  errorType: string
  errorMessage: string
  /** The stack, a line each; empty when what was thrown has none. */
  trace: string[]
  /** What caused the error, where it says so. Not in AWS's own client. */
  cause?: ErrorDocument
}
