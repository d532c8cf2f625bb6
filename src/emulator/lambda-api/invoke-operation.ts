/** Invoke: runs a function and answers with its response, or queues the event, or only checks. */

import { MAX_EVENT_BYTES, MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import { answerBytes, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, qualifiedFunction } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import { MAX_ASYNCHRONOUS_EVENT_BYTES, readHeader, readInvocationRequest } from '../http/invoke-request.ts'
import type { StartedInvocation } from '../invoker.ts'

const OPERATION = 'InvokeFunction'

export async function invoke(call: ApiRequest): Promise<void> {
  const { request } = call
  const target = qualifiedFunction(call)
  const type = readHeader(request, 'X-Amz-Invocation-Type', ['RequestResponse', 'Event', 'DryRun'])
  const logType = readHeader(request, 'X-Amz-Log-Type', ['None', 'Tail'])
  if (type === 'DryRun') {
    await readInvocationRequest(request, MAX_EVENT_BYTES, OPERATION)
    answerNothing(call.response, 204)
  } else if (type === 'Event') {
    await queueEvent(call, target)
  } else {
    await invokeNow(call, target, logType === 'Tail')
  }
}

/** InvokeAsync, Event's older form. */
export async function invokeAsync(call: ApiRequest): Promise<void> {
  await queueEvent(call, qualifiedFunction(call))
}

interface Target {
  name: string
  qualifier: string
}

async function queueEvent(
  { request, response, queue }: ApiRequest,
  { name, qualifier }: Target,
): Promise<void> {
  const invocation = await readInvocationRequest(request, MAX_ASYNCHRONOUS_EVENT_BYTES, OPERATION)
  const requestId = await queue.add(name, { ...invocation, qualifier })
  answerBytes(response, 202, Buffer.alloc(0), { 'X-Amzn-RequestId': requestId })
}

async function invokeNow(
  { lambda, request, response }: ApiRequest,
  { name, qualifier }: Target,
  withLog: boolean,
): Promise<void> {
  const invocation = await readInvocationRequest(request, MAX_EVENT_BYTES, OPERATION)
  const signal = departureSignal(response)
  const started = await lambda.invoker.invoke(name, { ...invocation, qualifier, signal })
  const outcome = await wholeOutcome(await started.outcome, MAX_RESPONSE_BYTES)
  answerBytes(response, 200, outcome.body, {
    ...invocationHeaders(started),
    ...(outcome.kind === 'error' && { 'X-Amz-Function-Error': 'Unhandled' }),
    ...(withLog && { 'X-Amz-Log-Result': (await started.logTail).toString('base64') }),
  })
}

export function invocationHeaders({
  requestId,
  traceId,
  executedVersion,
}: StartedInvocation): Record<string, string> {
  return {
    'X-Amzn-RequestId': requestId,
    'X-Amzn-Trace-Id': traceId.replace(/^Root=/, 'root='),
    'X-Amz-Executed-Version': executedVersion,
  }
}
