import assert from 'node:assert/strict'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import {
  EXTENSION_NEXT_PATH,
  EXTENSION_REGISTER_PATH,
  errorPath,
  INIT_ERROR_PATH,
  MAX_RESPONSE_BYTES,
  NEXT_PATH,
  RESTORE_ERROR_PATH,
  RESTORE_NEXT_PATH,
  responsePath,
} from '../../src/runtime-api/contract.ts'
import type { InvocationExchange } from '../../src/runtime-api/exchange.ts'
import type { Invocation } from '../../src/runtime-api/invocation.ts'
import { RuntimeApiServer } from '../../src/runtime-api/server.ts'
import { HttpConnection } from '../support/runtime-api/http-connection.ts'

const DEADLINE = 1_700_000_000_123
const MEGABYTE_CHUNK = Buffer.concat([
  Buffer.from('100000\r\n'),
  Buffer.alloc(1024 * 1024, 'y'),
  Buffer.from('\r\n'),
])
const STREAMING = { 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Transfer-Encoding': 'chunked' }

async function serve(
  context: TestContext,
  isSnapStart = false,
): Promise<{ server: RuntimeApiServer; runtime: HttpConnection }> {
  const server = await RuntimeApiServer.listen({
    functionName: 'orders',
    version: '$LATEST',
    handler: 'orders.create',
    isSnapStart,
  })
  context.after(() => server.close())
  return { server, runtime: await connect(context, server) }
}

async function connect(context: TestContext, server: RuntimeApiServer): Promise<HttpConnection> {
  const runtime = await HttpConnection.open(server.address)
  context.after(() => runtime.destroy())
  return runtime
}

function invocation(requestId = 'id-1', event: Uint8Array | string = '{"n":1}'): Invocation {
  return {
    requestId,
    event: Buffer.from(event),
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:orders',
    traceId: 'Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0',
  }
}

/** A runtime that has been handed an invocation. */
async function running(context: TestContext): Promise<{
  server: RuntimeApiServer
  runtime: HttpConnection
  exchange: InvocationExchange
}> {
  const { server, runtime } = await serve(context)
  const exchange = server.invoke(invocation(), DEADLINE)
  await runtime.get(NEXT_PATH)
  return { server, runtime, exchange }
}

function errorType(body: Buffer): unknown {
  return (JSON.parse(body.toString()) as { errorType: unknown }).errorType
}

test('next blocks until there is an invocation, and then has its event and headers', async (context) => {
  const { server, runtime } = await serve(context)
  const ready = server.begin()
  const connection = await connect(context, server)
  const next = connection.get(NEXT_PATH)
  assert.deepEqual(await ready, { kind: 'ready' })
  runtime.destroy()
  server.invoke(invocation(), DEADLINE)
  const { status, headers, body } = await next
  assert.equal(status, 200)
  assert.equal(body.toString(), '{"n":1}')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['lambda-runtime-aws-request-id'], 'id-1')
  assert.equal(headers['lambda-runtime-deadline-ms'], String(DEADLINE))
  assert.equal(
    headers['lambda-runtime-invoked-function-arn'],
    'arn:aws:lambda:us-east-1:123456789012:function:orders',
  )
  assert.equal(
    headers['lambda-runtime-trace-id'],
    'Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0',
  )
  assert.equal(headers['lambda-runtime-client-context'], undefined)
})

test('an event may come in chunks, without being told how long it is', async (context) => {
  const { server } = await serve(context)
  server.invoke({ ...invocation(), isChunked: true }, DEADLINE)
  const response = await fetch(`http://${server.address}${NEXT_PATH}`)
  assert.equal(response.headers.get('transfer-encoding'), 'chunked')
  assert.equal(response.headers.get('content-length'), null)
  assert.equal(await response.text(), '{"n":1}')
})

test('client context, identity and tenant id arrive as headers, whatever characters the JSON holds', async (context) => {
  const { server, runtime } = await serve(context)
  const clientContext = '{"custom":{"名前":"é😀",\n"k":"v"}}'
  const identity = '{"cognitoIdentityId":"x"}'
  server.invoke({ ...invocation(), clientContext, cognitoIdentity: identity, tenantId: 'tenant-1' }, DEADLINE)
  const { headers } = await runtime.get(NEXT_PATH)
  assert.deepEqual(JSON.parse(headers['lambda-runtime-client-context'] ?? ''), JSON.parse(clientContext))
  assert.equal(headers['lambda-runtime-cognito-identity'], identity)
  assert.equal(headers['lambda-runtime-aws-tenant-id'], 'tenant-1')
})

