import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { divideFile } from '../../../src/inspect/package/file-parts.ts'

test('each byte of a file has one owner, whatever is claimed', () => {
  const claim = fc.record({ start: fc.integer({ min: -10, max: 120 }), length: fc.nat(130) })
  fc.assert(
    fc.property(fc.array(claim), fc.integer({ min: 1, max: 100 }), (claims, length) => {
      const spans = claims.map(({ start, length: size }, index) => ({
        path: [`${index}`],
        start,
        end: start + size,
      }))
      const divided = divideFile(spans, length, ['rest'])
      let position = 0
      for (const { start, end } of divided) {
        assert.equal(start, position)
        assert.ok(end > start)
        position = end
      }
      assert.equal(position, length)
    }),
  )
})

test('what is claimed within another claim is taken from that one', () => {
  const divided = divideFile(
    [
      { path: ['inner'], start: 4, end: 6 },
      { path: ['outer'], start: 2, end: 8 },
    ],
    10,
    ['rest'],
  )
  assert.deepEqual(
    divided.map(({ path: [name], start, end }) => [name, start, end]),
    [
      ['rest', 0, 2],
      ['outer', 2, 4],
      ['inner', 4, 6],
      ['outer', 6, 8],
      ['rest', 8, 10],
    ],
  )
})
