/**
 * What became of an asynchronous invocation, as Lambda tells it to a destination.
 *
 * Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
 */

import type { BufferedResponse, FunctionError } from '../../runtime-api/exchange.ts'
import type { QueuedEvent } from './queued-event.ts'

/** The last is not Lambda's. */
export type Condition = 'Success' | FailureCondition
export type FailureCondition = 'RetriesExhausted' | 'EventAgeExceeded' | 'FunctionNotFound'

export interface InvocationRecord {
  condition: Condition
  /** Of the version or alias. */
  functionArn: string
  executedVersion: string
  /** Of the last attempt; undefined when there was none. */
  outcome: BufferedResponse | FunctionError | undefined
}

export function invocationRecord(event: QueuedEvent, record: InvocationRecord): object {
  const { condition, functionArn, executedVersion, outcome } = record
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn,
      condition,
      approximateInvokeCount: event.attempts,
    },
    requestPayload: jsonOrText(Buffer.from(event.event).toString()),
    ...(outcome !== undefined && {
      responseContext: {
        statusCode: 200,
        executedVersion,
        ...(outcome.kind === 'error' && { functionError: 'Unhandled' }),
      },
      responsePayload: jsonOrText(outcome.body.toString()),
    }),
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
