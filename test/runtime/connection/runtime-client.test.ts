import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { RuntimeClient as Client } from '../../../src/runtime/connection/runtime-client.ts'
import { bundleShipped, loadShipped } from '../../support/projects/shipped-module.ts'
import { type Fault, StrictRuntimeApi } from '../../support/runtime-api/strict-runtime-api.ts'

let api: StrictRuntimeApi
let client: Client
let RuntimeClient: new (runtimeApi: string) => Client

const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
before(async () => {
  const file = await bundleShipped('src/runtime/connection/runtime-client.ts', folder)
  RuntimeClient = loadShipped<{ RuntimeClient: typeof RuntimeClient }>(file).RuntimeClient
})
after(() => rmSync(folder, { recursive: true }))

beforeEach(async () => {
  api = await StrictRuntimeApi.start()
  client = new RuntimeClient(api.address)
})

afterEach(async () => {
  await api.stop()
  assert.deepEqual(api.violations, [])
})

after(() => assert.equal(process.exitCode, undefined))

const DOCUMENT = { errorType: 'TypeError', errorMessage: 'boom', trace: [] }

/** Runs one invocation through the client, answered with `1`. */
async function runOne(): Promise<string> {
  const { requestId } = await client.next()
  await client.respond(requestId, '1')
  return requestId
}

test('an invocation comes with its id, its headers and its bytes', async () => {
  const event = JSON.stringify({ text: 'Hello, 世界' })
  const answered = api.invokeRaw({ event, requestId: 'id 1/ü' })
  const invocation = await client.next()
  assert.equal(Buffer.from(invocation.requestId, 'latin1').toString('latin1'), 'id 1/ü')
  assert.equal(invocation.body.text, event)
  assert.equal(invocation.cutShort, undefined)
  await client.respond(invocation.requestId, '"done"')
  const answer = await answered
  assert.equal(answer.kind, 'response')
  assert.equal(answer.json(), 'done')
})

test('many invocations go over one connection', async () => {
  for (let count = 0; count < 20; count++) {
    void api.invoke({ count })
    await runOne()
  }
  assert.equal(api.connections, 1)
})

test('a connection closed between invocations is opened anew', async () => {
  void api.invoke(1)
  await runOne()
  api.dropConnections()
  void api.invoke(2)
  await runOne()
  assert.equal(api.connections, 2)
})

test('a next that is lost with its connection is asked for again', async () => {
  api.nextFaults.push({ close: 'before' }, { close: 'before' })
  void api.invoke(1)
  await runOne()
  assert.equal(api.connections, 3)
})

test('next waits as long as it takes: nothing of the client’s ends it', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const pending = runOne()
  await api.idle()
  assert.equal(timers(), before)
  void api.invoke(1)
  assert.equal(await pending, 'request-1')
})

const DELIVERIES: [string, Fault][] = [
  ['in one-byte segments', { segment: 1 }],
  ['with header names in capitals', { shout: true }],
  ['late', { delayMs: 200 }],
  ['with a connection that closes after it', { close: 'after' }],
]
for (const [how, next] of DELIVERIES) {
  test(`an invocation that arrives ${how} arrives`, async () => {
    const event = { text: 'Hello', list: [1, 2, 3] }
    const answered = api.invoke(event, { next })
    const invocation = await client.next()
    assert.deepEqual(JSON.parse(invocation.body.text), event)
    await client.respond(invocation.requestId, invocation.body.text)
    assert.deepEqual((await answered).json(), event)
  })
}

for (const close of ['after-head', 'mid-body'] as const) {
  test(`an invocation cut short ${close} is known by its id, so that it can be answered`, async () => {
    const answered = api.invoke({ text: 'Hello' }, { next: { close } })
    const invocation = await client.next()
    assert.ok(invocation.cutShort)
    await client.fail(invocation.requestId, DOCUMENT)
    assert.equal((await answered).kind, 'error')
  })
}

