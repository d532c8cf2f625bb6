import { NEXT_HEADERS } from '../runtime-api/contract.ts'
import type { InvocationFacts } from './context.ts'
import { UnmarshalError } from './errors.ts'
import type { ClientContext, CognitoIdentity } from './handler-contract.ts'
import type { InvocationScope } from './invocation-scope.ts'

/** Headers as undici gives them: names in lower case; a repeated header is an array. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** A body as it arrived. */
export interface ReplyBody {
  readonly text: string
  /** How many bytes arrived; in UTF-8. */
  readonly bytes: number
}

/** The value of a header; undefined when it is absent or empty, which the Runtime API means alike. */
export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return (typeof value === 'object' ? value[0] : value) || undefined
}

/**
 * What the headers of `next` say. Throws `UnmarshalError` when the client context or the Cognito identity is not JSON.
 */
export function readFacts(requestId: string, headers: Headers): InvocationFacts {
  return {
    requestId,
    deadlineMs: Number(header(headers, NEXT_HEADERS.deadlineMs) ?? 0) || 0,
    invokedFunctionArn: header(headers, NEXT_HEADERS.invokedFunctionArn) ?? '',
    traceId: header(headers, NEXT_HEADERS.traceId),
    clientContext: jsonHeader(headers, NEXT_HEADERS.clientContext) as ClientContext | undefined,
    identity: jsonHeader(headers, NEXT_HEADERS.cognitoIdentity) as CognitoIdentity | undefined,
    tenantId: header(headers, NEXT_HEADERS.tenantId),
  }
}

/** What everything that is logged in an invocation names it by. */
export function scopeOf(requestId: string, headers: Headers): InvocationScope {
  return {
    requestId,
    tenantId: header(headers, NEXT_HEADERS.tenantId),
    traceId: header(headers, NEXT_HEADERS.traceId),
  }
}

/** The event that a body of `next` holds. Throws `UnmarshalError` when it is not JSON. */
export function unmarshalEvent({ text, bytes }: ReplyBody): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UnmarshalError(
      `The event should be JSON and is not: ${(cause as Error).message} (${bytes} bytes arrived)`,
      { cause },
    )
  }
}

function jsonHeader(headers: Headers, name: string): unknown {
  const value = header(headers, name)
  if (value === undefined) {
    return undefined
  }
  try {
    // Header values arrive as Latin-1; the JSON in them is UTF-8.
    return JSON.parse(Buffer.from(value, 'latin1').toString()) ?? undefined
  } catch (cause) {
    throw new UnmarshalError(`The header ${name} should be JSON and is not: ${(cause as Error).message}`, {
      cause,
    })
  }
}
