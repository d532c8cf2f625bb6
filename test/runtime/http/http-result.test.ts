import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { HttpEventKind } from '../../../src/runtime/http/http-event.ts'
import { type HttpResult, toMetadata, toResult } from '../../../src/runtime/http/http-result.ts'

const KINDS: HttpEventKind[] = ['payload 1.0', 'payload 2.0', 'ALB', 'ALB with multi-value headers']

function result(response: Response, kind: HttpEventKind = 'payload 2.0'): Promise<HttpResult> {
  return toResult(response, kind, true)
}

function bytesOf({ body, isBase64Encoded }: HttpResult): Buffer {
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
}

/** What `fetch` gets from a server. */
async function fetched(t: TestContext, listener: RequestListener, method = 'GET'): Promise<Response> {
  const server = createServer(listener)
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method })
}

describe('a response', () => {
  const cookies = ['a=1; Path=/, really', 'b=2', 'c=3']
  const response = (): Response => {
    const headers = new Headers({ 'content-type': 'text/html', Vary: 'accept' })
    headers.append('vary', 'cookie')
    for (const cookie of cookies) {
      headers.append('set-cookie', cookie)
    }
    return new Response('<p>世界', { status: 404, headers })
  }

  test('answers payload 2.0 with cookies apart', async () => {
    assert.deepEqual(await result(response(), 'payload 2.0'), {
      statusCode: 404,
      headers: { 'content-type': 'text/html', vary: 'accept, cookie' },
      cookies,
      body: '<p>世界',
      isBase64Encoded: false,
    })
  })

  test('answers payload 1.0 with cookies as a multi-value header', async () => {
    assert.deepEqual(await result(response(), 'payload 1.0'), {
      statusCode: 404,
      headers: { 'content-type': 'text/html', vary: 'accept, cookie' },
      multiValueHeaders: { 'set-cookie': cookies },
      body: '<p>世界',
      isBase64Encoded: false,
    })
  })

  test('answers a load balancer with a status description, and each cookie under a name of its own', async () => {
    const { headers, ...rest } = await result(response(), 'ALB')
    assert.deepEqual(rest, {
      statusCode: 404,
      statusDescription: '404 Not Found',
      body: '<p>世界',
      isBase64Encoded: false,
    })
    const set = Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() === 'set-cookie')
    assert.deepEqual(
      set.map(([, value]) => value),
      cookies,
    )
  })

  test('answers a load balancer in its multi-value mode in that mode', async () => {
    assert.deepEqual(await result(response(), 'ALB with multi-value headers'), {
      statusCode: 404,
      statusDescription: '404 Not Found',
      multiValueHeaders: {
        'content-type': ['text/html'],
        vary: ['accept, cookie'],
        'set-cookie': cookies,
      },
      body: '<p>世界',
      isBase64Encoded: false,
    })
  })

  test('without cookies has no place for them', async () => {
    assert.deepEqual(Object.keys(await result(new Response('a'), 'payload 2.0')).sort(), [
      'body',
      'headers',
      'isBase64Encoded',
      'statusCode',
    ])
    assert.equal('multiValueHeaders' in (await result(new Response('a'), 'payload 1.0')), false)
  })

  test('keeps its own status text', async () => {
    const teapot = new Response(null, { status: 299, statusText: 'Quite Fine' })
    assert.equal((await result(teapot, 'ALB')).statusDescription, '299 Quite Fine')
    assert.equal((await result(new Response(null, { status: 599 }), 'ALB')).statusDescription, '599')
  })

  test('says nothing of a connection', async () => {
    const headers = { connection: 'keep-alive', 'transfer-encoding': 'chunked', 'x-kept': '1' }
    assert.deepEqual((await result(new Response(null, { headers }))).headers, { 'x-kept': '1' })
  })
})

for (const kind of KINDS) {
  test(`any bytes with any content type come through ${kind} unchanged`, async () => {
    const types = [
      'text/plain',
      'application/json',
      'image/png',
      'text/plain; charset=utf-16',
      'odd',
      undefined,
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
        ),
        fc.constantFrom(...types),
        async (bytes, type) => {
          const headers = type === undefined ? {} : { 'content-type': type }
          const sent = await result(new Response(new Uint8Array(bytes), { headers }), kind)
          assert.deepEqual(bytesOf(sent), Buffer.from(bytes))
        },
      ),
      { numRuns: 50 },
    )
  })
}

