/** Response streaming, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  api,
  assertGoesOn,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'
import type { Answer } from '../support/runtime-api/strict-runtime-api.ts'

useFixtures('streaming')

const start = (name?: string) => startFixture('streaming', name && `streaming.${name}`)

/** The error that a streamed response ends with. */
function trailingError({ request }: Answer): { errorType: string; errorMessage: string; cause?: unknown } {
  const document = JSON.parse(
    Buffer.from(request.trailers['lambda-runtime-function-error-body'] ?? '', 'base64').toString(),
  )
  assert.equal(request.trailers['lambda-runtime-function-error-type'], document.errorType)
  return document
}

test('a streamed response is chunked, marked as streaming, and has its content type', async () => {
  start()
  const { kind, request } = await invoke({ name: 'world' })
  assert.equal(kind, 'response')
  assert.equal(request.body.toString(), 'Hello, world')
  assert.equal(request.header('lambda-runtime-function-response-mode'), 'streaming')
  assert.equal(request.header('transfer-encoding'), 'chunked')
  assert.equal(request.header('content-type'), 'text/plain')
  assert.match(
    request.header('trailer') ?? '',
    /^lambda-runtime-function-error-type, lambda-runtime-function-error-body$/i,
  )
  assert.deepEqual(request.trailers, {})
  await assertGoesOn()
})

test('the content type is application/octet-stream unless it is set', async () => {
  start('slowly')
  assert.equal((await invoke()).request.header('content-type'), 'application/octet-stream')
})

test('the first byte is sent as soon as it is written', async () => {
  start('slowly')
  const first = api.sees('the first part')
  const answered = invoke().then(() => 'answered')
  assert.equal(await Promise.race([first.then(() => 'first part'), answered]), 'first part')
  assert.equal(await answered, 'answered')
})

describe('an HTTP response', () => {
  const METADATA = `${JSON.stringify({ statusCode: 201, headers: { 'x-kind': 'test' }, cookies: ['a=b'] })}${'\0'.repeat(8)}`

  test('begins with its metadata as JSON and eight NUL bytes', async () => {
    start('http')
    const { request } = await invoke({ body: 'the body' })
    assert.equal(request.header('content-type'), 'application/vnd.awslambda.http-integration-response')
    assert.equal(request.body.toString(), `${METADATA}the body`)
  })

  test('without a body consists of its metadata', async () => {
    start('http')
    assert.equal((await invoke({})).request.body.toString(), METADATA)
    await assertGoesOn()
  })
})

describe('a handler that returns without end()', () => {
  test('has its stream ended for it', async () => {
    start('neverEnds')
    assert.equal((await invoke({ write: true })).request.body.toString(), 'written')
    await assertGoesOn()
  })

  test('and without a byte is answered with an empty response', async () => {
    start('neverEnds')
    const { kind, request } = await invoke({})
    assert.equal(kind, 'response')
    assert.equal(request.body.length, 0)
    await assertGoesOn()
  })

  test('may go on writing all the same', async () => {
    start('writesLater')
    assert.equal((await invoke({})).request.body.toString(), 'part 1;part 2;part 3;')
    await lambda.stop()
    start('pipesAndReturns')
    assert.equal((await invoke({})).request.body.toString(), 'piped without waiting')
  })
})

