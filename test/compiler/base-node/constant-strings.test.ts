import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import {
  readConstantsInPlace,
  readsConstantsInPlace,
} from '../../../src/compiler/base-node/constant-strings.ts'
import { stripElf } from '../../../src/compiler/elf/strip-elf.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

// What comes of it is in test/executable/constant-text.test.ts.

for (const arch of ['x64', 'arm64'] as const) {
  test(`no more is changed than who makes strings and frees their bytes, the code, and how long the segment is, ${arch}`, async (t) => {
    const path = await findPinnedNode(arch)
    const published = readFileSync(path)
    const changed = readConstantsInPlace(published, published, path)
    const bytes = changed.reduce((count, byte, at) => count + (byte === published[at] ? 0 : 1), 0)
    assert.ok(bytes > 80 && bytes < 170, `${bytes} bytes`)
    assert.equal(changed.length, published.length)
    assert.equal(await readsConstantsInPlace(path, arch), false)
    const file = join(temporaryFolder(t), 'node')
    writeFileSync(file, changed)
    assert.equal(await readsConstantsInPlace(file, arch), true)
    // The calls lead elsewhere then.
    assert.equal(readConstantsInPlace(changed, changed, path), changed)
  })
}

test('a Node.js without the names of its own functions is left as it is', () => {
  const stripped = stripElf(readFileSync(process.execPath), 'node')
  assert.equal(readConstantsInPlace(stripped, stripped, 'node'), stripped)
})