describe('a body', () => {
  const isBase64 = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
  ): Promise<boolean> => (await result(new Response(body, { headers }))).isBase64Encoded

  for (const type of [
    'text/css',
    'TEXT/HTML; charset=utf-8',
    'application/json',
    'application/problem+json',
    'application/xml',
    'image/svg+xml',
    'application/javascript; charset=utf-8',
    'application/x-www-form-urlencoded',
    'application/x-ndjson',
  ]) {
    test(`of type ${type} is text`, async () => {
      assert.equal(await isBase64('text', { 'content-type': type }), false)
    })
  }

  for (const type of [
    'image/png',
    'application/octet-stream',
    'application/pdf',
    'font/woff2',
    'odd',
    'x/json',
  ]) {
    test(`of type ${type} is in base64`, async () => {
      assert.equal(await isBase64('text', { 'content-type': type }), true)
    })
  }

  test('that is encoded is in base64, whatever its type', async () => {
    const headers = { 'content-type': 'text/html', 'content-encoding': 'gzip' }
    const sent = await result(new Response(gzipSync('text'), { headers }))
    assert.equal(sent.isBase64Encoded, true)
    assert.equal(sent.headers?.['content-encoding'], 'gzip')
    assert.equal(await isBase64('text', { ...headers, 'content-encoding': 'identity' }), false)
  })

  test('without a type is text if it is UTF-8', async () => {
    assert.equal(await isBase64(new Uint8Array([0x68, 0x69]), {}), false)
    assert.equal(await isBase64(new Uint8Array([0xff]), {}), true)
  })

  test('keeps a byte order mark', async () => {
    assert.equal((await result(new Response('\ufeffa'))).body, '\ufeffa')
  })

  test('that is empty, or may not be, is empty text', async () => {
    for (const response of [
      new Response(''),
      new Response(null),
      new Response(null, { status: 204 }),
      new Response(null, { status: 205 }),
      new Response(null, { status: 304, headers: { etag: '"1"' } }),
      new Response(new Uint8Array(), { headers: { 'content-type': 'image/png' } }),
    ]) {
      assert.equal((await result(response)).body, '')
    }
  })

  test('is left out of the answer to HEAD, and cancelled', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const response = new Response(new ReadableStream({ cancel: () => resolve() }))
    assert.deepEqual(await toResult(response, 'payload 2.0', false), {
      statusCode: 200,
      headers: {},
      body: '',
      isBase64Encoded: false,
    })
    await promise
  })

  test('that fails fails the result with its own error', async () => {
    const failure = new RangeError('the source broke')
    const body = new ReadableStream({
      pull(controller) {
        controller.error(failure)
      },
    })
    await assert.rejects(result(new Response(body)), failure)
  })
})

describe('what fetch got from another server, returned as it is,', () => {
  for (const [coding, encode] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const) {
    test(`is not said to be ${coding} any more, as fetch has decoded it`, async (t) => {
      const response = await fetched(t, (_request, answer) => {
        const body = encode('decoded')
        answer.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': coding, etag: '"1"' })
        answer.end(body)
      })
      const { headers, ...rest } = await result(response)
      assert.deepEqual(rest, { statusCode: 200, body: 'decoded', isBase64Encoded: false })
      assert.equal(headers?.['content-encoding'], undefined)
      assert.equal(headers?.['content-length'], undefined)
      assert.equal(headers?.etag, '"1"')
    })
  }

  test('keeps a coding that fetch does not know', async (t) => {
    const response = await fetched(t, (_request, answer) => {
      answer.writeHead(200, { 'content-encoding': 'compress' }).end('still encoded')
    })
    const sent = await result(response)
    assert.equal(sent.headers?.['content-encoding'], 'compress')
    assert.deepEqual(bytesOf(sent).toString(), 'still encoded')
  })

  test('keeps the headers of an answer to HEAD', async (t) => {
    const response = await fetched(
      t,
      (_request, answer) => {
        answer.writeHead(200, { 'content-encoding': 'gzip', 'content-length': '123' }).end()
      },
      'HEAD',
    )
    const { headers } = await result(response)
    assert.equal(headers?.['content-encoding'], 'gzip')
    assert.equal(headers?.['content-length'], '123')
  })
})

test('metadata of a stream has cookies apart', () => {
  const headers = new Headers({ 'content-type': 'text/html' })
  headers.append('set-cookie', 'a=1')
  headers.append('set-cookie', 'b=2')
  assert.deepEqual(toMetadata(new Response('', { status: 201, headers })), {
    statusCode: 201,
    headers: { 'content-type': 'text/html' },
    cookies: ['a=1', 'b=2'],
  })
})
