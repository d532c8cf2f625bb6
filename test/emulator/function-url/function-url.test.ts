import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import {
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
} from '@aws-sdk/client-lambda'
import { createFixture, type LocalEmulator, startEmulator } from '../../support/emulator/local-emulator.ts'
import { eventually } from '../../support/eventually.ts'

const NAME = 'site'

interface Fixture extends LocalEmulator {
  url: string
}

async function start(
  context: TestContext,
  config?: Partial<CreateFunctionUrlConfigCommandInput>,
): Promise<Fixture> {
  const emulator = await startEmulator(context)
  const sdk = emulator.client()
  await createFixture(sdk, NAME)
  if (config !== undefined) {
    await sdk.send(new CreateFunctionUrlConfigCommand({ FunctionName: NAME, AuthType: 'NONE', ...config }))
  }
  return { ...emulator, url: `${emulator.endpoint}/url/${NAME}/` }
}

/** Has the fixture runtime answer with `payload`: the order travels in the body, as the event's is not its own. */
function answerWith(payload: unknown): RequestInit {
  return {
    method: 'POST',
    body: JSON.stringify({ answer: payload }),
    headers: { 'content-type': 'application/json' },
  }
}

test('a request becomes an event of payload format 2.0', async (context) => {
  const { url, endpoint } = await start(context)
  const answer = await fetch(`${url}a%20b/c?x=1&x=2&y=%C3%BC`, {
    method: 'PUT',
    headers: {
      'Content-Type': 'application/json',
      Cookie: 'a=1; b=2',
      'X-Many': 'one',
      'User-Agent': 'test',
    },
    body: '{"n":1}',
  })
  const event = JSON.parse(await answer.text())
  const host = endpoint.slice('http://'.length)
  assert.equal(event.version, '2.0')
  assert.equal(event.routeKey, '$default')
  assert.equal(event.rawPath, '/a%20b/c')
  assert.equal(event.rawQueryString, 'x=1&x=2&y=%C3%BC')
  assert.deepEqual(event.queryStringParameters, { x: '1,2', y: 'ü' })
  assert.deepEqual(event.cookies, ['a=1', 'b=2'])
  assert.equal(event.headers['x-many'], 'one')
  assert.equal(event.headers.cookie, undefined)
  assert.equal(event.headers.host, host)
  assert.equal(event.body, '{"n":1}')
  assert.equal(event.isBase64Encoded, false)
  assert.equal(event.requestContext.domainName, host)
  assert.deepEqual(event.requestContext.http, {
    method: 'PUT',
    path: '/a b/c',
    protocol: 'HTTP/1.1',
    sourceIp: '127.0.0.1',
    userAgent: 'test',
  })
  assert.equal(event.requestContext.requestId, answer.headers.get('x-amzn-requestid'))
  assert.equal(new Date(event.requestContext.timeEpoch).getUTCFullYear(), new Date().getUTCFullYear())
  assert.match(event.requestContext.time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/)
})

test('headers and parameters may be called as what objects have', async (context) => {
  const { url } = await start(context)
  const headers = [
    ['constructor', 'a'],
    ['toString', 'b'],
  ] as [string, string][]
  const event = JSON.parse(await (await fetch(`${url}?constructor=d&__proto__=e`, { headers })).text())
  for (const [name, value] of headers) {
    assert.equal(Object.getOwnPropertyDescriptor(event.headers, name.toLowerCase())?.value, value, name)
  }
  assert.deepEqual(Object.entries(event.queryStringParameters), [
    ['constructor', 'd'],
    ['__proto__', 'e'],
  ])
})

test('a body that is no text is base64', async (context) => {
  const { url } = await start(context)
  for (const type of ['image/png', 'application/octet-stream', 'application/x-www-form-urlencoded']) {
    const answer = await fetch(url, { method: 'POST', body: 'a=\xff', headers: { 'content-type': type } })
    const event = JSON.parse(await answer.text())
    assert.equal(event.isBase64Encoded, true)
    assert.equal(Buffer.from(event.body, 'base64').toString(), 'a=\xff')
    assert.equal(event.rawPath, '/')
  }
})

test('a response says status, headers, cookies and body', async (context) => {
  const { url } = await start(context)
  const answer = await fetch(
    url,
    answerWith({
      statusCode: 201,
      headers: { 'Content-Type': 'text/plain', 'X-Number': 7, 'Content-Length': '99999' },
      cookies: ['a=1; Path=/', 'b=2'],
      body: Buffer.from('bytes').toString('base64'),
      isBase64Encoded: true,
    }),
  )
  assert.equal(answer.status, 201)
  assert.equal(answer.headers.get('content-type'), 'text/plain')
  assert.equal(answer.headers.get('x-number'), '7')
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1; Path=/', 'b=2'])
  assert.equal(await answer.text(), 'bytes')
})

