import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { asBytes, deflateCosts } from '../../../src/inspect/package/deflate-costs.ts'
import { compressibleData } from '../../support/deflate-data.ts'

const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY } = constants

const data = compressibleData(9000)
const options = fc.record({
  level: fc.constantFrom(0, 1, 6, 9),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY),
})

test('the costs of a file’s parts are its whole stream, to the byte, whatever the parts and the stream are', () => {
  fc.assert(
    fc.property(data, options, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (file, how, cuts) => {
      const ends = [...cuts.map((cut) => Math.floor(cut * file.length)).sort((a, b) => a - b), file.length]
      const stream = deflateRawSync(file, how)
      const costs = deflateCosts(stream, ends)
      assert.equal(costs.length, ends.length)
      assert.equal(
        costs.reduce((sum, bits) => sum + bits, 0),
        8 * stream.length,
      )
      assert.equal(
        asBytes(costs).reduce((sum, bytes) => sum + bytes, 0),
        stream.length,
      )
      const starts = [0, ...ends]
      for (const [index, end] of ends.entries()) {
        if (end === starts[index] && index < ends.length - 1) {
          assert.equal(costs[index], 0, 'a part of no bytes costs nothing')
        }
      }
    }),
    { numRuns: 150 },
  )
})

test('what repeats another part costs little, and what cannot be compressed costs what it is', () => {
  const noise = randomBytes(10_000)
  const zeros = Buffer.alloc(10_000)
  const [first = 0, second = 0, third = 0] = asBytes(
    deflateCosts(deflateRawSync(Buffer.concat([noise, zeros, noise])), [10_000, 20_000, 30_000]),
  )
  assert.ok(first > 10 * second, `${first} and ${second}`)
  assert.ok(third < first / 10, `${third} of ${first}, as it is within the window`)
})

test('a stream of another size than was told, and what is no stream, are refused', () => {
  const stream = deflateRawSync(Buffer.from('some text, some text'))
  assert.throws(() => deflateCosts(stream, [19]), /more than the 19 bytes/)
  assert.throws(() => deflateCosts(stream, [21]), /has 20 bytes, and 21 were told/)
  assert.throws(() => deflateCosts(stream.subarray(0, -1), [20]), RangeError)
  assert.throws(() => deflateCosts(Buffer.from([0xff]), [1]), RangeError)
})