test('a response is accepted with 202 and handed over byte for byte', async (context) => {
  const { runtime, exchange } = await running(context)
  const bytes = Buffer.from([0, 255, 10, 13, 128])
  const answer = await runtime.post(responsePath('id-1'), bytes, { 'Content-Type': 'image/png' })
  assert.equal(answer.status, 202)
  assert.deepEqual(await exchange.outcome, { kind: 'response', contentType: 'image/png', body: bytes })
})

test('an event and a response of the largest size pass unchanged', async (context) => {
  const { server, runtime } = await serve(context)
  const event = Buffer.alloc(6 * 1024 * 1024, 'event ')
  const exchange = server.invoke(invocation('big', event), DEADLINE)
  const next = await runtime.get(NEXT_PATH)
  assert.ok(next.body.equals(event))
  const response = Buffer.alloc(MAX_RESPONSE_BYTES, 'response ')
  assert.equal((await runtime.post(responsePath('big'), response)).status, 202)
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'response' && outcome.body.equals(response))
})

test('a response one byte over the limit gets 413, and the invoker gets Function.ResponseSizeTooLarge', async (context) => {
  const { runtime, exchange } = await running(context)
  const answer = await runtime.post(responsePath('id-1'), Buffer.alloc(MAX_RESPONSE_BYTES + 1))
  assert.equal(answer.status, 413)
  assert.equal(errorType(answer.body), 'RequestEntityTooLarge')
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'error')
  assert.equal(outcome.errorType, 'Function.ResponseSizeTooLarge')
  assert.match(outcome.body.toString(), /6291556 bytes/)
  const error = await runtime.post(errorPath('id-1'), '{}')
  assert.equal(error.status, 403, 'no error may follow')
})

test('an error is handed over as it was posted, with the type of its header', async (context) => {
  const { runtime, exchange } = await running(context)
  const document = '{"errorType": "E", "errorMessage": "m",   "trace": []}'
  const answer = await runtime.post(errorPath('id-1'), document, {
    'Lambda-Runtime-Function-Error-Type': 'Function.E',
  })
  assert.equal(answer.status, 202)
  assert.deepEqual(await exchange.outcome, {
    kind: 'error',
    errorType: 'Function.E',
    body: Buffer.from(document),
  })
})

test('an error without its header has the type Runtime.Unknown', async (context) => {
  const { runtime, exchange } = await running(context)
  await runtime.post(errorPath('id-1'), '{}')
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'error')
  assert.equal(outcome.errorType, 'Runtime.Unknown')
})

test('a cause for X-Ray of 64 KiB fits into the headers', async (context) => {
  const { runtime } = await running(context)
  const cause = JSON.stringify({ message: 'x'.repeat(64 * 1024 - 20) })
  const answer = await runtime.post(errorPath('id-1'), '{}', {
    'Lambda-Runtime-Function-XRay-Error-Cause': cause,
  })
  assert.equal(answer.status, 202)
})

for (const [kind, path] of [
  ['response', responsePath],
  ['error', errorPath],
] as const) {
  test(`a second answer after POST ${kind} gets 403 InvalidStateTransition, and the first one stands`, async (context) => {
    const { runtime, exchange } = await running(context)
    await runtime.post(path('id-1'), '"first"')
    for (const again of [responsePath('id-1'), errorPath('id-1')]) {
      const answer = await runtime.post(again, '"second"')
      assert.equal(answer.status, 403)
      assert.equal(errorType(answer.body), 'InvalidStateTransition')
      assert.match(answer.body.toString(), /from ResponseSent to Invocation(Error)?Response failed/)
    }
    const outcome = await exchange.outcome
    assert.ok(outcome.kind !== 'stream')
    assert.equal(outcome.body.toString(), '"first"')
  })
}

test('an answer with an unknown request id gets 400 InvalidRequestID', async (context) => {
  const { runtime } = await running(context)
  for (const id of ['id-2', 'ID-1', '%', '%zz']) {
    const answer = await runtime.post(`/2018-06-01/runtime/invocation/${id}/response`, '1')
    assert.equal(answer.status, 400, id)
    assert.equal(errorType(answer.body), 'InvalidRequestID')
  }
})

