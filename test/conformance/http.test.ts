/** Functions that export a fetch handler, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  HEALTH_CHECK,
  loadBalancer,
  payload1,
  payload2,
  type SentRequest,
} from '../support/emulator/http-events.ts'
import { api, invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'
import { within } from '../support/runtime-api/lambda-process.ts'
import type { Answer, InvocationOptions } from '../support/runtime-api/strict-runtime-api.ts'

interface HttpResult {
  statusCode: number
  statusDescription?: string
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  cookies?: string[]
  body: string
  isBase64Encoded: boolean
}

useFixtures('http-apps', 'http-unused')

const start = (name?: string, env: Record<string, string> = {}) =>
  startFixture('http-apps', name && `http-apps.${name}`, env)

async function respond(event: unknown): Promise<HttpResult> {
  const answer = await invoke(event)
  assert.equal(answer.kind, 'response', answer.request.body.toString())
  return answer.json()
}

async function failure(event: unknown, options: Omit<InvocationOptions, 'event'> = {}) {
  const answer = await invoke(event, options)
  assert.equal(answer.kind, 'error', answer.request.body.toString())
  return answer.json<{
    errorType: string
    errorMessage: string
    trace: string[]
    cause?: { errorType: string }
  }>()
}

function bytesOf({ body, isBase64Encoded }: HttpResult): Buffer {
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
}

/** The metadata and the body of a streamed HTTP response. */
function readStreamed({ request }: Answer): { metadata: Record<string, unknown>; body: string } {
  assert.equal(request.header('lambda-runtime-function-response-mode'), 'streaming')
  assert.equal(request.header('content-type'), 'application/vnd.awslambda.http-integration-response')
  const end = request.body.indexOf(Buffer.alloc(8))
  return {
    metadata: JSON.parse(request.body.toString('utf8', 0, end)),
    body: request.body.toString('utf8', end + 8),
  }
}

const EVENTS: Record<string, (sent: SentRequest) => unknown> = {
  'payload 1.0': (sent) => payload1(sent),
  'payload 2.0': (sent) => payload2(sent),
  ALB: (sent) => loadBalancer(sent),
  'ALB with multi-value headers': (sent) => loadBalancer(sent, 'multi-value'),
}

for (const [kind, event] of Object.entries(EVENTS)) {
  test(`a fetch handler serves ${kind}: requests, binary bodies and cookies`, async () => {
    start()
    const body = Buffer.from([0, 255, 10])
    const headers = [['x-custom', 'value']] as const
    const sent = { method: 'POST', host: 'shop.example.com', path: '/echo', query: 'a=b%20c', headers, body }
    const echo = JSON.parse((await respond(event({ ...sent, cookies: ['c=1', 'd=2'] }))).body)
    assert.equal(echo.method, 'POST')
    assert.equal(echo.url, 'https://shop.example.com/echo?a=b%20c')
    assert.equal(echo.headers['x-custom'], 'value')
    assert.equal(echo.headers.cookie, 'c=1; d=2')
    assert.equal(echo.body, body.toString('base64'))

    const pixel = await respond(event({ path: '/pixel' }))
    assert.equal(pixel.isBase64Encoded, true)
    assert.equal(bytesOf(pixel).toString('hex'), '89504e470d0a1a0a00ff')
    const zipped = await respond(event({ path: '/gzip' }))
    assert.equal(gunzipSync(bytesOf(zipped)).toString(), 'compressed')

    const login = await respond(event({ method: 'POST', path: '/login' }))
    assert.equal(login.statusCode, 303)
    const cookies = [
      ...(login.cookies ?? []),
      ...Object.entries(login.headers ?? {}).flatMap(([name, value]) =>
        /^set-cookie$/i.test(name) ? [value] : [],
      ),
      ...(login.multiValueHeaders?.['set-cookie'] ?? []),
    ]
    assert.deepEqual(cookies, ['session=1; HttpOnly', 'theme=dark; Expires=Wed, 21 Oct 2026 07:28:00 GMT'])
    assert.equal(login.headers?.location ?? login.multiValueHeaders?.location?.[0], '/')
    assert.equal(login.statusDescription, kind.startsWith('ALB') ? '303 See Other' : undefined)
    assert.equal((await respond(event({ path: '/unknown' }))).statusCode, 404)
  })
}

test('a load balancer’s health check is answered', async () => {
  start()
  const { statusCode, statusDescription } = await respond({ ...HEALTH_CHECK, path: '/echo' })
  assert.deepEqual([statusCode, statusDescription], [200, '200 OK'])
})

describe('what goes wrong in a fetch handler is an invocation error, after which the loop goes on:', () => {
  test('an error of its own, with class, cause and the line of the source', async () => {
    start()
    const { errorType, errorMessage, cause, trace } = await failure(payload2({ path: '/fails' }))
    assert.deepEqual([errorType, errorMessage, cause?.errorType], ['OutOfStock', 'nothing left', 'TypeError'])
    assert.match(trace.join('\n'), /http-apps\.ts:\d+/)
    assert.equal((await respond(payload2())).statusCode, 404)
  })

  test('no response', async () => {
    start()
    const { errorType, errorMessage } = await failure(payload2({ path: '/nothing' }))
    assert.equal(errorType, 'Function.NoResponse')
    assert.match(errorMessage, /returned nothing/)
    assert.equal((await respond(payload2())).statusCode, 404)
  })

  test('a body that breaks off', async () => {
    start()
    assert.equal((await failure(payload2({ path: '/rejects' }))).errorType, 'OutOfStock')
  })

  test('a response that never comes, told before the deadline', async () => {
    start()
    const deadline = { 'Lambda-Runtime-Deadline-Ms': String(Date.now() + 1000) }
    const { errorType } = await failure(payload2({ path: '/hangs' }), { headers: deadline })
    assert.equal(errorType, 'Runtime.NodeJsExit')
  })

  test('an event that is no HTTP request, of which the error tells the keys', async () => {
    start()
    const { errorType, errorMessage } = await failure({ Records: [], more: 1 })
    assert.equal(errorType, 'Runtime.UnknownHttpEvent')
    assert.match(errorMessage, /an object with Records, more arrived/)
    assert.equal((await respond(payload2())).statusCode, 404)
  })
})

