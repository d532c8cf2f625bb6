import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { compileInLargerLots } from '../../../src/compiler/base-node/baseline-code.ts'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const OPTION = 'baseline_batch_compilation_threshold'
const NOTE = /^this Node\.js compiles functions in small lots while the first invocation runs/
const published = readFileSync(process.execPath)

for (const arch of ['x64', 'arm64'] as const) {
  test(`V8 has another default for how large a lot is, and nothing else is changed, ${arch}`, {
    timeout: 300_000,
  }, async (t) => {
    const original = await findPinnedNode(arch)
    const before = readFileSync(original)
    const { bytes, kept } = compileInLargerLots(before, original)
    assert.equal(kept, undefined)
    // Of two numbers, 4,096 and 65,536, two bytes each.
    assert.equal(
      bytes.reduce((count, byte, at) => count + (byte === before[at] ? 0 : 1), 0),
      4,
    )
    const again = compileInLargerLots(bytes, original)
    assert.deepEqual([again.kept, again.bytes.equals(bytes)], [undefined, true], 'it is there already')

    const runner = await findTargetRunner(original, arch)
    if (runner === undefined) {
      t.skip('there is no qemu')
      return
    }
    const node = join(temporaryFolder(t), 'node')
    writeFileSync(node, bytes, { mode: 0o755 })
    const run = (program: string, ...words: string[]): string => {
      const [command = '', ...first] = [...runner, program]
      return execFileSync(command, [...first, ...words], { encoding: 'utf8' })
    }
    const options = run(node, '--v8-options')
    assert.match(options, /--baseline-batch-compilation-threshold .*\n.*default: .*=65536\n/)
    // V8 counts it among no options that were given: Node.js's own code caches hold all the same.
    const tag = ['-p', `require('node:v8').cachedDataVersionTag()`]
    assert.equal(run(node, ...tag), run(original, ...tag))
  })
}

for (const [what, change] of [
  ['another name', (bytes: Buffer, at: number) => bytes.write('X', at)],
  ['no entry', (bytes: Buffer, at: number) => bytes.fill(0, entryOf(bytes, at), entryOf(bytes, at) + 8)],
  ['another type', (bytes: Buffer, at: number) => bytes.writeUInt32LE(3, entryOf(bytes, at) - 8)],
  [
    'a variable somewhere else',
    (bytes: Buffer, at: number) => bytes.writeUInt32LE(64, entryOf(bytes, at) + 8),
  ],
  ['a default of its own', (bytes: Buffer, at: number) => writeDefault(bytes, at, 5000)],
  ['one default for two options', (bytes: Buffer, at: number) => shareDefault(bytes, at)],
] as const) {
  test(`with ${what}, all is left as it is, and the build is told`, () => {
    const other = Buffer.from(published)
    change(other, nameIn(other))
    const { bytes, kept } = compileInLargerLots(other, 'node')
    assert.equal(bytes, other)
    assert.match(kept ?? '', NOTE)
  })
}

/** Where the option's name is. */
function nameIn(bytes: Buffer): number {
  const at = bytes.indexOf(`${OPTION}\0`)
  assert.ok(at !== -1)
  return at
}

/** Where the pointer to the name at `at` is. */
function entryOf(bytes: Buffer, at: number): number {
  const constants = parseElf(bytes, 'node').sections.find(({ name }) => name === '.rodata')
  const pointer = Buffer.alloc(8)
  pointer.writeBigUInt64LE(BigInt(at - (constants?.offset ?? 0) + (constants?.address ?? 0)))
  const entry = bytes.indexOf(pointer)
  assert.ok(entry !== -1)
  return entry
}

function writeDefault(bytes: Buffer, at: number, value: number): void {
  const constants = parseElf(bytes, 'node').sections.find(({ name }) => name === '.rodata')
  const address = Number(bytes.readBigUInt64LE(entryOf(bytes, at) + 16))
  bytes.writeInt32LE(value, address - (constants?.address ?? 0) + (constants?.offset ?? 0))
}

/** Has the next option in the table the same default. */
function shareDefault(bytes: Buffer, at: number): void {
  const entry = entryOf(bytes, at)
  const size = 64
  bytes.copy(bytes, entry + size + 16, entry + 16, entry + 24)
}
