import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  DeleteFunctionCommand,
  InvokeCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda'
import {
  createFixture,
  type LocalEmulator,
  type LocalEmulatorOptions,
  order,
  startEmulator,
} from '../../support/emulator/local-emulator.ts'
import { eventually } from '../../support/eventually.ts'

interface Fixture extends LocalEmulator {
  sdk: LambdaClient
}

async function start(context: TestContext, options?: LocalEmulatorOptions): Promise<Fixture> {
  const emulator = await startEmulator(context, options)
  return { ...emulator, sdk: emulator.client() }
}

const create = (sdk: LambdaClient) => createFixture(sdk, 'orders')

async function queue(sdk: LambdaClient, event: unknown): Promise<string> {
  const { StatusCode, Payload, $metadata } = await sdk.send(
    new InvokeCommand({ FunctionName: 'orders', InvocationType: 'Event', Payload: order(event) }),
  )
  assert.equal(StatusCode, 202)
  assert.equal(Payload?.length ?? 0, 0)
  return $metadata.requestId ?? ''
}

function starts(logs: string, requestId: string): number {
  return logs.split(`START RequestId: ${requestId} `).length - 1
}

test('an event is run once under the request id that its sender was told, and its file goes', async (context) => {
  const { sdk, logs, state } = await start(context)
  await create(sdk)
  const requestId = await queue(sdk, { n: 1 })
  await eventually(() => logs().includes(`REPORT RequestId: ${requestId}`), 'the event is run')
  await eventually(() => readdirSync(state.queue).length === 0, 'its file is gone')
  assert.equal(starts(logs(), requestId), 1)
})

test('a function that fails gets the event twice more, then the event is in the folder of failures', async (context) => {
  const { sdk, logs, state, notices } = await start(context)
  await create(sdk)
  const requestId = await queue(sdk, { do: 'post an error', n: 2 })
  const path = join(state.failed, 'orders', `${requestId}.json`)
  await eventually(() => existsSync(path), 'the event has failed for good')
  assert.equal(starts(logs(), requestId), 3)
  const record = JSON.parse(readFileSync(path, 'utf8'))
  assert.deepEqual(record.requestContext, {
    requestId,
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:orders:$LATEST',
    condition: 'RetriesExhausted',
    approximateInvokeCount: 3,
  })
  assert.deepEqual(record.requestPayload, { do: 'post an error', n: 2 })
  assert.deepEqual(record.responseContext, {
    statusCode: 200,
    executedVersion: '$LATEST',
    functionError: 'Unhandled',
  })
  assert.equal(record.responsePayload.errorType, 'Function.Sad')
  await eventually(() => readdirSync(state.queue).length === 0, 'its file is gone')
  const notice = `orders failed for good on the event ${requestId}`
  await eventually(() => notices.some((said) => said.includes(notice)), 'it is told')
})

test('a dead-letter queue gets the event as it came, and why it failed, in three attributes', async (context) => {
  const { sdk, state } = await start(context)
  const queueArn = 'arn:aws:sqs:us-east-1:123456789012:dead-orders'
  await createFixture(sdk, 'orders', { DeadLetterConfig: { TargetArn: queueArn } })
  const requestId = await queue(sdk, { do: 'post an error', n: 3 })
  const path = join(state.destinations, queueArn.replaceAll(':', '_'), `${requestId}.json`)
  await eventually(() => existsSync(path), 'the message is there')
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    MessageBody: JSON.stringify({ do: 'post an error', n: 3 }),
    MessageAttributes: {
      RequestID: { DataType: 'String', StringValue: requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: 'oh' },
    },
  })
  assert.ok(existsSync(join(state.failed, 'orders', `${requestId}.json`)))
})

test('a dead-letter target that is no queue or topic is refused', async (context) => {
  const { sdk } = await start(context)
  const DeadLetterConfig = { TargetArn: 'arn:aws:s3:::bucket' }
  await assert.rejects(createFixture(sdk, 'orders', { DeadLetterConfig }), {
    name: 'ValidationException',
    message: /an SQS queue or an SNS topic/,
  })
})

test('events beyond the concurrency limit wait their turn', async (context) => {
  const { sdk, logs, state } = await start(context, { concurrency: 2, environments: 2 })
  await create(sdk)
  const sent = await Promise.all(Array.from({ length: 20 }, (_, n) => queue(sdk, { n })))
  await eventually(() => readdirSync(state.queue).length === 0, 'all are run')
  assert.deepEqual(
    sent.map((requestId) => starts(logs(), requestId)),
    Array(20).fill(1),
  )
})