test('an answer before any invocation gets 400', async (context) => {
  const { runtime } = await serve(context)
  assert.equal((await runtime.post(responsePath('id-1'), '1')).status, 400)
})

test('a request id is percent-decoded from the path', async (context) => {
  const { server, runtime } = await serve(context)
  const exchange = server.invoke(invocation('a b/ü?'.replace('ü', '%C3')), DEADLINE)
  await runtime.get(NEXT_PATH)
  assert.equal((await runtime.post(responsePath('a b/%C3?'), '1')).status, 202)
  assert.equal((await exchange.outcome).kind, 'response')
})

test('next before an answer gets 403', async (context) => {
  const { runtime } = await running(context)
  const answer = await runtime.get(NEXT_PATH)
  assert.equal(answer.status, 403)
  assert.match(answer.body.toString(), /from Running to Ready failed/)
})

test('an invocation is done when the runtime asks for the next one', async (context) => {
  const { server, runtime, exchange } = await running(context)
  await runtime.post(responsePath('id-1'), '1')
  let done = false
  exchange.done.then(() => {
    done = true
  })
  await exchange.outcome
  assert.equal(done, false)
  const next = runtime.get(NEXT_PATH)
  await exchange.done
  server.invoke(invocation('id-2'), DEADLINE)
  assert.equal((await next).headers['lambda-runtime-aws-request-id'], 'id-2')
})

test('a response and the next request in one packet are taken in turn', async (context) => {
  const { server, runtime, exchange } = await running(context)
  const both = [
    runtime.postRequest(responsePath('id-1'), '"one"'),
    Buffer.from(runtime.head('GET', NEXT_PATH)),
  ]
  runtime.write(Buffer.concat(both))
  assert.equal((await runtime.read()).status, 202)
  await exchange.done
  server.invoke(invocation('id-2'), DEADLINE)
  assert.equal((await runtime.read()).headers['lambda-runtime-aws-request-id'], 'id-2')
})

test('a runtime whose connection broke in next asks again on another one', async (context) => {
  const { server } = await serve(context)
  const ready = server.begin()
  const broken = await connect(context, server)
  broken.write(broken.head('GET', NEXT_PATH))
  await ready
  const runtime = await connect(context, server)
  const next = runtime.get(NEXT_PATH)
  broken.destroy()
  // By the time it has answered these, the server has seen the end of the broken connection, which came first.
  const other = await connect(context, server)
  await other.get('/')
  await other.get('/')
  server.invoke(invocation(), DEADLINE)
  assert.equal((await next).body.toString(), '{"n":1}')
})

test('an init error is accepted once, ends the init phase, and allows no next', async (context) => {
  const { server } = await serve(context)
  const init = server.begin()
  const runtime = await connect(context, server)
  const document = '{"errorType":"Runtime.HandlerNotFound","errorMessage":"no"}'
  const answer = await runtime.post(INIT_ERROR_PATH, document, {
    'Lambda-Runtime-Function-Error-Type': 'Runtime.HandlerNotFound',
  })
  assert.equal(answer.status, 202)
  assert.deepEqual(await init, {
    kind: 'error',
    errorType: 'Runtime.HandlerNotFound',
    body: Buffer.from(document),
  })
  assert.equal((await runtime.post(INIT_ERROR_PATH, document)).status, 403)
  assert.equal((await runtime.get(NEXT_PATH)).status, 403)
})

test('an init error after the init phase gets 403', async (context) => {
  const { runtime } = await running(context)
  assert.equal((await runtime.post(INIT_ERROR_PATH, '{}')).status, 403)
})

test('a streamed response arrives while it is still being sent', async (context) => {
  const { runtime, exchange } = await running(context)
  runtime.write(runtime.head('POST', responsePath('id-1'), { ...STREAMING, 'Content-Type': 'text/html' }))
  runtime.write('3\r\none\r\n')
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'stream')
  assert.equal(outcome.contentType, 'text/html')
  const [first] = (await once(outcome.body, 'data')) as [Buffer]
  assert.equal(first.toString(), 'one')
  runtime.write('3\r\ntwo\r\n0\r\n\r\n')
  assert.equal(await text(outcome.body), 'two')
  assert.equal(await outcome.failure, undefined)
  assert.equal((await runtime.read()).status, 202)
})

