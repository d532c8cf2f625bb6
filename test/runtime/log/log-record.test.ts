import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonLine, type LogRecord, textLine } from '../../../src/runtime/log/log-record.ts'
import { HOSTILE } from '../../support/hostile-values.ts'

const MOST_BYTES = 4 * 1024 * 1024

function record(...parameters: unknown[]): LogRecord {
  const scope = { requestId: 'the-id', tenantId: undefined, traceId: undefined }
  return { time: new Date(0), level: 'ERROR', scope, parameters }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever was logged.
function logged(...parameters: unknown[]): any {
  return JSON.parse(jsonLine(record(...parameters)))
}

for (const [name, make] of Object.entries(HOSTILE)) {
  test(`${name} is a line in both formats, alone and among others`, () => {
    for (const parameters of [[make()], ['text:', make()], ['%s %d %j %o', make(), make(), make(), make()]]) {
      const text = textLine(record(...parameters))
      assert.ok(text.startsWith('1970-01-01T00:00:00.000Z\tthe-id\tERROR\t'))
      assert.ok(text.length < MOST_BYTES, `${text.length} characters`)
      const json = jsonLine(record(...parameters))
      assert.ok(json.length < MOST_BYTES, `${json.length} characters`)
      const parsed = JSON.parse(json)
      assert.deepEqual([parsed.requestId, parsed.level], ['the-id', 'ERROR'])
      assert.ok('message' in parsed, json)
    }
  })
}

test('anything at all is a line in both formats', () => {
  fc.assert(
    fc.property(
      fc.array(fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true })),
      (parameters) => {
        assert.match(textLine(record(...parameters)), /^1970/)
        JSON.parse(jsonLine(record(...parameters)))
      },
    ),
  )
})

test('in JSON, an error says its code, its own properties, its cause and its errors', () => {
  const cause = Object.assign(new TypeError('the cause'), { code: 'E_CAUSE' })
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', port: 1 })
  const error = Object.assign(new AggregateError([refused, 'text'], 'all failed', { cause }), {
    $metadata: { httpStatusCode: 400 },
    statusCode: 400,
    response: { headers: new Headers({ a: 'b' }), circle: {} as object },
  })
  error.response.circle = error.response
  const { message } = logged(error)
  assert.deepEqual(
    [message.errorType, message.errorMessage, message.statusCode, message.$metadata],
    ['AggregateError', 'all failed', 400, { httpStatusCode: 400 }],
  )
  assert.match(message.response, /\[Circular \*1\]/)
  assert.deepEqual(
    [message.cause.errorType, message.cause.code, message.cause.stackTrace[0]],
    ['TypeError', 'E_CAUSE', 'TypeError: the cause'],
  )
  assert.deepEqual(
    [message.errors[0].code, message.errors[0].port, message.errors[1]],
    ['ECONNREFUSED', 1, 'text'],
  )
})

test('in JSON, errors within what is logged are described, and so are maps, sets and large integers', () => {
  const { message } = logged({
    failed: [Object.assign(new RangeError('far'), { code: 7 })],
    ids: new Set([1n]),
    by: new Map([['a', 1]]),
  })
  assert.deepEqual([message.failed[0].errorType, message.failed[0].code], ['RangeError', 7])
  assert.deepEqual([message.ids, message.by], [['1'], { a: 1 }])
})

test('in JSON, what JSON has no form of is text', () => {
  assert.equal(logged(undefined).message, 'undefined')
  assert.equal(logged(Symbol('s')).message, 'Symbol(s)')
  assert.match(logged(() => {}).message, /\[Function/)
  assert.equal(logged().message, '')
})
