import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ElfFormatError, parseElf, SECTION_FLAG_ALLOCATED } from '../../../src/compiler/elf/elf-file.ts'
import { stripElf } from '../../../src/compiler/elf/strip-elf.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const node = readFileSync(process.execPath)
/** Any small program will do. */
const small = readFileSync('/bin/sh')

test('a stripped Node.js runs, and is what its segments need', (t) => {
  const stripped = stripElf(node, 'node')
  const file = join(temporaryFolder(t), 'node')
  writeFileSync(file, stripped, { mode: 0o755 })

  assert.equal(
    execFileSync(file, ['-p', '[1, 2, 3].map((x) => x * 2).join()'], { encoding: 'utf8' }),
    '2,4,6\n',
  )
  const { segments, sections } = parseElf(stripped, 'node')
  const mapped = Math.max(...segments.map((segment) => segment.offset + segment.fileSize))
  assert.ok(stripped.length - mapped < 8192, `${stripped.length - mapped} bytes beyond the segments`)
  const [, ...rest] = sections
  assert.deepEqual(
    rest.filter(({ flags }) => !(flags & SECTION_FLAG_ALLOCATED)).map(({ name }) => name),
    ['.shstrtab'],
  )
})

test('nothing that is mapped changes but the header’s note of where the sections are described', () => {
  const stripped = stripElf(node, 'node')
  const { segments } = parseElf(node, 'node')
  assert.deepEqual(parseElf(stripped, 'node').segments, segments)
  for (const { offset, fileSize } of segments) {
    const from = Math.max(offset, 64)
    assert.ok(node.subarray(from, offset + fileSize).equals(stripped.subarray(from, offset + fileSize)))
  }
  assert.ok(node.subarray(0, 40).equals(stripped.subarray(0, 40)))
})

test('sections keep their names, types and links to each other', () => {
  const describe = (bytes: Buffer) => {
    const { sections } = parseElf(bytes, 'sh')
    return sections
      .filter(({ flags }) => flags & SECTION_FLAG_ALLOCATED)
      .map(({ name, type, offset, size, link }) => ({ name, type, offset, size, link: sections[link]?.name }))
  }
  assert.deepEqual(describe(stripElf(small, 'sh')), describe(small))
})

test('a stripped file stays as it is when it is stripped again', () => {
  const stripped = stripElf(small, 'sh')
  assert.ok(stripElf(stripped, 'sh').equals(stripped))
})

test('an AArch64 file is stripped as well', () => {
  const other = Buffer.from(small)
  other.writeUInt16LE(183, 18)
  assert.equal(parseElf(stripElf(other, 'sh'), 'sh').architecture, 'arm64')
})

const altered = (at: number, value: number) => {
  const bytes = Buffer.from(small)
  bytes[at] = value
  return bytes
}

for (const [what, bytes, message] of [
  ['a script', Buffer.from(`#!/bin/sh\n${'#'.repeat(100)}`), /app is not an ELF file/],
  ['an empty file', Buffer.alloc(0), /app is not an ELF file/],
  ['a 32-bit file', altered(4, 1), /not a 64-bit little-endian ELF file/],
  ['a big-endian file', altered(5, 2), /not a 64-bit little-endian ELF file/],
  ['a file for RISC-V', altered(18, 243), /a machine that AWS Lambda does not have \(ELF machine 243\)/],
  ['a file cut off', small.subarray(0, small.length / 2), /app is a damaged ELF file/],
  ['a header that leads nowhere', altered(46, 255), /app is a damaged ELF file/],
] as const) {
  test(`${what} is refused with what it is`, () => {
    assert.throws(
      () => stripElf(bytes, 'app'),
      (error: unknown) => error instanceof ElfFormatError && message.test(error.message),
    )
  })
}
