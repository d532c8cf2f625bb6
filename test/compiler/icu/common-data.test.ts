import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../../../src/compiler/elf/elf-symbols.ts'
import { IcuDataError, readCommonData, writeCommonData } from '../../../src/compiler/icu/common-data.ts'

const node = readFileSync(process.execPath)
const symbol = findSymbol(node, parseElf(node, 'node'), /^icudt\d+_dat$/)
assert.ok(symbol)
const block = node.subarray(symbol.offset, symbol.offset + symbol.size)

test('what is read of Node.js’s own data is written as the very same bytes', () => {
  const data = readCommonData(block)
  assert.match(data.packageName, /^icudt\d+l$/)
  assert.ok(data.items.has('root.res') && data.items.has('coll/root.res') && data.items.has('res_index.res'))
  assert.ok(writeCommonData(data).equals(block))
})

test('items are written in the order of their names, each at a multiple of 16', () => {
  const { header, packageName } = readCommonData(block)
  const items = new Map([
    ['zone/b.res', Buffer.from('zone')],
    ['a_B.res', Buffer.from('longer than sixteen bytes')],
    ['aB.res', Buffer.alloc(0)],
  ])
  const written = writeCommonData({ header, packageName, items })
  const read = readCommonData(written)
  assert.deepEqual([...read.items.keys()], ['aB.res', 'a_B.res', 'zone/b.res'])
  for (const [name, content] of read.items) {
    const expected = items.get(name)
    assert.ok(expected && content.subarray(0, expected.length).equals(expected))
    assert.equal((content.byteOffset - written.byteOffset) % 16, 0)
  }
})

const altered = (change: (bytes: Buffer) => void) => {
  const bytes = Buffer.from(block.subarray(0, 200_000))
  change(bytes)
  return bytes
}

for (const [what, bytes] of [
  ['nothing', Buffer.alloc(0)],
  ['zeros', Buffer.alloc(1000)],
  ['data of another format', altered((bytes) => bytes.write('ToCP', 12))],
  ['data that ends in its table', Buffer.from(block.subarray(0, 5000))],
  ['data that ends in an item', Buffer.from(block.subarray(0, 200_000))],
  ['a table that leads outside', altered((bytes) => bytes.writeUInt32LE(0xffffffff, block.readUInt16LE(0)))],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => readCommonData(bytes), IcuDataError)
  })
}
