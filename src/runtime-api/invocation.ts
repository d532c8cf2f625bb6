/** One invocation, as Lambda describes it to the runtime that is to handle it. */

import { randomBytes, randomUUID } from 'node:crypto'

export interface Invocation {
  requestId: string
  /** Passed on as it is, never parsed. */
  event: Uint8Array
  invokedFunctionArn: string
  traceId: string
  /** JSON. */
  clientContext?: string
  /** JSON. */
  cognitoIdentity?: string
  tenantId?: string
  /** Whether the event comes in chunks, without being told how long it is. */
  isChunked?: boolean
}

export function createInvocation(event: Uint8Array, invokedFunctionArn: string): Invocation {
  return { requestId: randomUUID(), event, invokedFunctionArn, traceId: createTraceId(Date.now()) }
}

export function functionArn(region: string, functionName: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${functionName}`
}

// Nobody's: the account number of AWS's own examples.
export const accountId = '123456789012'

/** An X-Ray tracing header: the root's eight first hexadecimal digits are its second since the epoch. */
export function createTraceId(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0')
  const root = `1-${second}-${randomBytes(12).toString('hex')}`
  return `Root=${root};Parent=${randomBytes(8).toString('hex')};Sampled=0`
}