test('a throttled event waits until the function may run, and that is no failed attempt', async (context) => {
  const { sdk, logs, state } = await start(context)
  await create(sdk)
  await sdk.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'orders', ReservedConcurrentExecutions: 0 }),
  )
  const requestId = await queue(sdk, 1)
  // Longer than all attempts of one that fails would take.
  await new Promise((resolve) => setTimeout(resolve, 600))
  assert.equal(starts(logs(), requestId), 0)
  assert.equal(readdirSync(state.queue).length, 1)
  await sdk.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'orders', ReservedConcurrentExecutions: 1 }),
  )
  await eventually(() => readdirSync(state.queue).length === 0, 'it is run')
  assert.equal(starts(logs(), requestId), 1)
})

test('an event whose function is deleted before its turn is kept with the failures', async (context) => {
  const { sdk, state } = await start(context, { retryDelaysMs: [300, 300] })
  await create(sdk)
  const requestId = await queue(sdk, { do: 'post an error' })
  await eventually(() => readQueued(state.queue, requestId)?.attempts === 1, 'the first attempt has failed')
  await sdk.send(new DeleteFunctionCommand({ FunctionName: 'orders' }))
  const path = join(state.failed, 'orders', `${requestId}.json`)
  await eventually(() => existsSync(path), 'the event is with the failures')
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).requestContext.condition, 'FunctionNotFound')
})

function readQueued(folder: string, requestId: string): { attempts: number } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, `${requestId}.json`), 'utf8'))
  } catch {
    return undefined
  }
}

test('an emulator takes up the events, and the attempts they have had, where another stopped', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const first = await start(context, { folder, retryDelaysMs: [1500, 10] })
  await create(first.sdk)
  const failing = await queue(first.sdk, { do: 'post an error' })
  const running = await queue(first.sdk, { do: 'take its time', ms: 1000 })
  await eventually(
    () => readQueued(first.state.queue, failing)?.attempts === 1,
    'the first attempt has failed',
  )
  await eventually(() => first.logs().includes(`START RequestId: ${running} `), 'the other one runs')
  await first.close()
  assert.deepEqual(readdirSync(first.state.queue).sort(), [`${failing}.json`, `${running}.json`].sort())

  const second = await start(context, { folder, retryDelaysMs: [10, 10] })
  await eventually(() => readdirSync(second.state.queue).length === 0, 'all is run')
  assert.equal(starts(second.logs(), failing), 2)
  assert.equal(starts(second.logs(), running), 1)
  assert.ok(existsSync(join(second.state.failed, 'orders', `${failing}.json`)))
})

test('a file that is no event stays where it is, is told of, and keeps nothing else from running', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const first = await start(context, { folder })
  await create(first.sdk)
  await first.close()
  const unfinished = `x.json.unfinished-${crypto.randomUUID()}`
  writeFileSync(join(first.state.queue, 'broken.json'), '{"requestId":"../../etc/passwd"')
  writeFileSync(join(first.state.queue, 'climbing.json'), '{"requestId":"../../x","functionName":"a"}')
  writeFileSync(join(first.state.queue, unfinished), '{')
  const second = await start(context, { folder })
  assert.equal(second.notices.length, 2)
  assert.match(second.notices.join('\n'), /^cannot read the queued event .*broken\.json/m)
  assert.deepEqual(readdirSync(second.state.queue).sort(), ['broken.json', 'climbing.json'])
  const requestId = await queue(second.sdk, 1)
  await eventually(() => second.logs().includes(`REPORT RequestId: ${requestId}`), 'another event is run')
})

test('the bytes of an event survive the queue', async (context) => {
  const { sdk, state } = await start(context, { retryDelaysMs: [10, 10] })
  await create(sdk)
  const text = '{"do":"post an error", "big": 12345678901234567890, "text":"\\u0000 ü"}'
  await sdk.send(
    new InvokeCommand({ FunctionName: 'orders', InvocationType: 'Event', Payload: Buffer.from(text) }),
  )
  await eventually(() => readdirSync(state.queue).length === 1, 'it is queued')
  const [name = ''] = readdirSync(state.queue)
  const queued = readQueued(state.queue, name.replace('.json', '')) as unknown as
    | { event: string }
    | undefined
  if (queued !== undefined) {
    assert.equal(queued.event, text)
  }
  await eventually(() => readdirSync(state.queue).length === 0, 'it is over')
})
