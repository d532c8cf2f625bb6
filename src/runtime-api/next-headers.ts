/** The headers of an invocation on its way to the runtime. */

import { NEXT_HEADERS } from './contract.ts'
import type { InvocationExchange } from './exchange.ts'

export function nextHeaders({ invocation, deadlineMs }: InvocationExchange): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    ...(!invocation.isChunked && { 'Content-Length': invocation.event.byteLength }),
    [NEXT_HEADERS.requestId]: invocation.requestId,
    [NEXT_HEADERS.deadlineMs]: deadlineMs,
    [NEXT_HEADERS.invokedFunctionArn]: invocation.invokedFunctionArn,
    [NEXT_HEADERS.traceId]: invocation.traceId,
  }
  if (invocation.clientContext !== undefined) {
    headers[NEXT_HEADERS.clientContext] = asciiJson(invocation.clientContext)
  }
  if (invocation.cognitoIdentity !== undefined) {
    headers[NEXT_HEADERS.cognitoIdentity] = asciiJson(invocation.cognitoIdentity)
  }
  if (invocation.tenantId !== undefined) {
    headers[NEXT_HEADERS.tenantId] = invocation.tenantId
  }
  return headers
}

/** JSON that a header can carry. Outside strings JSON is ASCII, and inside them \u will do. */
function asciiJson(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (character) =>
    /\s/.test(character) && character < '\x80'
      ? ' '
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
