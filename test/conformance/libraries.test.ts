/** Libraries for Lambda, as published, in built executables: what their users would see. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, beforeEach, describe, test } from 'node:test'
import { payload1, payload2 } from '../support/emulator/http-events.ts'
import { AwsStub } from '../support/runtime-api/aws-stub.ts'
import { api, invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'
import { within } from '../support/runtime-api/lambda-process.ts'
import type { Answer, InvocationOptions } from '../support/runtime-api/strict-runtime-api.ts'

const ROOT = '1-5c009745-36997a167a83da36a3c93059'
const PARENT = '62cea21b272ebe72'
const TRACE_ID = `Root=${ROOT};Parent=${PARENT};Sampled=1`

useFixtures('libraries-middleware', 'libraries-aws')

function start(name: string, handler: string, env: Record<string, string> = {}): void {
  // Lambda always says how an environment was initialised; Powertools tells a cold start by it.
  startFixture(name, handler, { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand', ...env })
}

async function respond<T>(event: unknown = {}, options: Omit<InvocationOptions, 'event'> = {}): Promise<T> {
  const answer = await invoke(event, options)
  assert.equal(answer.kind, 'response', answer.request.body.toString())
  return answer.json()
}

/** The metadata and the body of a streamed HTTP response. */
function readStreamed({ request }: Answer): [metadata: Record<string, unknown>, body: string] {
  assert.equal(request.header('content-type'), 'application/vnd.awslambda.http-integration-response')
  const end = request.body.indexOf(Buffer.alloc(8))
  return [JSON.parse(request.body.toString('utf8', 0, end)), request.body.toString('utf8', end + 8)]
}

/** The lines that the process printed that are JSON. */
function printedJson(): Record<string, unknown>[] {
  const lines = lambda.output.split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}

describe('Middy', () => {
  test('parses bodies and turns its errors into responses', async () => {
    start('libraries-middleware', 'libraries-middleware')
    const headers = [['content-type', 'application/json']] as const
    const post = (body: string) => payload2({ method: 'POST', headers, body })
    assert.deepEqual(await respond(post('{"items":[1,2]}')), { statusCode: 200, body: '{"ordered":2}' })
    assert.equal((await respond<{ statusCode: number }>(post('{'))).statusCode, 422)
  })

  test('runs middleware before, after and on errors', async () => {
    start('libraries-middleware', 'libraries-middleware.beforeAndAfter')
    assert.deepEqual(await respond({}), { steps: ['before', 'handler', 'after'] })
    await lambda.stop()
    start('libraries-middleware', 'libraries-middleware.failing')
    const answer = await invoke()
    assert.equal(answer.json<{ errorType: string }>().errorType, 'RangeError')
    assert.match(lambda.output, /onError has seen: from the handler/)
  })

  test('ends a handler shortly before its deadline', async () => {
    start('libraries-middleware', 'libraries-middleware.tooSlow')
    const deadline = { 'Lambda-Runtime-Deadline-Ms': String(Date.now() + 500) }
    const answer = await invoke({}, { headers: deadline })
    assert.equal(answer.json<{ errorType: string }>().errorType, 'TimeoutError')
    assert.match(lambda.output, /told to give up/)
  })

  test('streams text and streams', async () => {
    start('libraries-middleware', 'libraries-middleware.streamed')
    const metadata = { statusCode: 201, headers: { 'content-type': 'text/csv' } }
    assert.deepEqual(readStreamed(await invoke({})), [metadata, 'one,two,three'])
    const text = 'x'.repeat(100_000)
    assert.deepEqual(readStreamed(await invoke({ text })), [metadata, text])
    assert.deepEqual(readStreamed(await invoke({ text: '' })), [metadata, ''])
  })

  describe('and Hono’s own adapter', () => {
    test('answers', async () => {
      start('libraries-middleware', 'libraries-middleware.hono')
      const { statusCode, body } = await respond<{ statusCode: number; body: string }>(payload2())
      assert.deepEqual([statusCode, body], [200, 'from Hono'])
      const pixel = await respond<{ isBase64Encoded: boolean; body: string }>(payload1({ path: '/pixel' }))
      assert.deepEqual([pixel.isBase64Encoded, pixel.body], [true, 'AP8='])
    })

    test('streams', async () => {
      start('libraries-middleware', 'libraries-middleware.honoStream')
      const [{ statusCode }, body] = readStreamed(await invoke(payload2({ path: '/stream' })))
      assert.deepEqual([statusCode, body], [200, 'part one;part two'])
      assert.equal(readStreamed(await invoke(payload2()))[1], 'from Hono')
    })
  })
})

