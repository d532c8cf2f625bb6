/** The handler contract and the invocation loop, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  api,
  assertGoesOn,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'
import { type Ending, type LambdaProcess, within } from '../support/runtime-api/lambda-process.ts'
import type { InvocationOptions } from '../support/runtime-api/strict-runtime-api.ts'

interface ErrorDocument {
  errorType: string
  errorMessage: string
  trace: string[]
  cause?: ErrorDocument
}

useFixtures('contract')

const start = (handler: string) => startFixture('contract', handler)

/** The error document that an invocation was answered with. */
async function failure(
  event: unknown = {},
  options: Omit<InvocationOptions, 'event'> = {},
): Promise<ErrorDocument> {
  const answer = await invoke(event, options)
  assert.equal(answer.kind, 'error', `answered ${answer.request.body}`)
  const document = answer.json<ErrorDocument>()
  assert.equal(
    answer.request.header('lambda-runtime-function-error-type'),
    document.errorType.replace(/[^\x20-\x7e]/g, '?').trim(),
  )
  return document
}

describe('a handler', () => {
  for (const style of ['handler', 'echoPlain', 'echoCallback', 'succeed']) {
    test(`answers with what it returns, calls back or succeeds with: ${style}`, async () => {
      start(style === 'handler' ? 'contract' : `contract.${style}`)
      for (const event of [{ text: 'Hello' }, ['世界', null, 1.5], 'text', 0, null, true]) {
        const answer = await invoke(event)
        assert.equal(answer.kind, 'response')
        assert.deepEqual(answer.json(), event)
      }
    })
  }

  test('is asked and answered over one kept-alive connection', async () => {
    start('contract')
    for (const number of [1, 2, 3]) {
      await invoke({ number })
    }
    assert.equal(api.connections, 1)
  })

  test('that returns nothing is answered with null', async () => {
    for (const handler of ['nothing', 'returnsUndefined']) {
      start(`contract.${handler}`)
      assert.equal((await invoke({})).request.body.toString(), 'null')
      await lambda.stop()
    }
  })

  test('that calls back waits for an empty event loop, unless it says otherwise', async () => {
    const { printed } = start('contract.callbackWaits')
    assert.equal((await invoke({})).json(), 'called back')
    assert.match(lambda.output, /work after the callback/)
    assert.equal((await invoke({ waits: false })).json(), 'called back')
    assert.equal(lambda.output.match(/work after/g)?.length, 1)
    assert.ok(printed)
  })

  test('gets the whole context', async () => {
    start('contract.contextFacts')
    const traceId = 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1'
    const answer = await invoke(
      {},
      {
        requestId: '3db41196-f442-11e8-a8b4-9d64ba70d9be',
        headers: {
          'Lambda-Runtime-Client-Context': '{"custom":{"key":"value"}}',
          'Lambda-Runtime-Cognito-Identity': '{"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}',
          'Lambda-Runtime-Aws-Tenant-Id': 'tenant',
          'Lambda-Runtime-Trace-Id': traceId,
        },
      },
    )
    const { remaining, deadlineMs, ...facts } = answer.json<Record<string, unknown>>()
    assert.deepEqual(facts, {
      functionName: 'test',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/test',
      logStreamName: '2026/11/23/[$LATEST]0',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:test',
      awsRequestId: '3db41196-f442-11e8-a8b4-9d64ba70d9be',
      clientContext: { custom: { key: 'value' } },
      identity: { cognitoIdentityId: 'id', cognitoIdentityPoolId: 'pool' },
      tenantId: 'tenant',
      xRayTraceId: traceId,
      callbackWaitsForEmptyEventLoop: true,
      hasSignal: true,
      environmentTraceId: traceId,
    })
    assert.ok(Number(remaining) > 20_000 && Number(remaining) <= 30_000)
    assert.ok(Number(deadlineMs) > Date.now())
  })

  test('has a trace id in its environment only while its invocation has one', async () => {
    start('contract.contextFacts')
    const traced = (await invoke({})).json<Record<string, unknown>>()
    assert.match(String(traced.environmentTraceId), /^Root=/)
    for (const absent of [undefined, '']) {
      const plain = (await invoke({}, { headers: { 'Lambda-Runtime-Trace-Id': absent } })).json<
        Record<string, unknown>
      >()
      assert.equal(plain.environmentTraceId, null)
      assert.equal('xRayTraceId' in plain, false)
    }
  })

  test('is told by the signal that its time is running out', async () => {
    start('contract.waitsForSignal')
    const deadline = String(Date.now() + 1500)
    const answer = await invoke({}, { headers: { 'Lambda-Runtime-Deadline-Ms': deadline } })
    const { remaining, reason } = answer.json<{ remaining: number; reason: string }>()
    assert.ok(remaining > 0 && remaining < 1500, `${remaining} ms were left`)
    assert.equal(reason, 'TimeoutError')
  })
})

