import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { openEnd, STREAM_END } from '../../../src/compiler/deflate/open-end.ts'
import { compressibleData } from '../../support/deflate-data.ts'

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants

const data = compressibleData(70_000)
const options = fc.record({
  level: fc.constantFrom(0, 1, 6, 9),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE),
  memLevel: fc.integer({ min: 1, max: 9 }),
})

test('streams whose ends are opened are, one behind the other, one stream of all data', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(data, options), { minLength: 1, maxLength: 4 }), (pieces) => {
      const opened = pieces.map(([piece, how]) => openEnd(deflateRawSync(piece, how)))
      const all = inflateRawSync(Buffer.concat([...opened, STREAM_END]))
      assert.ok(all.equals(Buffer.concat(pieces.map(([piece]) => piece))))
    }),
    { numRuns: 150 },
  )
})

test('the stream that is given stays as it is', () => {
  const stream = deflateRawSync(Buffer.from('some text, some text'))
  const before = Buffer.from(stream)
  openEnd(stream)
  assert.ok(stream.equals(before))
})

test('a stream that is cut off, or is none, is refused', () => {
  const stream = deflateRawSync(Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * n) % 251)))
  for (const length of [0, 1, 2, 10, stream.length >> 1, stream.length - 1]) {
    assert.throws(() => openEnd(stream.subarray(0, length)), RangeError, `${length} bytes`)
  }
  assert.throws(() => openEnd(Buffer.from([0b111])), RangeError, 'a kind that there is not')
  assert.throws(
    () => openEnd(Buffer.from([0b101, 0, 0, 0, 0, 0, 0, 0, 0])),
    RangeError,
    'codes that are not defined',
  )
})
