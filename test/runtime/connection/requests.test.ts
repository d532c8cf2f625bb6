import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  errorRequest,
  initErrorRequest,
  nextRequest,
  responseRequest,
} from '../../../src/runtime/connection/requests.ts'

const DOCUMENT = { errorType: 'Runtime.Some\nThing', errorMessage: 'm', trace: [] }

test('next is a GET without headers or body', () => {
  assert.deepEqual(nextRequest(), {
    method: 'GET',
    path: '/2018-06-01/runtime/invocation/next',
    headers: [],
    body: null,
  })
})

test('a request id is one percent-encoded segment of the path', () => {
  const { path } = responseRequest('../../a b/c?d#ü', '1')
  assert.equal(path, '/2018-06-01/runtime/invocation/..%2F..%2Fa%20b%2Fc%3Fd%23%C3%BC/response')
})

test('a response is posted as it is', () => {
  const body = '{"a":1}'
  const request = responseRequest('id', body)
  assert.equal(request.method, 'POST')
  assert.equal(request.body, body)
})

test('an error carries its type in a header, made safe for one, and its document as the body', () => {
  const request = errorRequest('id', DOCUMENT)
  assert.equal(request.path, '/2018-06-01/runtime/invocation/id/error')
  assert.deepEqual(request.headers.slice(2, 4), ['lambda-runtime-function-error-type', 'Runtime.Some?Thing'])
  assert.deepEqual(JSON.parse(String(request.body)), DOCUMENT)
})

test('an init error goes to its own path', () => {
  assert.equal(initErrorRequest(DOCUMENT).path, '/2018-06-01/runtime/init/error')
})

test('an error carries its cause for X-Ray, as one line of ASCII', () => {
  const document = {
    errorType: 'Fehler',
    errorMessage: 'für\u007f 世界\n',
    trace: [
      'Fehler: x',
      '    at find (src/orders.ts:12:5)',
      '    at node:internal/timers:1:2',
      '    nothing',
    ],
  }
  const [, , , , name, value = ''] = errorRequest('id', document).headers
  assert.equal(name, 'lambda-runtime-function-xray-error-cause')
  assert.match(value, /^[\x20-\x7e]+$/)
  assert.deepEqual(JSON.parse(value), {
    working_directory: process.cwd(),
    exceptions: [
      {
        type: 'Fehler',
        message: document.errorMessage,
        stack: [
          { path: 'src/orders.ts', line: 12, label: 'find' },
          { path: 'node:internal/timers', line: 1, label: 'anonymous' },
        ],
      },
    ],
    paths: ['src/orders.ts', 'node:internal/timers'],
  })
})

test('a cause of over 64 KiB is left out', () => {
  const { headers } = errorRequest('id', { errorType: 'E', errorMessage: 'ü'.repeat(20_000), trace: [] })
  assert.equal(headers.length, 4)
})