describe('an error', () => {
  test('that is thrown is answered with its type, message, trace and cause, and the loop goes on', async () => {
    start('contract.throwsError')
    const document = await failure()
    assert.equal(document.errorType, 'OrderNotFound')
    assert.equal(document.errorMessage, 'no such order')
    assert.equal(document.cause?.errorType, 'TypeError')
    assert.equal(document.cause?.errorMessage, 'no row')
    assert.match(lambda.output, /ERROR\tInvoke Error \t.*"errorType":"OrderNotFound"/)
    await assertGoesOn()
  })

  test('names the TypeScript file and line it comes from', async () => {
    start('contract.throwsError')
    const { trace } = await failure()
    assert.match(trace[1] ?? '', /test\/fixtures\/functions\/contract\.ts:\d+:\d+/)
    assert.equal(trace[0], 'OrderNotFound: no such order')
  })

  test('that is thrown before the first await is an invocation error too', async () => {
    start('contract.throwsAtOnce')
    assert.equal((await failure()).errorMessage, 'at once')
    await assertGoesOn()
  })

  test('may be called back or passed to context.fail', async () => {
    start('contract.callbackError')
    assert.equal((await failure()).errorType, 'RangeError')
    await lambda.stop()
    start('contract.fail')
    assert.equal((await failure()).errorMessage, 'failed')
  })

  test('may be anything: text, null, undefined, a hostile object, a name with line breaks', async () => {
    start('contract.throwsValue')
    assert.deepEqual(await failure({ kind: 'string' }), {
      errorType: 'string',
      errorMessage: 'only text',
      trace: [],
    })
    assert.deepEqual(await failure({ kind: 'null' }), { errorType: 'null', errorMessage: 'null', trace: [] })
    assert.equal((await failure({ kind: 'undefined' })).errorType, 'undefined')
    assert.equal((await failure({ kind: 'hostile' })).errorType, 'object')
    assert.match((await failure({ kind: 'line breaks' })).errorType, /^Evil/)
    await assertGoesOn()
  })
})

