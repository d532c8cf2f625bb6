import { AsyncLocalStorage } from 'node:async_hooks'

export interface InvocationScope {
  readonly requestId: string
  readonly tenantId: string | undefined
  readonly traceId: string | undefined
}

/** Which invocation the running code belongs to, through every callback and await; no store outside of any. */
export const invocationScope = new AsyncLocalStorage<InvocationScope>()