describe('with AWS’s libraries,', () => {
  let aws: AwsStub
  before(async () => {
    aws = await AwsStub.start()
  })
  after(() => aws.stop())
  beforeEach(() => {
    aws.calls.length = 0
  })

  test('Powertools’ logger knows the invocation, its trace and errors with their source', async () => {
    start('libraries-aws', 'libraries-aws', aws.environment)
    await respond({ id: '7' }, { requestId: 'first', headers: { 'Lambda-Runtime-Trace-Id': TRACE_ID } })
    await invoke({ id: '8', fails: true }, { requestId: 'second' })
    const logged = printedJson().filter(({ level }) => level)
    assert.equal(logged.length, 3)
    const [first, second, failed] = logged
    assert.equal(first?.message, 'an order')
    assert.equal(first?.service, 'orders')
    assert.equal(first?.order, '7')
    assert.equal(first?.cold_start, true)
    assert.equal(first?.function_request_id, 'first')
    assert.equal(first?.function_name, 'test')
    assert.equal(first?.xray_trace_id, ROOT)
    assert.deepEqual([second?.function_request_id, second?.cold_start], ['second', false])
    const error = failed?.error as Record<string, string> | undefined
    assert.equal(error?.name, 'RangeError')
    assert.match(`${error?.location} ${error?.stack}`, /libraries-aws\.ts/)
  })

  test('Powertools’ metrics are printed in the embedded metric format', async () => {
    start('libraries-aws', 'libraries-aws', aws.environment)
    await respond({ id: '7' })
    const printed = printedJson().filter((line) => '_aws' in line)
    const coldStart = printed.find((line) => 'ColdStart' in line)
    const ordered = printed.find((line) => 'ordered' in line)
    assert.equal(coldStart?.ColdStart, 1)
    assert.equal(coldStart?.function_name, 'test')
    assert.deepEqual([ordered?.ordered, ordered?.service], [1, 'orders'])
    const format = ordered?._aws as { CloudWatchMetrics: { Namespace: string }[] } | undefined
    assert.equal(format?.CloudWatchMetrics[0]?.Namespace, 'shop')
  })

  describe('Powertools’ tracer', () => {
    test('sends a segment of the invocation’s trace to the X-Ray daemon, and none of the runtime', async (t) => {
      const daemon = createSocket('udp4')
      t.after(() => daemon.close())
      daemon.bind(0, '127.0.0.1')
      await once(daemon, 'listening')
      const segments: Record<string, unknown>[] = []
      const seen = new Map<string, () => void>()
      daemon.on('message', (message) => {
        const segment = JSON.parse(message.toString().split('\n')[1] ?? '')
        segments.push(segment)
        seen.get(segment.annotations?.order)?.()
      })
      const address = `127.0.0.1:${daemon.address().port}`
      start('libraries-aws', 'libraries-aws', { ...aws.environment, AWS_XRAY_DAEMON_ADDRESS: address })
      for (const [index, order] of ['7', '8', '9'].entries()) {
        const heard = new Promise<void>((resolve) => seen.set(order, resolve))
        const root = ROOT.replace(/^1-5/, `1-${index}`)
        const traceId = { 'Lambda-Runtime-Trace-Id': TRACE_ID.replace(ROOT, root) }
        const { traceId: known } = await respond<{ traceId: string }>({ id: order }, { headers: traceId })
        assert.equal(known, root)
        await within(heard, () => `the segment of order ${order} among ${JSON.stringify(segments)}`)
        const segment = segments.find(
          ({ annotations }) => (annotations as { order?: string } | undefined)?.order === order,
        )
        assert.equal(segment?.trace_id, root)
        assert.equal(segment?.parent_id, PARENT)
        assert.equal(segment?.name, '## libraries-aws')
      }
      const names = new Set(segments.map(({ name }) => name))
      assert.deepEqual([...names], ['## libraries-aws'])
      assertRuntimeApiIsUntraced()
    })

    test('leaves the runtime’s own streamed responses alone', async () => {
      start('libraries-aws', 'libraries-aws.streamed', { ...aws.environment })
      const answer = await invoke({}, { headers: { 'Lambda-Runtime-Trace-Id': TRACE_ID } })
      assert.equal(answer.request.body.toString(), 'streamed')
      assertRuntimeApiIsUntraced()
    })

    function assertRuntimeApiIsUntraced(): void {
      for (const { method, path, header } of api.requests) {
        assert.equal(header('x-amzn-trace-id'), undefined, `${method} ${path}`)
      }
    }
  })

  test('Powertools’ parameters come from the Parameter Store, once', async () => {
    start('libraries-aws', 'libraries-aws.parameter', aws.environment)
    assert.deepEqual(await respond(), { fee: '5 EUR' })
    assert.deepEqual(await respond(), { fee: '5 EUR' })
    assert.deepEqual(
      aws.calls.map(({ operation }) => operation),
      ['GetParameter'],
    )
  })

  test('DynamoDB answers, and is told the trace of each invocation', async () => {
    start('libraries-aws', 'libraries-aws.item', aws.environment)
    const traces = [TRACE_ID, TRACE_ID.replace(ROOT, '1-00000000-000000000000000000000000')]
    for (const traceId of traces) {
      const { item } = await respond<{ item: unknown }>(
        { id: '7' },
        { headers: { 'Lambda-Runtime-Trace-Id': traceId } },
      )
      assert.deepEqual(item, { id: { S: '7' }, total: { N: '12' } })
    }
    assert.deepEqual(
      aws.calls.map(({ headers }) => headers['x-amzn-trace-id']),
      traces,
    )
  })

  test('an error of a service is the invocation’s, by its name', async () => {
    start('libraries-aws', 'libraries-aws.missingItem', aws.environment)
    const answer = await invoke()
    const { errorType, errorMessage } = answer.json<{ errorType: string; errorMessage: string }>()
    assert.deepEqual(
      [answer.kind, errorType, errorMessage],
      ['error', 'ResourceNotFoundException', 'no such table'],
    )
  })

  test('S3 stores and returns objects of many chunks', async () => {
    start('libraries-aws', 'libraries-aws.object', aws.environment)
    const bytes = 3_000_000
    assert.deepEqual(await respond({ bytes }), { length: bytes, ContentLength: bytes })
    assert.deepEqual(
      aws.calls.map(({ operation, path }) => `${operation} ${path}`),
      ['PUT /receipts/a/b%20c.bin', 'GET /receipts/a/b%20c.bin'],
    )
  })
})