describe('an error', () => {
  test('before the first byte is a plain invocation error', async () => {
    start('failsBefore')
    const answer = await invoke()
    assert.equal(answer.kind, 'error')
    assert.equal(answer.json<{ errorType: string }>().errorType, 'RangeError')
    await assertGoesOn()
  })

  test('in mid-stream is told in trailers', async () => {
    start('failsMidway')
    const answer = await invoke()
    assert.equal(answer.kind, 'response')
    assert.equal(answer.request.body.toString(), 'half of it')
    const { errorType, errorMessage, cause } = trailingError(answer)
    assert.deepEqual([errorType, errorMessage], ['RangeError', 'in the middle'])
    assert.ok(cause)
    await assertGoesOn()
  })

  test('does not keep back what was written before it', async () => {
    start('failsAtOnce')
    const answer = await invoke()
    assert.equal(answer.request.body.toString(), 'one two three')
    assert.equal(trailingError(answer).errorMessage, 'behind them')
    await assertGoesOn()
  })

  for (const handler of ['crashesMidway', 'generatorCrashes']) {
    test(`that nobody catches is told in trailers, and ends the process: ${handler}`, async () => {
      start(handler)
      const answer = await invoke()
      assert.equal(trailingError(answer).errorMessage, 'nobody catches this')
      assert.deepEqual(await lambda.exit(), { code: 129, signal: null })
    })
  }

  test('is what a destroyed stream ends with', async () => {
    start('destroys')
    const answer = await invoke()
    assert.equal(answer.request.body.toString(), 'half')
    assert.match(trailingError(answer).errorMessage, /closed before|destroyed|Premature/)
    await assertGoesOn()
  })

  test('is what setContentType is too late', async () => {
    start('setsTypeTooLate')
    assert.match(trailingError(await invoke()).errorMessage, /before the first write/)
  })

  test('of the connection is told to the handler, and answered by itself', async () => {
    start('reportsLoss')
    const answered = invoke({}, { requestId: 'lost' })
    await api.sees('/lost/response')
    api.dropConnections()
    const answer = await answered
    assert.equal(answer.kind, 'error')
    await assertGoesOn()
  })
})

test('a stream of 100 MB passes in constant memory', async () => {
  start('large')
  const bytes = 100 * 1024 * 1024
  const { request } = await invoke({ bytes })
  assert.equal(request.body.length, bytes)
  await lambda.printed(/peak \d+/)
  const peak = Number(/peak (\d+)/.exec(lambda.output)?.[1])
  assert.ok(peak > 0 && peak < 160 * 1024 * 1024, `${peak} bytes were resident`)
})

test('a Runtime API that reads slowly holds the handler back', async () => {
  start('large')
  api.isReading = false
  const answered = invoke({ bytes: 50 * 1024 * 1024 })
  await lambda.printed(/held back/)
  assert.doesNotMatch(lambda.output, /peak/)
  api.resume()
  assert.equal((await answered).request.body.length, 50 * 1024 * 1024)
})

test('the high water mark is the one that was asked for', async () => {
  start('highWaterMark')
  assert.equal((await invoke()).request.body.toString(), '123456788 true')
})

describe('a result that comes bit by bit is streamed', () => {
  test('from an async generator', async () => {
    start('generator')
    const { request } = await invoke({ parts: ['one ', 'two ', 'three'] })
    assert.equal(request.body.toString(), 'one two three')
    assert.equal(request.header('lambda-runtime-function-response-mode'), 'streaming')
    await assertGoesOn()
  })

  test('from a stream of the web', async () => {
    start('webStream')
    assert.equal((await invoke()).request.body.toString(), 'from the web')
  })

  test('from a stream of Node.js', async () => {
    start('nodeStream')
    assert.equal((await invoke()).request.body.toString(), 'from Node.js')
  })

  test('and its error is told in trailers', async () => {
    start('generatorFails')
    const answer = await invoke()
    assert.equal(answer.request.body.toString(), 'half')
    assert.equal(trailingError(answer).errorMessage, 'the generator fails')
  })
})

describe('a process that ends', () => {
  for (const handler of ['exits', 'generatorExits']) {
    test(`before the first byte has its exit posted as the answer: ${handler}`, async () => {
      for (const event of [{}, { waits: true }]) {
        start(handler)
        const answer = await invoke(event)
        assert.equal(answer.kind, 'error')
        assert.equal(answer.json<{ errorType: string }>().errorType, 'Runtime.ExitError')
        assert.equal((await lambda.exit()).code, handler === 'exits' ? 3 : 4)
      }
    })

    test(`after the first byte tells so in trailers: ${handler}`, async () => {
      start(handler)
      const arrived = api.sees('half')
      const answered = invoke({ writes: true, yields: true })
      await arrived
      if (handler === 'generatorExits') {
        lambda.signal('SIGUSR2')
      }
      const answer = await answered
      assert.equal(answer.kind, 'response')
      assert.match(answer.request.body.toString(), /^half/)
      assert.equal(trailingError(answer).errorType, 'Runtime.ExitError')
      await lambda.exit()
    })
  }

  for (const ends of [false, true]) {
    test(`with more written than was sent has its exit posted as the answer, ended: ${ends}`, async () => {
      start('exits')
      api.isReading = false
      const answered = invoke({ writes: true, writesMore: 50 * 1024 * 1024, ends })
      await lambda.exit()
      api.resume()
      const answer = await answered
      assert.equal(answer.kind, 'error')
      assert.equal(answer.json<{ errorType: string }>().errorType, 'Runtime.ExitError')
    })
  }
})

