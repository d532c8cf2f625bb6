import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonErrorOffset } from '../../src/configuration/json-error-offset.ts'

test('the offset is that of the first character that cannot be there', () => {
  for (const [text, offset] of [
    ['{"a": nope}', 7],
    ["{'a':1}", 1],
    ['[1,]', 3],
    ['{"a":1}x', 7],
    ['01', 1],
    ['"a\nb"', 2],
    ['[1 2]', 3],
    ['{"text":"He"llo"}', 12],
    ['"\\x"', 2],
    ['truf', 3],
    ['\ufeff{}', 0],
    ['[1,', 3],
    ['"open', 5],
    ['', 0],
  ] as const) {
    assert.equal(jsonErrorOffset(text), offset, JSON.stringify(text))
  }
})

test('JSON that was cut off anywhere only ends too early', () => {
  fc.assert(
    fc.property(fc.json(), fc.double({ min: 0, max: 1, noNaN: true }), (json, part) => {
      const start = json.slice(0, Math.floor(json.length * part))
      assert.equal(jsonErrorOffset(start), start.length)
    }),
  )
})

test('a character that cannot be there is found wherever it is put', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, at) => {
      const offset = at % (json.length + 1)
      assert.equal(jsonErrorOffset(`${json.slice(0, offset)}\x00${json.slice(offset)}`), offset)
    }),
  )
})