describe('an invocation error, and the loop goes on,', () => {
  test('is what a result becomes that cannot be serialised', async () => {
    start('contract.returnsUnserialisable')
    for (const kind of ['bigint', 'function', 'circle']) {
      assert.equal((await failure({ kind })).errorType, 'Runtime.MarshalError')
    }
    await assertGoesOn()
  })

  test('is what a result becomes that Lambda would refuse for its size', async () => {
    start('contract.large')
    assert.equal((await invoke({ bytes: 6_291_556 })).request.body.length, 6_291_556)
    const document = await failure({ bytes: 6_291_557 })
    assert.equal(document.errorType, 'Function.ResponseSizeTooLarge')
    assert.match(document.errorMessage, /6291557/)
    await assertGoesOn()
  })

  test('is what an event becomes that is not JSON', async () => {
    start('contract')
    for (const event of ['', 'text', '{"a":', '\u0000']) {
      const answer = await within(api.invokeRaw({ event }), () => 'an answer')
      assert.equal(answer.json<ErrorDocument>().errorType, 'Runtime.UnmarshalError')
    }
    await assertGoesOn()
  })

  test('is what a malformed client context becomes', async () => {
    start('contract')
    const document = await failure({}, { headers: { 'Lambda-Runtime-Client-Context': '{"custom":' } })
    assert.equal(document.errorType, 'Runtime.UnmarshalError')
    assert.match(document.errorMessage, /client-context/)
    await assertGoesOn()
  })

  test('is what a promise becomes that never settles', async () => {
    start('contract.neverSettles')
    assert.equal((await failure()).errorType, 'Runtime.NodeJsExit')
    assert.equal((await invoke({ settles: true })).json(), 'settled')
  })

  test('is what an event becomes whose connection ends in mid-body', async () => {
    start('contract')
    const document = await failure({ text: 'Hello' }, { next: { close: 'mid-body' } })
    assert.equal(document.errorType, 'Runtime.UnmarshalError')
    assert.deepEqual((await invoke({ again: 1 })).json(), { again: 1 })
  })
})

describe('the running invocation gets its error, and then the process exits,', () => {
  async function ending(): Promise<Ending> {
    const end = await (lambda as LambdaProcess).exit()
    assert.equal(api.requests.filter(({ path }) => path.endsWith('/next')).length, 1)
    return end
  }

  test('when a promise is rejected that nobody handles', async () => {
    start('contract.rejectsUnhandled')
    const document = await failure()
    assert.equal(document.errorType, 'Runtime.UnhandledPromiseRejection')
    assert.match(document.errorMessage, /nobody listens/)
    assert.equal(document.cause?.errorMessage, 'nobody listens')
    assert.deepEqual(await ending(), { code: 128, signal: null })
  })

  test('when the handler calls process.exit', async () => {
    start('contract.exits')
    const document = await failure()
    assert.equal(document.errorType, 'Runtime.ExitError')
    assert.match(document.errorMessage, /exit status 3/)
    assert.deepEqual(await ending(), { code: 3, signal: null })
  })

  test('when an exception is caught by nobody', async () => {
    start('contract.throwsUncaught')
    assert.equal((await failure()).errorMessage, 'from a timer')
    assert.deepEqual(await ending(), { code: 129, signal: null })
  })
})

test('an exception between two invocations ends the process, and answers nothing twice', async () => {
  start('contract.throwsLater')
  assert.equal((await invoke({})).json(), 'answered')
  assert.deepEqual(await lambda.exit(), { code: 129, signal: null })
  assert.match(lambda.output, /after the answer/)
  assert.equal(api.requests.filter(({ method }) => method === 'POST').length, 1)
})

