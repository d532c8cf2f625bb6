/**
 * What a function's dead-letter queue or topic gets of an event that failed for good: the event as it came, with three attributes.
 *
 * Source: AWS Lambda Developer Guide, "Adding a dead-letter queue".
 */

import type { FunctionError } from '../../runtime-api/exchange.ts'
import type { LocalLambda } from '../local-lambda.ts'
import type { QueuedEvent } from './queued-event.ts'

/** Lambda's: the first 1 KB of the error message. */
const MAX_MESSAGE_LENGTH = 1024

/** The ARN of its function's; undefined where it has none, or is gone. */
export function deadLetterQueueOf(
  { functionName, qualifier }: QueuedEvent,
  lambda: LocalLambda,
): string | undefined {
  try {
    const { others } = lambda.find(functionName, qualifier).configuration
    const { TargetArn } = (others.DeadLetterConfig ?? {}) as { TargetArn?: unknown }
    return typeof TargetArn === 'string' && TargetArn !== '' ? TargetArn : undefined
  } catch {
    return undefined
  }
}

/** In the form of a message that was sent to SQS. `outcome`: of the last attempt; undefined where there was none. */
export function deadLetter({ event, requestId }: QueuedEvent, outcome: FunctionError | undefined): object {
  return {
    MessageBody: Buffer.from(event).toString(),
    MessageAttributes: {
      RequestID: attribute('String', requestId),
      ErrorCode: attribute('Number', outcome === undefined ? '500' : '200'),
      ErrorMessage: attribute('String', messageOf(outcome).slice(0, MAX_MESSAGE_LENGTH)),
    },
  }
}

function attribute(DataType: 'String' | 'Number', StringValue: string): object {
  return { DataType, StringValue }
}

function messageOf(outcome: FunctionError | undefined): string {
  try {
    const { errorMessage } = JSON.parse(outcome?.body.toString() ?? '') as { errorMessage?: unknown }
    return String(errorMessage)
  } catch {
    return 'the function did not run'
  }
}
