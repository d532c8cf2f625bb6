import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readHttpEvent } from '../../../src/runtime/http/http-event.ts'
import { toRequest } from '../../../src/runtime/http/http-request.ts'
import {
  HEALTH_CHECK,
  loadBalancer,
  payload1,
  payload2,
  type SentRequest,
} from '../../support/emulator/http-events.ts'

const NEVER = new AbortController().signal

/** As an event arrives: through JSON. */
function request(event: unknown): Request {
  return toRequest(readHttpEvent(JSON.parse(JSON.stringify(event))), NEVER)
}

const KINDS: Record<string, (sent: SentRequest) => unknown> = {
  'payload 1.0': (sent) => payload1(sent),
  'payload 2.0': (sent) => payload2(sent),
  ALB: (sent) => loadBalancer(sent),
  'ALB with multi-value headers': (sent) => loadBalancer(sent, 'multi-value'),
}

for (const [kind, event] of Object.entries(KINDS)) {
  describe(`an event of ${kind}`, () => {
    test('gives the method and the absolute URL', () => {
      const { method, url } = request(
        event({
          method: 'PUT',
          host: 'shop.example.com',
          path: '/orders/%E4%B8%96/a%20b',
          query: 'q=a%20b%26c&empty=',
        }),
      )
      assert.equal(method, 'PUT')
      assert.equal(url, 'https://shop.example.com/orders/%E4%B8%96/a%20b?q=a%20b%26c&empty=')
    })

    test('gives headers, whatever their case, and all cookies', () => {
      const { headers } = request(
        event({
          headers: [
            ['X-Custom', 'one'],
            ['accept', 'text/html'],
          ],
          cookies: ['a=1', 'b=2; c=3'],
        }),
      )
      assert.equal(headers.get('x-custom'), 'one')
      assert.equal(headers.get('accept'), 'text/html')
      assert.equal(headers.get('cookie'), 'a=1; b=2; c=3')
    })

    test('gives text and bytes of a body as they were', async () => {
      assert.equal(
        await request(event({ method: 'POST', body: '{"text":"世界"}' })).text(),
        '{"text":"世界"}',
      )
      const bytes = Buffer.from([0, 255, 128, 10, 13])
      const sent = request(event({ method: 'POST', body: bytes }))
      assert.deepEqual(Buffer.from(await sent.arrayBuffer()), bytes)
    })

    test('adds no content type of its own', () => {
      assert.equal(request(event({ method: 'POST', body: 'text' })).headers.get('content-type'), null)
    })

    test('has no body with GET and HEAD, nor when it is empty', () => {
      for (const method of ['GET', 'HEAD']) {
        assert.equal(request(event({ method, body: 'odd' })).body, null)
      }
      assert.equal(request(event({ method: 'POST', body: '' })).body, null)
      assert.equal(request(event({ method: 'DELETE' })).body, null)
    })

    test('gives any bytes and any query unchanged', async () => {
      const name = fc.stringMatching(/^[a-z]{1,8}$/)
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 1 }),
          fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'binary' })), { selector: ([key]) => key }),
          async (bytes, parameters) => {
            const query = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
            const sent = request(event({ method: 'POST', query, body: Buffer.from(bytes) }))
            assert.deepEqual([...new URL(sent.url).searchParams], parameters)
            assert.deepEqual(new Uint8Array(await sent.arrayBuffer()), bytes)
          },
        ),
        { numRuns: 50 },
      )
    })

    test('cannot lead to another host, whatever its path and host are', () => {
      for (const path of ['//evil.example/x', '/a?b', '/a#b', '/\\evil.example', '@evil.example', '/a\nb']) {
        const url = new URL(request(event({ host: 'shop.example.com', path })).url)
        assert.deepEqual([url.host, url.search, url.hash], ['shop.example.com', '', ''], path)
      }
      for (const host of ['evil.example/x?', 'a@evil.example', 'a b', '']) {
        assert.equal(new URL(request(event({ host })).url).host, 'localhost', host)
      }
    })
  })
}

describe('repeated values', () => {
  const sent: SentRequest = {
    query: 'id=1&id=2&other=3',
    headers: [
      ['accept', 'text/html'],
      ['accept', 'text/plain'],
    ],
  }

  for (const kind of ['payload 1.0', 'payload 2.0', 'ALB with multi-value headers']) {
    test(`are all there: ${kind}`, () => {
      const { url, headers } = request(KINDS[kind]?.(sent))
      assert.deepEqual(new URL(url).searchParams.getAll('id'), ['1', '2'])
      assert.match(headers.get('accept') ?? '', /^text\/html, ?text\/plain$/)
    })
  }

  test('of an ALB with single-value headers are the last', () => {
    const { url, headers } = request(loadBalancer(sent))
    assert.deepEqual(new URL(url).searchParams.getAll('id'), ['2'])
    assert.equal(headers.get('accept'), 'text/plain')
  })
})