test('a streamed response larger than a buffered one may be passes', async (context) => {
  const { runtime, exchange } = await running(context)
  runtime.write(runtime.head('POST', responsePath('id-1'), STREAMING))
  const chunk = Buffer.alloc(1024 * 1024, 'y')
  const received = exchange.outcome.then((outcome) =>
    outcome.kind === 'stream' ? buffer(outcome.body) : undefined,
  )
  for (let count = 0; count < 8; count++) {
    runtime.write(Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')]))
  }
  runtime.write('0\r\n\r\n')
  assert.equal((await received)?.length, 8 * 1024 * 1024)
  assert.equal((await runtime.read()).status, 202)
})

test('a streamed response ends with an error at 200 MB, whether it goes on or not', async (context) => {
  const { runtime, exchange } = await running(context)
  runtime.write(runtime.head('POST', responsePath('id-1'), STREAMING))
  const outcome = exchange.outcome.then(async (begun) => {
    assert.ok(begun.kind === 'stream')
    let bytes = 0
    for await (const chunk of begun.body) {
      bytes += chunk.length
    }
    return { bytes, failure: await begun.failure }
  })
  for (let count = 0; count < 200; count++) {
    runtime.write(MEGABYTE_CHUNK)
  }
  runtime.write('1\r\ny\r\n')
  const { bytes, failure } = await outcome
  assert.equal(bytes, 200 * 1024 * 1024)
  assert.equal(failure?.errorType, 'Function.ResponseSizeTooLarge')
  runtime.write('3\r\nyyy\r\n0\r\n\r\n')
  assert.equal((await runtime.read()).status, 413)
})

test('trailers of a streamed response tell of an error after its first byte', async (context) => {
  const { runtime, exchange } = await running(context)
  const document = Buffer.from('{"errorType":"E"}')
  const trailers =
    'Lambda-Runtime-Function-Error-Type: Function.E\r\n' +
    `Lambda-Runtime-Function-Error-Body: ${document.toString('base64')}\r\n`
  runtime.write(
    runtime.head('POST', responsePath('id-1'), {
      ...STREAMING,
      Trailer: 'Lambda-Runtime-Function-Error-Type',
    }),
  )
  runtime.write(`1\r\na\r\n0\r\n${trailers}\r\n`)
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'stream')
  assert.equal(await text(outcome.body), 'a')
  assert.deepEqual(await outcome.failure, { kind: 'error', errorType: 'Function.E', body: document })
})

for (const mode of ['buffered', 'streamed'] as const) {
  test(`a ${mode} response that breaks off is a Runtime.TruncatedResponse when the runtime goes on`, async (context) => {
    const { server, runtime, exchange } = await running(context)
    const headers: Record<string, string> = mode === 'streamed' ? STREAMING : { 'Content-Length': '10' }
    runtime.write(runtime.head('POST', responsePath('id-1'), headers))
    runtime.write('3\r\none\r\n')
    runtime.end()
    const again = await connect(context, server)
    const next = nextWhenReady(again)
    const outcome = await exchange.outcome
    const failure = outcome.kind === 'stream' ? await outcome.failure : outcome
    assert.ok(failure?.kind === 'error')
    assert.equal(failure.errorType, 'Runtime.TruncatedResponse')
    server.invoke(invocation('id-2'), DEADLINE)
    assert.equal((await next).headers['lambda-runtime-aws-request-id'], 'id-2')
  })
}

/** The server may learn of the broken connection after the new request: until then it refuses. */
async function nextWhenReady(runtime: HttpConnection) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await runtime.get(NEXT_PATH)
    if (answer.status !== 403) {
      return answer
    }
  }
  throw new Error('next was refused a hundred times')
}

test('a slow invoker slows the runtime down instead of filling the memory', async (context) => {
  const { runtime, exchange } = await running(context)
  runtime.write(runtime.head('POST', responsePath('id-1'), STREAMING))
  for (let count = 0; count < 64; count++) {
    runtime.write(MEGABYTE_CHUNK)
  }
  runtime.write('0\r\n\r\n')
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'stream')
  await once(outcome.body, 'readable')
  assert.ok(outcome.body.readableLength < 4 * 1024 * 1024)
  assert.equal((await buffer(outcome.body)).length, 64 * 1024 * 1024)
})

