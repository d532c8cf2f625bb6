import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { test } from 'node:test'
import { GatheredBytes } from '../../../src/compiler/elf/gathered-bytes.ts'

const WHOLE = randomBytes(1000)

/** In pieces that end at these places. */
function gathered(...ends: number[]): GatheredBytes {
  return GatheredBytes.of(
    ...[...ends, WHOLE.length].map((end, index) => WHOLE.subarray(ends[index - 1] ?? 0, end)),
  )
}

test('a part, a number or what is looked for is found wherever pieces end', () => {
  const bytes = gathered(1, 1, 2, 9, 500, 501)
  assert.equal(bytes.length, WHOLE.length)
  assert.ok(bytes.toBuffer().equals(WHOLE))
  for (let at = 0; at < WHOLE.length - 8; at++) {
    const from = WHOLE.subarray(at, at + 8)
    assert.ok(bytes.subarray(at, at + 8).equals(from))
    assert.ok(
      bytes
        .part(at, at + 8)
        .toBuffer()
        .equals(from),
    )
    assert.equal(bytes.readUInt16LE(at), WHOLE.readUInt16LE(at))
    assert.equal(bytes.readUInt32LE(at), WHOLE.readUInt32LE(at))
    assert.equal(bytes.readBigUInt64LE(at), WHOLE.readBigUInt64LE(at))
    assert.equal(bytes.indexOf(from), at)
    assert.equal(bytes.indexOf(from, at), at)
    assert.equal(bytes.indexOf(from, at + 1), -1)
  }
  const byte = WHOLE[600] as number
  for (let from = 0; from < WHOLE.length; from++) {
    assert.equal(bytes.indexOf(byte, from), WHOLE.indexOf(byte, from))
  }
})

test('what is longer than a piece is found over several, and the first of several', () => {
  const repeated = ['ab', 'a', 'b', 'ab', 'a', 'bc'].map((text) => Buffer.from(text))
  const bytes = GatheredBytes.of(...repeated)
  assert.equal(bytes.indexOf(Buffer.from('abababc')), 2)
  assert.equal(bytes.indexOf(Buffer.from('abab')), 0)
  assert.equal(bytes.indexOf(Buffer.from('abab'), 1), 2)
  assert.equal(bytes.indexOf(Buffer.from('abc')), 6)
  assert.equal(bytes.indexOf(Buffer.from('bb')), -1)
})

test('what is beyond the end is not there', () => {
  const bytes = gathered(10)
  assert.throws(() => bytes.readUInt32LE(997), RangeError)
  assert.throws(() => bytes.readBigUInt64LE(1e9), RangeError)
  assert.throws(() => bytes.with(998, Buffer.alloc(3)), RangeError)
  assert.equal(bytes.subarray(990, 2000).length, 10)
  assert.equal(bytes.subarray(2000).length, 0)
  assert.equal(GatheredBytes.of().toBuffer().length, 0)
})

test('bytes that are put into it change neither it nor what it was made of', () => {
  const before = Buffer.from(WHOLE)
  const bytes = gathered(100, 103)
  const changed = bytes.with(99, Buffer.from('hello')).withNumber(500, 2 ** 40)
  const expected = Buffer.from(WHOLE)
  expected.write('hello', 99)
  expected.writeBigUInt64LE(2n ** 40n, 500)
  assert.ok(changed.toBuffer().equals(expected))
  assert.ok(bytes.toBuffer().equals(before))
  assert.ok(WHOLE.equals(before))
})

test('zeros are as many as were asked for, and take no memory of their own', () => {
  const count = 2 ** 31
  const before = process.memoryUsage().arrayBuffers
  const zeros = GatheredBytes.of(WHOLE, GatheredBytes.zeros(count), WHOLE)
  assert.equal(zeros.length, count + 2 * WHOLE.length)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20)
  assert.ok(zeros.subarray(WHOLE.length + 7, WHOLE.length + 70_000).every((byte) => byte === 0))
  assert.ok(zeros.subarray(WHOLE.length + count).equals(WHOLE))
})
