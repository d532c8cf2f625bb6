/** Invoke: runs a function and answers with its response, or queues the event, or only checks. */

import { MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import { answerBytes, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import {
  MAX_ASYNCHRONOUS_EVENT_BYTES,
  MAX_EVENT_BYTES,
  readHeader,
  readInvocationRequest,
} from '../http/invoke-request.ts'
import type { StartedInvocation } from '../local-lambda.ts'

const OPERATION = 'InvokeFunction'

export async function invoke(call: ApiRequest): Promise<void> {
  const { lambda, request } = call
  const name = functionName(call)
  lambda.find(name)
  const type = readHeader(request, 'X-Amz-Invocation-Type', ['RequestResponse', 'Event', 'DryRun'])
  const logType = readHeader(request, 'X-Amz-Log-Type', ['None', 'Tail'])
  if (type === 'DryRun') {
    await readInvocationRequest(request, MAX_EVENT_BYTES, OPERATION)
    answerNothing(call.response, 204)
  } else if (type === 'Event') {
    await queueEvent(call, name)
  } else {
    await invokeNow(call, name, logType === 'Tail')
  }
}

/** InvokeAsync, Event's older form. */
export async function invokeAsync(call: ApiRequest): Promise<void> {
  const name = functionName(call)
  call.lambda.find(name)
  await queueEvent(call, name)
}

async function queueEvent({ request, response, queue }: ApiRequest, name: string): Promise<void> {
  const invocation = await readInvocationRequest(request, MAX_ASYNCHRONOUS_EVENT_BYTES, OPERATION)
  const requestId = await queue.add(name, invocation)
  answerBytes(response, 202, Buffer.alloc(0), { 'X-Amzn-RequestId': requestId })
}

async function invokeNow(
  { lambda, request, response }: ApiRequest,
  name: string,
  withLog: boolean,
): Promise<void> {
  const invocation = await readInvocationRequest(request, MAX_EVENT_BYTES, OPERATION)
  const started = await lambda.invoke(name, { ...invocation, signal: departureSignal(response) })
  const outcome = await wholeOutcome(await started.outcome, MAX_RESPONSE_BYTES)
  answerBytes(response, 200, outcome.body, {
    ...invocationHeaders(started),
    ...(outcome.kind === 'error' && { 'X-Amz-Function-Error': 'Unhandled' }),
    ...(withLog && { 'X-Amz-Log-Result': (await started.logTail).toString('base64') }),
  })
}

export function invocationHeaders({ requestId, traceId }: StartedInvocation): Record<string, string> {
  return {
    'X-Amzn-RequestId': requestId,
    'X-Amzn-Trace-Id': traceId.replace(/^Root=/, 'root='),
    'X-Amz-Executed-Version': '$LATEST',
  }
}