test('an invoker that stops reading a streamed response does not hold the runtime up', async (context) => {
  const { runtime, exchange } = await running(context)
  runtime.write(runtime.head('POST', responsePath('id-1'), STREAMING))
  runtime.write('3\r\none\r\n')
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'stream')
  outcome.body.destroy()
  for (let count = 0; count < 8; count++) {
    runtime.write(MEGABYTE_CHUNK)
  }
  runtime.write('0\r\n\r\n')
  assert.equal((await runtime.read()).status, 202)
})

test('failing an exchange that has its answer changes nothing', async (context) => {
  const { runtime, exchange } = await running(context)
  await runtime.post(responsePath('id-1'), '"mine"')
  exchange.fail({ kind: 'error', errorType: 'Late', body: Buffer.from('{}') })
  const outcome = await exchange.outcome
  assert.ok(outcome.kind === 'response')
  assert.equal(outcome.body.toString(), '"mine"')
})

test('drained resolves when the last bytes of a closed connection have been read', async (context) => {
  const { server, runtime, exchange } = await running(context)
  runtime.write(runtime.postRequest(responsePath('id-1'), '"last words"'))
  runtime.end()
  await server.drained(10_000)
  const outcome = await Promise.race([exchange.outcome, 'nothing'])
  assert.ok(typeof outcome === 'object' && outcome.kind === 'response')
})

test('drained cuts connections that stay open', async (context) => {
  const { server } = await running(context)
  await server.drained(1)
})

test('begin forgets the runtime before: its request id is unknown and its connections are closed', async (context) => {
  const { server, runtime } = await running(context)
  server.begin()
  await assert.rejects(runtime.read(), /closed the connection/)
  const next = await connect(context, server)
  assert.equal((await next.post(responsePath('id-1'), '1')).status, 400)
})

test('an internal extension registers for no events in the init phase, and its next never returns', async (context) => {
  const { server } = await serve(context)
  server.begin()
  const extension = await connect(context, server)
  assert.equal(server.hasExtension, false)
  const answer = await extension.post(EXTENSION_REGISTER_PATH, '{"events":[]}', {
    'Lambda-Extension-Name': 'flush',
  })
  assert.equal(answer.status, 200)
  assert.equal(server.hasExtension, true)
  assert.deepEqual(JSON.parse(answer.body.toString()), {
    functionName: 'orders',
    functionVersion: '$LATEST',
    handler: 'orders.create',
  })
  const identifier = answer.headers['lambda-extension-identifier'] ?? ''
  const unknown = await extension.get(EXTENSION_NEXT_PATH, { 'Lambda-Extension-Identifier': 'x' })
  assert.equal(unknown.status, 403)
  const next = extension.get(EXTENSION_NEXT_PATH, { 'Lambda-Extension-Identifier': identifier })
  const runtime = await connect(context, server)
  server.invoke(invocation(), DEADLINE)
  await runtime.get(NEXT_PATH)
  assert.equal((await runtime.post(responsePath('id-1'), '1')).status, 202)
  assert.equal(await Promise.race([next, 'still waiting']), 'still waiting')
  next.catch(() => {})
})

for (const [what, body, headers, status, type] of [
  ['without a name', '{"events":[]}', {}, 400, 'Extension.InvalidExtensionName'],
  [
    'for INVOKE',
    '{"events":["INVOKE"]}',
    { 'Lambda-Extension-Name': 'x' },
    403,
    'Extension.InvalidEventType',
  ],
  ['with another body', '[', { 'Lambda-Extension-Name': 'x' }, 403, 'Extension.InvalidEventType'],
] as const) {
  test(`an extension that registers ${what} gets ${status}`, async (context) => {
    const { server, runtime } = await serve(context)
    const answer = await runtime.post(EXTENSION_REGISTER_PATH, body, headers)
    assert.equal(answer.status, status)
    assert.equal(errorType(answer.body), type)
    assert.equal(server.hasExtension, false)
  })
}

test('an extension that registers after the init phase gets 403', async (context) => {
  const { runtime } = await running(context)
  const answer = await runtime.post(EXTENSION_REGISTER_PATH, '', { 'Lambda-Extension-Name': 'x' })
  assert.equal(answer.status, 403)
})

