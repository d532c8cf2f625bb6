import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { followFunctionMemory, withHeapLimit } from '../../../src/compiler/base-node/heap-limit.ts'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const MIB = 1_048_576
const published = readFileSync(process.execPath)

for (const arch of ['x64', 'arm64'] as const) {
  test(`the limit of Node.js for ${arch} follows the variable, and nothing else moves`, async (t) => {
    const original = await findPinnedNode(arch, () => {})
    const before = readFileSync(original)
    const after = withHeapLimit(before, original)
    assert.ok(after && after.length === before.length)
    const changed = after.reduce((count, byte, at) => count + (byte === before[at] ? 0 : 1), 0)
    assert.ok(changed > 100 && changed < 250, `${changed} bytes are changed`)
    assert.equal(withHeapLimit(after, original), undefined, 'its calls lead elsewhere')

    const runner = await findTargetRunner(original, arch)
    if (runner === undefined) {
      t.skip('there is no qemu')
      return
    }
    const node = join(temporaryFolder(t), 'node')
    writeFileSync(node, after, { mode: 0o755 })
    const [command = '', ...words] = [...runner, node]
    const printed = (program: string, memory: string): number => {
      const env = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory }
      return Number(execFileSync(command, [...words, '-p', program], { encoding: 'utf8', env }))
    }
    const limit = (memory: string): number => printed('v8.getHeapStatistics().heap_size_limit', memory)
    assert.equal(limit('3000') - limit('1000'), 1800 * MIB)
    // Of the young generation, too: three times 8 MiB, and three times 64.
    assert.equal(limit('100'), (90 + 24) * MIB)
    assert.equal(limit('1000'), (900 + 192) * MIB)
    // What it begins with, without the few bytes at the head of each of its pages.
    const young = `
      const space = v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
      space.space_used_size + space.space_available_size`
    const beginnings = ['', '128', '3000'].map((memory) => Math.round(printed(young, memory) / MIB))
    assert.deepEqual(beginnings, [1, 4, 4])
  })
}

test('a Node.js whose functions are not found is left as it is, and what that means is told', async (t) => {
  const other = Buffer.from(published)
  const name = Buffer.from('_ZN2v819ResourceConstraints17ConfigureDefaultsEmm\0')
  for (let at = other.indexOf(name); at !== -1; at = other.indexOf(name, at + 1)) {
    other.write('_ZN2v819ResourceConstraints17ConfigureOthersssEmm', at, 'latin1')
  }
  const scratch = join(temporaryFolder(t), 'node')
  const { bytes, kept } = await followFunctionMemory(other, 'node', [], scratch)
  assert.equal(bytes, other)
  assert.match(kept ?? '', /^the heap of this Node\.js may take half of the memory.*22, 24 and 26$/)
})

test('a Node.js that does not start with it, or has the same limit all the same, is left as it is', async (t) => {
  const scratch = join(temporaryFolder(t), 'node')
  const dead = await followFunctionMemory(published, 'node', ['/bin/false'], scratch)
  assert.equal(dead.bytes, published)
  assert.match(dead.kept ?? '', /with another limit it does not start/)
  const same = await followFunctionMemory(published, 'node', ['/bin/echo', '-n'], join(scratch, '../other'))
  assert.equal(same.bytes, published)
  assert.match(same.kept ?? '', /with another limit it has one of/)
})
