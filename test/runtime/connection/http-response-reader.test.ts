import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  HttpResponseReader,
  type ResponseHeaders,
} from '../../../src/runtime/connection/http-response-reader.ts'

interface Read {
  status: number
  headers: ResponseHeaders
  isKeptAlive: boolean
  body: string
  ended: boolean
}

/** Reads what arrives in these pieces; a last `null` is the end of the connection. */
function read(...pieces: (string | Buffer | null)[]): Read[] {
  const responses: Read[] = []
  const memory = Buffer.alloc(4096, '\r\n\r\n')
  const reader = new HttpResponseReader(
    {
      onHead: (status, headers, isKeptAlive) =>
        responses.push({ status, headers: { ...headers }, isKeptAlive, body: '', ended: false }),
      onBody: (bytes, start, end) => {
        ;(responses.at(-1) as Read).body += bytes.toString('utf8', start, end)
      },
      onEnd: () => {
        ;(responses.at(-1) as Read).ended = true
      },
    },
    1000,
  )
  for (const piece of pieces) {
    if (piece === null) {
      reader.end()
    } else {
      // The connection reads into the same memory each time: behind what arrived is what arrived before.
      const bytes = Buffer.from(piece as string)
      bytes.copy(memory)
      reader.push(memory, bytes.length)
    }
  }
  return responses
}

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name:  some value \r\n\r\nHello'
const CHUNKED =
  'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n8;name=value\r\n, world!\r\n0\r\nX-Trailer: 1\r\n\r\n'

describe('a response', () => {
  test('of known length ends with its last byte', () => {
    const [response] = read(LENGTH)
    assert.deepEqual(response, {
      status: 200,
      headers: { 'content-length': '5', 'x-name': 'some value' },
      isKeptAlive: true,
      body: 'Hello',
      ended: true,
    })
  })

  test('in chunks ends after its trailers', () => {
    const [response] = read(CHUNKED)
    assert.deepEqual([response?.status, response?.body, response?.ended], [202, 'Hello, world!', true])
  })

  test('of no stated length ends with its connection, which is not kept alive', () => {
    const [response] = read('HTTP/1.1 200 OK\r\n\r\nHel', 'lo')
    assert.deepEqual([response?.body, response?.ended, response?.isKeptAlive], ['Hello', false, false])
    assert.equal(read('HTTP/1.1 200 OK\r\n\r\nHello', null)[0]?.ended, true)
  })

  test('without a body ends with its head', () => {
    for (const head of [
      'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
    ]) {
      assert.equal(read(head)[0]?.ended, true)
    }
  })

  test('may follow another, and interim ones', () => {
    const responses = read(`HTTP/1.1 100 Continue\r\n\r\n${LENGTH}${CHUNKED}${LENGTH}`)
    assert.deepEqual(
      responses.map(({ body }) => body),
      ['Hello', 'Hello, world!', 'Hello'],
    )
  })

  test('need not have a reason', () => {
    assert.equal(read('HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n')[0]?.status, 202)
  })

  test('may repeat a header, but not contradict itself about its length', () => {
    const head = 'HTTP/1.1 200 OK\r\nX: 1\r\nx: 2\r\nContent-Length: 1\r\nContent-Length: '
    assert.deepEqual(read(`${head}1\r\n\r\n.`)[0]?.headers.x, ['1', '2'])
    assert.throws(() => read(`${head}2\r\n\r\n..`), { name: 'MalformedResponse', message: /content-length/ })
  })

  test('says whether its connection is kept alive', () => {
    const kept = (line: string, version = '1.1') =>
      read(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${line}\r\n`)[0]?.isKeptAlive
    assert.equal(kept(''), true)
    assert.equal(kept('Connection: close\r\n'), false)
    assert.equal(kept('connection: Close, TE\r\n'), false)
    assert.equal(kept('', '1.0'), false)
    assert.equal(kept('Connection: keep-alive\r\n', '1.0'), true)
  })
})

test('property: however the bytes are cut into pieces, the same is read', () => {
  const stream = Buffer.from(LENGTH + CHUNKED + LENGTH)
  const whole = read(stream)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      const pieces = places.slice(1).map((end, index) => stream.subarray(places[index], end))
      assert.deepEqual(read(...pieces), whole)
    }),
  )
  assert.deepEqual(read(...[...stream].map((byte) => Buffer.of(byte))), whole)
})

describe('what is malformed is refused:', () => {
  const cases: [string, string][] = [
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a header whose name has a space', 'HTTP/1.1 200 OK\r\nContent Length: 1\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n'],
    [
      'two ways to tell the length',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['an unknown encoding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['a chunk size that is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(2000)}`],
  ]
  for (const [what, bytes] of cases) {
    test(what, () => {
      assert.throws(() => read(bytes), { name: 'MalformedResponse' })
    })
  }
})

test('property: no bytes make it throw anything but MalformedResponse, or read past them', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('', 'HTTP/1.1 200 OK\r\n'),
      (bytes, prefix) => {
        try {
          read(Buffer.concat([Buffer.from(prefix), bytes]))
        } catch (error) {
          assert.equal((error as Error).name, 'MalformedResponse')
        }
      },
    ),
  )
})
