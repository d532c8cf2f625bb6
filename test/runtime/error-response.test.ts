import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { errorTypeHeader, toErrorDocument } from '../../src/runtime/error-response.ts'
import type { ErrorDocument } from '../../src/runtime-api/contract.ts'

function assertValid(document: ErrorDocument): void {
  assert.equal(typeof document.errorType, 'string')
  assert.notEqual(document.errorType, '')
  assert.equal(typeof document.errorMessage, 'string')
  assert.ok(Array.isArray(document.trace) && document.trace.every((line) => typeof line === 'string'))
  if (document.cause) {
    assertValid(document.cause)
  }
  assert.deepEqual(JSON.parse(JSON.stringify(document)), document)
  assert.match(errorTypeHeader(document.errorType), /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)
}

test('an error becomes its name, its message and its stack, a line each', () => {
  const document = toErrorDocument(new RangeError('too far'))
  assert.equal(document.errorType, 'RangeError')
  assert.equal(document.errorMessage, 'too far')
  assert.equal(document.trace[0], 'RangeError: too far')
  assert.ok(document.trace.length > 1)
  assert.equal('cause' in document, false)
})

test('causes are nested, and a circle of causes ends', () => {
  const inner = new Error('inner')
  const outer = new Error('outer', { cause: inner })
  assert.equal(toErrorDocument(outer).cause?.errorMessage, 'inner')
  inner.cause = outer
  let depth = 0
  for (let at: ErrorDocument | undefined = toErrorDocument(outer); at; at = at.cause) {
    depth++
  }
  assert.equal(depth, 3, 'outer, inner, and outer again')
  const own = new Error('own')
  own.cause = own
  const { cause, ...itself } = toErrorDocument(own)
  assert.deepEqual(cause, itself)
})

test('what is no error has its type for an errorType', () => {
  for (const [thrown, errorType, errorMessage] of [
    ['text', 'string', 'text'],
    [42, 'number', '42'],
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [{ code: 7 }, 'object', '{ code: 7 }'],
    [Symbol('s'), 'symbol', 'Symbol(s)'],
    [10n, 'bigint', '10'],
  ] as const) {
    assert.deepEqual(toErrorDocument(thrown), { errorType, errorMessage, trace: [] })
  }
})

test('what libraries throw instead of errors counts as one when it has a message and a name', () => {
  const document = toErrorDocument({ name: 'ThrottlingException', message: 'slow down' })
  assert.equal(document.errorType, 'ThrottlingException')
  assert.equal(document.errorMessage, 'slow down')
})

test('hostile objects are described without running into their traps', () => {
  const trap = () => {
    throw new Error('trap')
  }
  const hostile: unknown[] = [
    Object.defineProperties(new Error(), {
      name: { get: trap },
      message: { get: trap },
      stack: { get: trap },
      cause: { get: trap },
    }),
    new Proxy(
      {},
      { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap },
    ),
    new Proxy(new Error('inside'), { get: trap, getPrototypeOf: trap }),
    Object.create(null),
    { toString: trap, [Symbol.toPrimitive]: trap },
    Object.assign(new Error('odd'), { name: { toString: trap }, stack: 7 }),
    Proxy.revocable({}, {}).proxy,
    (() => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    })(),
  ]
  for (const thrown of hostile) {
    assertValid(toErrorDocument(thrown))
  }
})

test('a name with line breaks cannot write a header of its own', () => {
  const error = new Error('x')
  error.name = 'Evil\r\nX-Injected: 1\r\n\r\n'
  assert.equal(errorTypeHeader(toErrorDocument(error).errorType), 'Evil??X-Injected: 1????')
  assert.equal(errorTypeHeader('\r\n'), '??')
  assert.equal(errorTypeHeader('   '), 'Error')
  assert.equal(errorTypeHeader('Überfehler'), '?berfehler')
})

test('a document stays small enough to be posted whatever is thrown', () => {
  const error = new Error('m'.repeat(10_000_000))
  error.name = 'N'.repeat(1_000_000)
  error.stack = 'line\n'.repeat(1_000_000)
  error.cause = 'c'.repeat(10_000_000)
  assert.ok(JSON.stringify(toErrorDocument(error)).length < 1_000_000)
})

test('property: any thrown value gets a valid error document', () => {
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
      (thrown) => assertValid(toErrorDocument(thrown)),
    ),
  )
  const errors = fc.record({
    name: fc.anything(),
    message: fc.anything(),
    stack: fc.anything(),
    cause: fc.anything(),
  })
  fc.assert(fc.property(errors, (fields) => assertValid(toErrorDocument(Object.assign(new Error(), fields)))))
})