test('a response without a statusCode is the body, and a string goes out as it is', async (context) => {
  const { url } = await start(context)
  for (const payload of ['Hello', { message: 'Hello' }, null, [1]]) {
    const answer = await fetch(url, answerWith(payload))
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.equal(await answer.text(), typeof payload === 'string' ? payload : JSON.stringify(payload))
  }
})

test('a function that fails, or answers what HTTP cannot say, is a 502', async (context) => {
  const { url, notices } = await start(context)
  const failed = await fetch(url, {
    method: 'POST',
    body: '{"do":"post an error"}',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(failed.status, 502)
  assert.equal(await failed.text(), 'Internal Server Error')
  assert.match(failed.headers.get('content-type') ?? '', /^text\/plain/)
  for (const payload of [
    { statusCode: 99 },
    { statusCode: 'many' },
    { statusCode: 200, headers: { 'bad name': 'x' } },
    { statusCode: 200, headers: { good: 'line\r\nSet-Cookie: stolen=1' } },
    { statusCode: 200, headers: [] },
    { statusCode: 200, cookies: 'a=1' },
  ]) {
    const answer = await fetch(url, answerWith(payload))
    assert.equal(answer.status, 502, JSON.stringify(payload))
    assert.match(notices.at(-1) ?? '', /^the response of site cannot be answered over HTTP: expected /)
  }
})

test('a HEAD request and a 204 have no body', async (context) => {
  const { url } = await start(context)
  const head = await fetch(`${url}x`, { method: 'HEAD' })
  assert.equal(head.status, 200)
  const empty = await fetch(url, answerWith({ statusCode: 204, body: 'ignored' }))
  assert.equal(empty.status, 204)
  assert.equal(await empty.text(), '')
})

test('with the invoke mode RESPONSE_STREAM, what the function writes arrives before it has ended', async (context) => {
  const { url } = await start(context, { InvokeMode: 'RESPONSE_STREAM' })
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify({ do: 'stream HTTP and wait' }),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(answer.status, 202)
  assert.equal(answer.headers.get('x-one'), '1')
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1'])
  const reader = answer.body?.getReader()
  const first = await reader?.read()
  assert.equal(Buffer.from(first?.value ?? []).toString(), 'first')
  await reader?.cancel()
})

test('with the invoke mode BUFFERED, a streamed response arrives whole', async (context) => {
  const { url } = await start(context)
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify({ do: 'stream HTTP' }),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(answer.status, 202)
  assert.equal(answer.headers.get('content-length'), '11')
  assert.equal(await answer.text(), 'firstsecond')
})

test('a stream that breaks off cuts the connection', async (context) => {
  const { url } = await start(context, { InvokeMode: 'RESPONSE_STREAM' })
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify({ do: 'stream and exit' }),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(answer.status, 200)
  await assert.rejects(answer.text())
})

test('a page of this machine may call a function; one from elsewhere only if CORS allows its origin', async (context) => {
  const { url } = await start(context, {
    Cors: { AllowOrigins: ['https://shop.example'], AllowMethods: ['PUT'], AllowHeaders: ['x-a'], MaxAge: 5 },
  })
  const status = async (headers: Record<string, string>) => (await rawRequest(url, headers)).status
  assert.equal(await status({ Origin: 'http://localhost:5173', 'Sec-Fetch-Site': 'same-site' }), 200)
  assert.equal(await status({ 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate' }), 200)
  assert.equal(await status({ Origin: 'https://shop.example', 'Sec-Fetch-Site': 'cross-site' }), 200)
  assert.equal(await status({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }), 403)
  assert.equal(await status({ Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }), 403)
  assert.equal(await status({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }), 403)
  const preflight = await rawRequest(
    url,
    { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'PUT' },
    'OPTIONS',
  )
  assert.equal(preflight.status, 200)
  assert.equal(preflight.headers['access-control-allow-origin'], 'https://shop.example')
  assert.equal(preflight.headers['access-control-allow-methods'], 'PUT')
  assert.equal(preflight.headers['access-control-max-age'], '5')
})

test('a client that goes away in mid-stream does not hold the function up', async (context) => {
  const { url, endpoint, logs } = await start(context, { InvokeMode: 'RESPONSE_STREAM' })
  const body = JSON.stringify({ do: 'stream much' })
  const { hostname, port } = new URL(endpoint)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(
    `POST ${new URL(url).pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  )
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
  await eventually(() => logs().includes('END RequestId'), 'the invocation is over')
  assert.match(logs(), /streamed all/)
})

/** fetch does not let its caller set these headers. */
async function rawRequest(url: string, headers: Record<string, string>, method = 'GET') {
  return await new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]> }>(
    (resolve, reject) => {
      const request = httpRequest(url, { method, headers, agent: false }, async (response) => {
        await text(response)
        resolve({ status: response.statusCode, headers: response.headers })
      })
      request.on('error', reject)
      request.end()
    },
  )
}
