/** Calls the handler before there is an invocation, where its author asks for that: `prime/rehearsal.ts` tells what it may touch. */

import type { Program } from '../executable/program.ts'
import { isStreaming } from './awslambda.ts'
import { type Environment, readRegion } from './environment.ts'
import { errorFacts } from './error-response.ts'
import { HandlerCall, type HandlerFunction } from './handler/handler.ts'
import { invocationScope, isRehearsing, REHEARSAL_ID } from './invocation-scope.ts'
import { logRuntimeProblem } from './log/log.ts'
import { isStreamable, marshalResult } from './response.ts'

/** Milliseconds that the context has: more than a rehearsal takes. */
const DEADLINE_MS = 3000

/**
 * What rehearses the handler; undefined where that is not to be. A streaming handler has nobody to stream to, so that only what it may need of Node.js is
 * primed. It resolves in any case: what is not rehearsed, the first invocation does for the first time.
 */
export function rehearsalOf(
  program: Program,
  handler: HandlerFunction,
  environment: Environment,
): (() => Promise<void>) | undefined {
  if (program.rehearse === undefined) {
    return undefined
  }
  const call = isStreaming(handler) ? undefined : (event: unknown) => callOnce(handler, environment, event)
  return async () => {
    try {
      await program.rehearse?.(call, isRehearsing)
    } catch (error) {
      const { errorType, errorMessage } = errorFacts(error)
      logRuntimeProblem(
        `the rehearsal of the handler came to no end, so that its first invocation will take longer: ${errorType}: ${errorMessage}`,
      )
    }
  }
}

/** Undefined where there is nothing of the AWS SDK to prime. It resolves in any case, and what it does is heard as little as a rehearsal. */
export function sdkPrimingOf({ primeSdk }: Program): (() => Promise<void>) | undefined {
  return (
    primeSdk &&
    (async () => {
      try {
        await primeSdk((work) => invocationScope.run(SCOPE, work))
      } catch {
        // The first invocation does it.
      }
    })
  )
}

const SCOPE = { requestId: REHEARSAL_ID, tenantId: undefined, traceId: undefined }

function callOnce(handler: HandlerFunction, environment: Environment, event: unknown): Promise<void> {
  const facts = {
    requestId: REHEARSAL_ID,
    deadlineMs: Date.now() + DEADLINE_MS,
    invokedFunctionArn: `arn:aws:lambda:${readRegion()}:000000000000:function:${environment.functionName}`,
    ...{ traceId: undefined, clientContext: undefined, identity: undefined, tenantId: undefined },
  }
  return invocationScope.run(SCOPE, async () => {
    // As beside others: what else is at work in the process is not waited for.
    const call = new HandlerCall(environment, facts, { isConcurrent: true })
    try {
      call.start(handler, event)
      const result = await call.result
      if (!isStreamable(result)) {
        marshalResult(result)
      }
    } finally {
      call.context.release()
    }
  })
}