describe('the Runtime API', () => {
  for (const status of [400, 403, 410, 413]) {
    test(`may answer a response with ${status}: it is logged, and next is asked for`, async () => {
      start('contract')
      void api.invoke({ number: 1 }, { requestId: 'first', answers: [{ status }] })
      assert.deepEqual((await invoke({ number: 2 })).json(), { number: 2 })
      assert.equal(api.requests.filter(({ path }) => path.includes('/first/')).length, 1)
      assert.match(lambda.output, status === 413 ? /too large: 12 bytes/ : new RegExp(`answered ${status}`))
    })
  }

  test('may answer an error with 403: it is not repeated', async () => {
    start('contract.throwsError')
    void api.invoke({}, { requestId: 'first', answers: [{ status: 403 }] })
    await failure()
    assert.equal(api.requests.filter(({ path }) => path.includes('/first/')).length, 1)
  })

  test('may answer 500: the process exits at once, and not with 0', async () => {
    start('contract')
    void api.invoke({}, { answers: [{ status: 500 }] })
    assert.deepEqual(await lambda.exit(), { code: 1, signal: null })
    assert.match(lambda.output, /500/)
  })

  test('may close the connection between invocations', async () => {
    start('contract')
    for (const number of [1, 2, 3]) {
      assert.deepEqual((await invoke({ number })).json(), { number })
      await assertGoesOn()
      api.dropConnections()
    }
  })

  test('may send one byte at a time, and header names in capitals', async () => {
    start('contract')
    assert.deepEqual((await invoke({ text: 'Hello' }, { next: { segment: 1, shout: true } })).json(), {
      text: 'Hello',
    })
  })

  test('may use any characters in a request id', async () => {
    start('contract')
    for (const requestId of ['a/b?c#d', 'with space', '%2e%2e', 'quote\'"', '..']) {
      assert.equal((await invoke(1, { requestId })).requestId, requestId)
    }
  })

  test('may answer late', async () => {
    start('contract')
    const slow = { delayMs: 300 }
    assert.deepEqual((await invoke({ a: 1 }, { next: slow, answers: [slow] })).json(), { a: 1 })
    assert.deepEqual((await invoke({ a: 2 })).json(), { a: 2 })
  })
})

test('console lines have the time, the request id and the level, and one line each', async () => {
  start('contract.logs')
  await invoke({}, { requestId: 'the-id' })
  const lines = lambda.output
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
  for (const [time = ''] of lines) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
  assert.deepEqual(
    lines.map(([, id, level, message]) => [id, level, message?.split('\r')[0]]),
    [
      ['-', 'INFO', 'loaded'],
      ['the-id', 'INFO', 'a line with a value'],
      ['the-id', 'DEBUG', 'debugging'],
      ['the-id', 'WARN', 'warning'],
      ['the-id', 'ERROR', 'Error: an error in the log'],
      ['the-id', 'FATAL', 'fatal'],
      ['the-id', 'INFO', 'two'],
    ],
  )
  assert.match(lines[5]?.[3] ?? '', /^fatal$/)
  assert.match(lines[4]?.[3] ?? '', /contract\.ts:\d+/)
})

test('a line that is written late still belongs to its own invocation', async () => {
  start('contract.logs')
  await invoke({ late: true }, { requestId: 'first' })
  await invoke({}, { requestId: 'second' })
  await lambda.printed(/still of the first invocation/)
  assert.match(lambda.output, /\tfirst\tINFO\tstill of the first invocation/)
})

test('1,000 invocations in a row: none lost, none answered twice, memory flat', async () => {
  start('contract.echoOrHeap')
  const heap: number[] = []
  for (let number = 0; number < 1000; number++) {
    const answer = await invoke({ number, padding: 'x'.repeat(1000) }, { requestId: `id-${number}` })
    assert.deepEqual(answer.json<{ number: number }>().number, number)
    if (number % 250 === 249) {
      heap.push((await invoke({ heap: true })).json<number>())
    }
  }
  for (let number = 0; number < 1000; number++) {
    assert.equal(api.answersTo(`id-${number}`).length, 1)
  }
  // What is alive, and not what is resident: how much garbage V8 lets lie about is its own affair. Code that V8 has just
  // optimised may be among it, a third of a megabyte, and is not with each measurement.
  const [early = 0, ...later] = heap
  const late = Math.min(...later)
  assert.ok(late < early + 500_000, `what is alive grew from ${early} to ${late} bytes in 750 invocations`)
})

test('an event and a response of 6 MB pass byte for byte', async () => {
  start('contract')
  const event = JSON.stringify({ text: 'é'.repeat(3_000_000) })
  const answer = await within(api.invokeRaw({ event }), () => 'an answer')
  assert.ok(answer.request.body.equals(Buffer.from(event)))
})

test('property: any JSON value goes through unchanged', async () => {
  start('contract')
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const answer = await invoke(value)
      assert.deepEqual(answer.json(), JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 200 },
  )
})
