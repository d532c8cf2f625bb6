import { AsyncLocalStorage } from 'node:async_hooks'

export interface InvocationScope {
  readonly requestId: string
  readonly tenantId: string | undefined
  readonly traceId: string | undefined
}

/** Which invocation the running code belongs to, through every callback and await; no store outside of any. */
export const invocationScope = new AsyncLocalStorage<InvocationScope>()

/** The request id of a rehearsal, which no invocation has. */
export const REHEARSAL_ID = '00000000-0000-0000-0000-000000000000'

/** Whether the running code belongs to a rehearsal of the handler, through every callback and await. */
export function isRehearsing(): boolean {
  return invocationScope.getStore()?.requestId === REHEARSAL_ID
}
