// src/functions/echo.ts for runtimes that do not have lambdabin's `context.deadlineMs`.
import process from 'node:process'

export const handler = async (event, context) => ({
  requestId: context.awsRequestId,
  deadline: Date.now() + context.getRemainingTimeInMillis(),
  functionArn: context.invokedFunctionArn,
  traceId: process.env._X_AMZN_TRACE_ID,
  event,
})
