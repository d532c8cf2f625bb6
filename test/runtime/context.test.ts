import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { InvocationContext } from '../../src/runtime/context.ts'
import { ENVIRONMENT } from '../support/runtime-api/lambda-environment.ts'

function contextUntil(deadlineMs: number, settle: (error: unknown, result: unknown) => void = () => {}) {
  return new InvocationContext(
    ENVIRONMENT,
    {
      requestId: 'id',
      deadlineMs,
      invokedFunctionArn: 'arn',
      traceId: 'Root=1',
      clientContext: undefined,
      identity: undefined,
      tenantId: undefined,
    },
    settle,
  )
}

test('the context holds what Lambda’s Node.js runtimes put there, as own properties', () => {
  const context = contextUntil(5000)
  assert.deepEqual(JSON.parse(JSON.stringify(context)), {
    functionName: 'orders',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn',
    memoryLimitInMB: '128',
    awsRequestId: 'id',
    logGroupName: '/aws/lambda/orders',
    logStreamName: '2026/11/23/[$LATEST]0',
    xRayTraceId: 'Root=1',
    deadlineMs: 5000,
    callbackWaitsForEmptyEventLoop: true,
  })
})

test('the remaining time counts down to 0 and works detached from its context', () => {
  const { getRemainingTimeInMillis } = contextUntil(Date.now() + 60_000)
  const remaining = getRemainingTimeInMillis()
  assert.ok(remaining > 50_000 && remaining <= 60_000)
  assert.equal(contextUntil(1).getRemainingTimeInMillis(), 0)
})

test('the signal fires before the deadline', async () => {
  const context = contextUntil(Date.now() + 1500)
  const { signal } = context
  assert.equal(signal.aborted, false)
  await once(signal, 'abort')
  assert.equal(signal.reason.name, 'TimeoutError')
  assert.equal(context.signal, signal)
})

test('the signal of an invocation past its deadline has fired', () => {
  assert.equal(contextUntil(Date.now() - 1).signal.aborted, true)
})

test('a released context’s signal does not fire, nor keep the process alive', async () => {
  const asked = contextUntil(Date.now() + 60_000)
  asked.signal
  asked.release()
  const late = contextUntil(Date.now() - 1)
  late.release()
  assert.equal(late.signal.aborted, false)
  assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
})

test('a deadline beyond the longest timer is no deadline for the signal', () => {
  const context = contextUntil(Date.now() + 2 ** 33)
  assert.equal(context.signal.aborted, false)
  context.release()
})

test('done, fail and succeed settle the invocation', () => {
  const settled: unknown[] = []
  const context = contextUntil(1, (error, result) => settled.push([error, result]))
  const error = new Error('no')
  context.done(null, 1)
  context.succeed(2)
  context.fail(error)
  context.fail(undefined)
  assert.deepEqual(settled.slice(0, 3), [
    [null, 1],
    [null, 2],
    [error, undefined],
  ])
  assert.match(String((settled[3] as unknown[])[0]), /without an error/)
})