describe('a handler that will never be done', () => {
  test('is a plain invocation error before the first byte', async () => {
    start('neverSettles')
    const answer = await invoke({})
    assert.equal(answer.kind, 'error')
    assert.equal(answer.json<{ errorType: string }>().errorType, 'Runtime.NodeJsExit')
    await assertGoesOn()
  })

  test('is told in trailers after the first byte', async () => {
    start('neverSettles')
    const answer = await invoke({ writes: true })
    assert.equal(answer.request.body.toString(), 'half of it')
    assert.equal(trailingError(answer).errorType, 'Runtime.NodeJsExit')
    await assertGoesOn()
  })

  test('has answered when it has ended its stream', async () => {
    start('neverSettles')
    const answer = await invoke({ writes: true, ends: true })
    assert.equal(answer.request.body.toString(), 'half of it')
    assert.deepEqual(answer.request.trailers, {})
    await assertGoesOn()
  })

  test('may be a generator', async () => {
    start('generatorNeverEnds')
    assert.equal((await invoke({})).json<{ errorType: string }>().errorType, 'Runtime.NodeJsExit')
    const answer = await invoke({ yields: true })
    assert.equal(answer.request.body.toString(), 'half')
    assert.equal(trailingError(answer).errorType, 'Runtime.NodeJsExit')
    await assertGoesOn()
  })

  test('is none that waits for its reader', async () => {
    start('waits')
    api.isReading = false
    const answered = invoke({})
    await new Promise((resolve) => setTimeout(resolve, 500))
    api.resume()
    const { request } = await answered
    assert.equal(request.body.length, 5 * 1024 * 1024)
    assert.deepEqual(request.trailers, {})
  })
})

test('a rejection that nobody handles is told in trailers, and ends the process', async () => {
  start('losesRejection')
  const answer = await invoke({})
  const error = answer.kind === 'response' ? trailingError(answer) : answer.json<{ errorType: string }>()
  assert.equal(error.errorType, 'Runtime.UnhandledPromiseRejection')
  assert.equal((await lambda.exit()).code, 128)
})

describe('the Runtime API', () => {
  for (const bytes of [20_000, 100_000]) {
    test(`may answer with headers of ${bytes} bytes`, async () => {
      start()
      const headers = { 'X-Long': 'x'.repeat(bytes) }
      const options = { requestId: `long-${bytes}`, answers: [{ headers }] }
      assert.equal((await invoke({ name: 'world' }, options)).request.body.toString(), 'Hello, world')
      await assertGoesOn()
      assert.equal(api.requests.filter(({ path }) => path.includes(`/long-${bytes}/`)).length, 1)
    })
  }

  for (const status of [400, 403, 410, 413]) {
    test(`may answer a streamed response with ${status}`, async () => {
      start()
      void api.invoke({ name: 'x' }, { requestId: 'refused', answers: [{ status }] })
      assert.equal((await invoke({ name: 'world' })).request.body.toString(), 'Hello, world')
      assert.equal(api.requests.filter(({ path }) => path.includes('/refused/')).length, 1)
    })
  }

  test('may answer a streamed response with 500, which ends the process', async () => {
    start()
    void api.invoke({ name: 'x' }, { answers: [{ status: 500 }] })
    assert.deepEqual(await lambda.exit(), { code: 1, signal: null })
  })
})

test('a handler that is marked for another way of streaming is an init failure', async () => {
  start('malformed')
  await lambda.exit()
  const [request] = api.initErrors
  assert.equal(request?.header('lambda-runtime-function-error-type'), 'Runtime.MalformedStreamingHandler')
})