test('a web page can neither take invocations nor answer them', async (context) => {
  const { server, runtime } = await serve(context)
  server.invoke(invocation(), DEADLINE)
  for (const headers of [
    { Origin: 'https://example.com' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { Host: 'rebound.example.com' },
  ]) {
    const answer = await runtime.get(NEXT_PATH, headers)
    assert.equal(answer.status, 403)
    assert.equal(errorType(answer.body), 'Forbidden')
  }
})

test('with SnapStart, a runtime is restored once, and then asks for invocations', async (context) => {
  const { server } = await serve(context, true)
  const init = server.begin()
  const runtime = await connect(context, server)
  assert.equal((await runtime.get(RESTORE_NEXT_PATH)).status, 200)
  assert.equal((await runtime.get(RESTORE_NEXT_PATH)).status, 403)
  assert.equal((await runtime.post(INIT_ERROR_PATH, '{}')).status, 403)
  const exchange = server.invoke(invocation(), DEADLINE)
  assert.equal((await runtime.get(NEXT_PATH)).body.toString(), '{"n":1}')
  assert.deepEqual(await init, { kind: 'ready' })
  assert.equal((await runtime.post(RESTORE_ERROR_PATH, '{}')).status, 403)
  await runtime.post(responsePath('id-1'), '1')
  assert.equal((await exchange.outcome).kind, 'response')
})

test('with SnapStart, a restore error ends the init phase with that error', async (context) => {
  const { server } = await serve(context, true)
  const init = server.begin()
  const runtime = await connect(context, server)
  await runtime.get(RESTORE_NEXT_PATH)
  const document = '{"errorType":"Runtime.AfterRestoreError","errorMessage":"no"}'
  const answer = await runtime.post(RESTORE_ERROR_PATH, document, {
    'Lambda-Runtime-Function-Error-Type': 'Runtime.AfterRestoreError',
  })
  assert.equal(answer.status, 202)
  assert.deepEqual(await init, {
    kind: 'error',
    errorType: 'Runtime.AfterRestoreError',
    body: Buffer.from(document),
  })
  assert.equal((await runtime.get(NEXT_PATH)).status, 403)
})

test('without SnapStart, there is nothing to restore', async (context) => {
  const { runtime } = await serve(context)
  assert.equal((await runtime.get(RESTORE_NEXT_PATH)).status, 404)
  assert.equal((await runtime.post(RESTORE_ERROR_PATH, '{}')).status, 404)
})

test('an unknown path gets 404, and the wrong method 405', async (context) => {
  const { runtime } = await running(context)
  assert.equal((await runtime.get('/2018-06-01/runtime')).status, 404)
  assert.equal((await runtime.post(NEXT_PATH, '')).status, 404)
  assert.equal((await runtime.get(responsePath('id-1'))).status, 405)
})

test('1,000 invocations on one connection are each answered once, in order', async (context) => {
  const { server, runtime } = await serve(context)
  for (let count = 0; count < 1000; count++) {
    const id = `id-${count}`
    const exchange = server.invoke(invocation(id, String(count)), DEADLINE)
    const next = await runtime.get(NEXT_PATH)
    assert.equal(next.headers['lambda-runtime-aws-request-id'], id)
    assert.equal((await runtime.post(responsePath(id), next.body)).status, 202)
    const outcome = await exchange.outcome
    assert.ok(outcome.kind === 'response')
    assert.equal(outcome.body.toString(), String(count))
  }
})

test('a runtime of several invocations at once may ask for more than it has, and again once all are answered', async (context) => {
  const server = await RuntimeApiServer.listen({
    functionName: 'orders',
    version: '$LATEST',
    handler: 'orders.create',
    maxConcurrency: 2,
  })
  context.after(() => server.close())
  const loops = [await connect(context, server), await connect(context, server)] as const
  for (const round of [1, 2, 3]) {
    const ids = [`${round}-a`, `${round}-b`]
    for (const id of ids) {
      server.invoke(invocation(id), DEADLINE)
    }
    for (const loop of loops) {
      const next = await loop.get(NEXT_PATH)
      assert.equal(next.status, 200)
      const answer = await loop.post(responsePath(ids.shift() as string), '{}')
      assert.equal(answer.status, 202)
    }
  }
})