describe('the path', () => {
  test('is without the stage of an HTTP API, on its own domain and on a custom one', () => {
    assert.equal(new URL(request(payload2({ path: '/orders' }, { stage: 'dev' })).url).pathname, '/orders')
    assert.equal(new URL(request(payload2({ path: '' }, { stage: 'dev' })).url).pathname, '/')
    const payload1OfHttpApi = { ...payload1({}, { stage: 'dev' }), version: '1.0', path: '/dev/orders' }
    assert.equal(new URL(request(payload1OfHttpApi).url).pathname, '/orders')
  })

  test('is only rid of a stage that is a whole segment', () => {
    const event = { ...payload2({}, { stage: 'dev' }), rawPath: '/developers' }
    assert.equal(new URL(request(event).url).pathname, '/developers')
  })

  test('is without the stage of a REST API, and with the base path of its custom domain', () => {
    assert.equal(new URL(request(payload1({ path: '/prod/a' })).url).pathname, '/prod/a')
    const { url } = request(payload1({ path: '/orders' }, { basePath: '/prod' }))
    assert.equal(url, 'https://api.example.com/prod/orders')
  })
})

describe('the host and the protocol', () => {
  test('are those of a load balancer’s plain listener at an unusual port', () => {
    const headers = [['x-forwarded-proto', 'http']] as const
    const { url } = request(loadBalancer({ host: 'shop.example.com:8080', headers }))
    assert.equal(url, 'http://shop.example.com:8080/')
  })

  test('are not what a client forwards of its own', () => {
    const headers = [
      ['x-forwarded-host', 'evil.example'],
      ['host', 'evil.example'],
    ] as const
    assert.equal(
      new URL(request(payload2({ host: 'shop.example.com', headers })).url).host,
      'shop.example.com',
    )
  })

  test('keep the port that a local gateway listens at', () => {
    const event = payload2({ host: 'localhost', headers: [['host', 'localhost:4566']] })
    assert.equal(new URL(request(event).url).host, 'localhost:4566')
  })

  test('may be an IPv6 address', () => {
    assert.equal(new URL(request(loadBalancer({ host: '[::1]:8080' })).url).host, '[::1]:8080')
  })
})

test('a health check of a load balancer names no host', () => {
  const { url, headers } = request(HEALTH_CHECK)
  assert.equal(url, 'https://localhost/health')
  assert.equal(headers.get('user-agent'), 'ELB-HealthChecker/2.0')
})

test('the console’s test of a REST API has neither headers nor a query', () => {
  const event = { ...payload1(), headers: null, multiValueHeaders: null }
  assert.equal(request(event).url, 'https://abc123.execute-api.eu-central-1.amazonaws.com/')
})

test('a header’s characters beyond a byte become UTF-8, as a server has them', () => {
  const name = request(payload2({ headers: [['x-name', '世界']] })).headers.get('x-name') ?? ''
  assert.equal(Buffer.from(name, 'latin1').toString(), '世界')
})

test('a query parameter may be called like what every object has', () => {
  const { url } = request({ ...payload1(), queryStringParameters: { constructor: '1', toString: '2' } })
  assert.equal(new URL(url).search, '?constructor=1&toString=2')
})

test('half of a character in a query does not stop a request', () => {
  const { url } = request({ ...payload1(), queryStringParameters: { q: '\ud800' } })
  assert.equal(new URL(url).searchParams.get('q'), '\ufffd')
})

test('the signal aborts the request', () => {
  const abort = new AbortController()
  const { signal } = toRequest(readHttpEvent(payload2()), abort.signal)
  assert.equal(signal.aborted, false)
  abort.abort(new Error('time is up'))
  assert.equal(signal.aborted, true)
  assert.equal(signal.reason.message, 'time is up')
})

describe('an event that is no HTTP request', () => {
  for (const [event, arrived] of [
    [{ Records: [], other: 1 }, /an object with Records, other arrived/],
    [
      { requestContext: { connectionId: 'x', eventType: 'MESSAGE' }, body: '' },
      /requestContext, body arrived/,
    ],
    [{ rawPath: '/' }, /an object with rawPath arrived/],
    [{}, /an empty object arrived/],
    [[1], /a list arrived/],
    [null, /null arrived/],
    ['text', /a string arrived/],
    [
      Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`key${index}`, 1])),
      /key19 and 5 more keys/,
    ],
  ] as const) {
    test(`is refused with what arrived: ${arrived}`, () => {
      assert.throws(
        () => readHttpEvent(event),
        (error: Error) => {
          assert.equal(error.name, 'Runtime.UnknownHttpEvent')
          assert.match(error.message, arrived)
          assert.match(
            error.message,
            /API Gateway \(payload 1\.0 and 2\.0\), function URLs and Application Load/,
          )
          return true
        },
      )
    })
  }
})

test('a request that Request cannot express is refused, with its reason', () => {
  for (const event of [
    payload2({ method: 'A B' }),
    payload2({ headers: [['x', 'a\r\nb']] }),
    payload2({ headers: [['a b', 'x']] }),
  ]) {
    assert.throws(() => request(event), {
      name: 'Runtime.MalformedHttpEvent',
      message: /cannot be made into one: ./,
    })
  }
})
