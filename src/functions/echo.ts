import type { Handler } from '../index.ts'

/** Tells what an invocation comes with: its identifiers, and the event itself. */
export const handler: Handler = async (event, context) => ({
  requestId: context.awsRequestId,
  deadline: context.deadlineMs,
  functionArn: context.invokedFunctionArn,
  traceId: context.xRayTraceId,
  event,
})
