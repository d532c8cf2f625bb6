import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { type HttpEventOptions, httpEvent } from '../../src/api.ts'

const eventOf = (options: HttpEventOptions) => httpEvent(options) as APIGatewayProxyEventV2

test('a request is an event of payload format 2.0', () => {
  const event = eventOf({
    method: 'put',
    path: '/orders/7%2F8?page=1',
    query: { page: '2', q: ['ä', 'b c'] },
    headers: { 'X-Trace': ['1', '2'], cookie: 'a=1; b=2', Host: 'shop.example' },
    body: { quantity: 3 },
  })
  assert.equal(event.version, '2.0')
  assert.equal(event.rawPath, '/orders/7%2F8')
  assert.equal(event.rawQueryString, 'page=1&page=2&q=%C3%A4&q=b+c')
  assert.deepEqual(event.queryStringParameters, { page: '1,2', q: 'ä,b c' })
  assert.deepEqual(event.cookies, ['a=1', 'b=2'])
  assert.equal(event.headers['x-trace'], '1,2')
  assert.equal(event.headers.host, 'shop.example')
  assert.equal(event.headers['content-type'], 'application/json')
  assert.equal(event.headers['content-length'], '14')
  assert.equal(event.body, '{"quantity":3}')
  assert.equal(event.isBase64Encoded, false)
  assert.equal(event.requestContext.http.method, 'PUT')
  assert.equal(event.requestContext.http.path, '/orders/7/8')
  assert.equal(event.requestContext.domainPrefix, 'shop')
})

test('a request without a body is a GET, one with a body a POST', () => {
  const get = eventOf({ path: '/' })
  assert.equal(get.requestContext.http.method, 'GET')
  assert.equal(get.body, undefined)
  assert.equal(get.headers['content-type'], undefined)
  const post = eventOf({ path: 'https://shop.example/a?b', body: 'text' })
  assert.equal(post.requestContext.http.method, 'POST')
  assert.equal(post.headers.host, 'shop.example')
  assert.equal(post.headers['content-type'], 'text/plain; charset=utf-8')
})

test('bytes that are no text are in base64, and what a header says is of a kind that Lambda encodes', () => {
  const image = eventOf({ path: '/', body: Buffer.from([0xff, 0xd8]) })
  assert.deepEqual([image.isBase64Encoded, image.body], [true, '/9g='])
  const form = eventOf({
    path: '/',
    body: 'a=1',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  assert.deepEqual([form.isBase64Encoded, form.body], [true, 'YT0x'])
})

test('what is no request is told in one sentence', () => {
  for (const options of [
    ...[{ path: 'orders/7' }, { path: 'http://' }, { method: 'FETCH', path: '/' }],
    ...[{ path: 6 }, { path: '/', method: 6 }, {}, undefined, null],
  ]) {
    assert.throws(
      () => httpEvent(options as HttpEventOptions),
      { name: 'UsageError', code: 'USAGE', message: /^(expected|httpEvent expects) .* got / },
      JSON.stringify(options),
    )
  }
})