test('work passed to waitUntil is done before the invocation ends', async () => {
  start()
  assert.equal((await respond(payload2({ path: '/later' }))).body, 'at once')
  assert.match(lambda.output, /work of request-1 is done/)
})

describe('a streamed response', () => {
  test('has status, headers and cookies in front, and the body behind', async () => {
    start('streaming')
    const { metadata, body } = readStreamed(await invoke(payload2({ path: '/unknown' })))
    assert.deepEqual(metadata, { statusCode: 404, headers: { 'content-type': 'text/plain;charset=UTF-8' } })
    assert.equal(body, 'no such page')
    const login = readStreamed(await invoke(payload2({ path: '/login' })))
    assert.equal((login.metadata.cookies as string[]).length, 2)
    assert.equal(login.body, '')
  })

  test('is asked for by LAMBDABIN_INVOKE_MODE', async () => {
    start(undefined, { LAMBDABIN_INVOKE_MODE: 'RESPONSE_STREAM' })
    assert.equal(readStreamed(await invoke(payload2())).metadata.statusCode, 404)
  })

  test('reaches the platform part by part', async () => {
    start('streaming')
    const first = api.sees('the first part')
    const answered = invoke(payload2({ path: '/slowly' }))
    assert.equal(await Promise.race([first.then(() => 'first'), answered.then(() => 'answered')]), 'first')
    assert.equal(readStreamed(await answered).body, 'the first partthe second part')
  })

  test('that fails before it begins is a plain invocation error', async () => {
    start('streaming')
    assert.equal((await failure(payload2({ path: '/fails' }))).errorType, 'OutOfStock')
    assert.equal((await failure({})).errorType, 'Runtime.UnknownHttpEvent')
  })

  test('that breaks off says so in trailers', async () => {
    start('streaming')
    const answer = await invoke(payload2({ path: '/rejects' }))
    assert.equal(readStreamed(answer).body, 'the first half')
    assert.equal(answer.request.trailers['lambda-runtime-function-error-type'], 'OutOfStock')
    assert.equal(readStreamed(await invoke(payload2())).metadata.statusCode, 404)
  })

  test('without an end is cancelled when the platform hangs up', async () => {
    start('streaming')
    const begun = api.sees('"statusCode":200')
    void api.invoke(payload2({ path: '/endless' }))
    await within(begun, () => `the response to begin; the process printed: ${lambda.output}`)
    api.dropConnections()
    await lambda.printed(/the endless body is cancelled/)
  })
})

test('an invoke mode that Lambda does not have is an init error', async () => {
  start(undefined, { LAMBDABIN_INVOKE_MODE: 'STREAM' })
  assert.equal((await lambda.exit())?.code, 1)
  const [{ body } = { body: '' }] = api.initErrors
  assert.equal(JSON.parse(body.toString()).errorType, 'Runtime.MalformedInvokeMode')
})

describe('applications work as they are:', () => {
  test('Hono', async () => {
    start('hono')
    const order = await respond(payload2({ path: '/orders/7', query: 'tag=a&tag=b' }))
    assert.deepEqual(JSON.parse(order.body), { id: '7', tags: ['a', 'b'] })
    const headers = [['content-type', 'application/json']] as const
    const created = await respond(
      payload1({ method: 'POST', path: '/orders', headers, body: '{"item":"世界"}' }),
    )
    assert.equal(created.statusCode, 201)
    assert.deepEqual(JSON.parse(created.body), { received: { item: '世界' } })
    const invocation = JSON.parse((await respond(payload2({ path: '/invocation' }))).body)
    assert.deepEqual(invocation, { version: '2.0', requestId: 'request-3' })
    assert.equal((await respond(payload2({ path: '/parts' }))).body, 'part one;part two;')
    assert.equal((await respond(payload2({ path: '/orders/7', method: 'HEAD' }))).body, '')
    assert.equal((await respond(loadBalancer({ path: '/none' }))).statusDescription, '404 Not Found')
  })

  test('Hono, streamed', async () => {
    start('hono', { LAMBDABIN_INVOKE_MODE: 'RESPONSE_STREAM' })
    const { metadata, body } = readStreamed(await invoke(payload2({ path: '/parts' })))
    assert.equal(metadata.statusCode, 200)
    assert.equal(body, 'part one;part two;')
  })

  test('itty-router', async () => {
    start('itty')
    const { statusCode, body } = await respond(payload2({ path: '/orders/7' }))
    assert.deepEqual([statusCode, JSON.parse(body)], [200, { id: '7' }])
    assert.equal((await respond(payload2({ path: '/none' }))).statusCode, 404)
  })

  test('an instance of a class', async () => {
    start('application')
    assert.equal((await respond(payload2({ path: '/orders/1' }))).body, 'of a class')
  })
})

test('a function that serves no HTTP loads nothing for it', async () => {
  startFixture('http-unused')
  assert.deepEqual((await invoke({})).json(), [])
})
