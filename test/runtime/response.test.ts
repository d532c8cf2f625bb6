import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { marshalResult } from '../../src/runtime/response.ts'
import { MAX_RESPONSE_BYTES } from '../../src/runtime-api/contract.ts'

test('undefined is sent as null', () => {
  assert.equal(marshalResult(undefined), 'null')
})

test('property: any JSON value is sent as that value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(marshalResult(value)), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('a result that JSON cannot express is a Runtime.MarshalError with the reason as its cause', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const result of [10n, { nested: [1n] }, circle]) {
    assert.throws(
      () => marshalResult(result),
      (error: Error) => error.name === 'Runtime.MarshalError' && error.cause instanceof TypeError,
    )
  }
  for (const result of [() => 1, Symbol('s')]) {
    assert.throws(() => marshalResult(result), {
      name: 'Runtime.MarshalError',
      message: new RegExp(typeof result),
    })
  }
})

test('a toJSON that throws anything is a Runtime.MarshalError', () => {
  for (const thrown of [new Error('no'), 'text', null]) {
    const result = {
      toJSON() {
        throw thrown
      },
    }
    assert.throws(() => marshalResult(result), { name: 'Runtime.MarshalError' })
  }
})

test('the largest response that Lambda takes passes, and one byte more is refused with its size', () => {
  const largest = 'x'.repeat(MAX_RESPONSE_BYTES - 2)
  assert.equal(marshalResult(largest).length, MAX_RESPONSE_BYTES)
  assert.throws(() => marshalResult(`${largest}x`), {
    name: 'Function.ResponseSizeTooLarge',
    message: /6291557 bytes.*6291556/,
  })
})

test('the limit counts bytes of UTF-8, not characters', () => {
  assert.throws(() => marshalResult('ü'.repeat(MAX_RESPONSE_BYTES / 2)), {
    name: 'Function.ResponseSizeTooLarge',
  })
})
