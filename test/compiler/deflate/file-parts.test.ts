import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type FilePart, readFileParts } from '../../../src/compiler/deflate/file-parts.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const PAGE = 4096
const MIB = 1 << 20

interface Segment {
  readonly offset: number
  readonly address: number
  readonly content: Buffer
  readonly isWritable?: boolean
}

/** An ELF file of segments that are loaded, with `tail` behind them. */
function elfFile(segments: readonly Segment[], tail: Buffer): Buffer {
  const end = Math.max(...segments.map(({ offset, content }) => offset + content.length))
  const bytes = Buffer.concat([Buffer.alloc(end), tail])
  for (const { offset, content } of segments) {
    content.copy(bytes, offset)
  }
  bytes.writeUInt32BE(0x7f454c46, 0)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(segments.length, 56)
  for (const [index, { offset, address, content, isWritable }] of segments.entries()) {
    const at = 64 + index * 56
    bytes.writeUInt32LE(1, at)
    bytes.writeUInt32LE(isWritable ? 6 : 5, at + 4)
    bytes.writeBigUInt64LE(BigInt(offset), at + 8)
    bytes.writeBigUInt64LE(BigInt(address), at + 16)
    bytes.writeBigUInt64LE(BigInt(content.length), at + 32)
  }
  return bytes
}

/** As a packed executable is: what is of Node.js stands behind the function's own, which has `ownBytes`. */
function executable(ownBytes: number, note = 'NODE_SEA_BLOB\0'): Buffer {
  const own = Buffer.alloc(ownBytes, 'own')
  own.write(note, 64)
  const data = 3 * MIB + Math.ceil(ownBytes / PAGE) * PAGE
  const moved = data + PAGE
  const rest = Math.ceil((moved + MIB + 9 * PAGE) / 524_288) * 524_288
  const bytes = elfFile(
    [
      { offset: 0, address: 0x400000, content: Buffer.alloc(3 * MIB, 'symbols') },
      { offset: 3 * MIB, address: 0x8000000, content: own },
      { offset: data, address: 0x6000000, content: Buffer.alloc(3000, 'data'), isWritable: true },
      { offset: rest, address: 0x1000000, content: Buffer.alloc(2.5 * MIB, 'code') },
    ],
    Buffer.from('section headers'),
  )
  bytes.fill('moved', moved, moved + MIB + 9 * PAGE)
  return bytes
}

async function partsOf(t: TestContext, bytes: Buffer): Promise<FilePart[]> {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, bytes)
  const file = await open(path)
  try {
    return await readFileParts(file)
  } finally {
    await file.close()
  }
}

test('the parts are the whole file, and those of Node.js are the same whatever the function is', async (t) => {
  const ofNode = []
  for (const size of [PAGE, 100_000, 3 * MIB]) {
    const bytes = executable(size)
    const parts = await partsOf(t, bytes)
    assert.deepEqual(
      parts.map(({ start }) => start),
      [0, ...parts.slice(0, -1).map(({ end }) => end)],
    )
    assert.equal(parts.at(-1)?.end, bytes.length)
    ofNode.push(parts.filter((part) => part.isOfNode).map(({ start, end }) => bytes.subarray(start, end)))
  }
  const [first = [], ...others] = ofNode
  assert.equal(first.length, 3)
  assert.ok(first.reduce((sum, { length }) => sum + length, 0) > 6.4 * MIB)
  for (const other of others) {
    assert.deepEqual(
      other.map((part, index) => part.equals(first[index] ?? Buffer.alloc(0))),
      [true, true, true],
    )
  }
})

test('nothing is of Node.js in another program, in a damaged one, and in what is none', async (t) => {
  const cut = executable(PAGE).subarray(0, 2000)
  const far = executable(PAGE)
  far.writeBigUInt64LE(BigInt(MIB), 32)
  for (const bytes of [executable(PAGE, 'another note'), cut, far, Buffer.from('text'), Buffer.alloc(0)]) {
    assert.deepEqual(await partsOf(t, bytes), [{ start: 0, end: bytes.length, isOfNode: false }])
  }
})
