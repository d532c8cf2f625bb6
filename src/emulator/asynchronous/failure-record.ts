/**
 * What becomes of an asynchronous invocation that failed for good.
 *
 * Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", the record of an
 * on-failure destination.
 */

import type { FunctionError } from '../../runtime-api/exchange.ts'
import type { QueuedEvent } from './queued-event.ts'

/** The first two are Lambda's. */
export type FailureCondition = 'RetriesExhausted' | 'EventAgeExceeded' | 'FunctionNotFound'

/** `error` is that of the last attempt; undefined when there was none. */
export function failureRecord(
  event: QueuedEvent,
  functionArn: string,
  condition: FailureCondition,
  error: FunctionError | undefined,
): object {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${functionArn}:$LATEST`,
      condition,
      approximateInvokeCount: event.attempts,
    },
    requestPayload: jsonOrText(Buffer.from(event.event).toString()),
    ...(error !== undefined && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: jsonOrText(error.body.toString()),
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