test('an error carries its document and its type', async () => {
  const answered = api.invoke(1)
  const { requestId } = await client.next()
  await client.fail(requestId, DOCUMENT)
  const { kind, request } = await answered
  assert.equal(kind, 'error')
  assert.equal(request.header('lambda-runtime-function-error-type'), 'TypeError')
  assert.deepEqual(JSON.parse(String(request.body)), DOCUMENT)
})

for (const status of [400, 403, 410, 413]) {
  test(`after a ${status} to a response, nothing is repeated and next is asked for`, async () => {
    void api.invoke(1, { answers: [{ status }] })
    await runOne()
    void api.invoke(2)
    await runOne()
    assert.equal(api.count('/2018-06-01/runtime/invocation/request-1/response'), 1)
    assert.equal(api.count('/2018-06-01/runtime/invocation/request-1/error'), 0)
  })
}

test('a 500 to an answer asks the process to end', async () => {
  void api.invoke(1, { answers: [{ status: 500 }] })
  await assert.rejects(runOne(), { name: 'Runtime.ApiFailure', message: /500/ })
  assert.equal(api.count('/2018-06-01/runtime/invocation/request-1/response'), 1)
})

test('a 500 to next asks the process to end', async () => {
  api.nextFaults.push({ status: 500 })
  await assert.rejects(client.next(), { name: 'Runtime.ApiFailure', message: /500/ })
})

test('an answer that is lost with its connection is posted again', async () => {
  const answered = api.invoke(1, { answers: [{ close: 'before' }] })
  await runOne()
  assert.equal((await answered).json(), 1)
  assert.equal(api.count('/2018-06-01/runtime/invocation/request-1/response'), 2)
})

test('an answer that was taken, but whose 202 was lost, counts once', async () => {
  void api.invoke(1, { answers: [{ close: 'before', accepted: true }] })
  await runOne()
  assert.equal(api.answersTo('request-1').length, 1)
  void api.invoke(2)
  await runOne()
})

for (const close of ['after-head', 'mid-body'] as const) {
  test(`a 202 cut short ${close} is a 202`, async () => {
    void api.invoke(1, { answers: [{ close, body: '{"status":"OK"}' }] })
    await runOne()
    assert.equal(api.count('/2018-06-01/runtime/invocation/request-1/response'), 1)
  })
}

test('a next without a request id, or with a strange status, is asked for again', async () => {
  api.nextFaults.push({ status: 200, body: '{}' }, { status: 403 }, { status: 302 })
  void api.invoke(1)
  await runOne()
})

test('a Runtime API that never makes sense is given up after a bounded number of tries', async () => {
  api.nextFaults.push(...Array.from({ length: 50 }, () => ({ status: 404 })))
  await assert.rejects(client.next(), { name: 'Runtime.ApiFailure', message: /giving up/ })
  assert.ok(api.requests.length < 10)
})

test('what is no HTTP is given up after a bounded number of tries', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await assert.rejects(new RuntimeClient(`127.0.0.1:${port}`).next(), { name: 'Runtime.ApiFailure' })
  server.close()
})

test('a Runtime API that nobody listens for is a Runtime.ApiFailure with its cause', async () => {
  const gone = await StrictRuntimeApi.start()
  const { address } = gone
  await gone.stop()
  await assert.rejects(new RuntimeClient(address).next(), (error: Error) => {
    assert.match(error.message, /ECONNREFUSED/)
    return error.cause instanceof Error
  })
})

test('an event and a response of 6 MB pass byte for byte', async () => {
  const event = JSON.stringify('é'.repeat(3_000_000))
  const answered = api.invokeRaw({ event })
  const invocation = await client.next()
  assert.ok(invocation.body.text === event)
  assert.equal(invocation.body.bytes, Buffer.byteLength(event))
  await client.respond(invocation.requestId, invocation.body.text)
  assert.ok((await answered).request.body.equals(Buffer.from(event)))
})

test('an init error is posted once, with its type', async () => {
  await client.failInit(DOCUMENT)
  assert.equal(api.initErrors.length, 1)
  assert.equal(api.initErrors[0]?.header('lambda-runtime-function-error-type'), 'TypeError')
})
