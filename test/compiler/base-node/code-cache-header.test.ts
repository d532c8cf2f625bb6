import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import {
  codeCacheHeaderOf,
  readCodeCacheHeader,
  SAME_BYTES,
} from '../../../src/compiler/base-node/code-cache-header.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

test('a Node.js is asked for the header of its code caches once, and again when another is in its place', async (t) => {
  const folder = temporaryFolder(t)
  const [node, runs] = [join(folder, 'node'), join(folder, 'runs')]
  const write = (comment: string) => {
    writeFileSync(node, `#!/bin/sh\n${comment}\necho run >>'${runs}'\nexec '${process.execPath}' "$@"\n`)
    chmodSync(node, 0o755)
  }
  const countRuns = () => readFileSync(runs, 'utf8').split('\n').length - 1
  write('#')
  const headers = await Promise.all([codeCacheHeaderOf([], node), codeCacheHeaderOf([], node)])
  headers.push(await codeCacheHeaderOf([], node))
  assert.equal(countRuns(), 1)
  write('# another')
  headers.push(await codeCacheHeaderOf([], node))
  assert.equal(countRuns(), 2)
  const expected = await readCodeCacheHeader([process.execPath])
  assert.deepEqual(headers, [expected, expected, expected, expected])
})

test('one that fails is asked again', async (t) => {
  const node = join(temporaryFolder(t), 'node')
  writeFileSync(node, '#!/bin/sh\nexit 3\n')
  chmodSync(node, 0o755)
  await assert.rejects(codeCacheHeaderOf([], node), { code: 3 })
  await assert.rejects(codeCacheHeaderOf([], node), { code: 3 })
  await assert.rejects(codeCacheHeaderOf([], join(node, 'none')), { code: 'ENOTDIR' })
})

test('in a run that makes code caches nothing is freed where functions are put', () => {
  const program = `
    let kept = []
    for (let round = 0; round < 150; round++) {
      kept.push(Array.from({ length: 100_000 }, (_, index) => ({ index, round })))
      if (kept.length > 20) kept = []
    }`
  const collections = (options: readonly string[]) =>
    execFileSync(process.execPath, [...options, '--trace-gc', '-e', program], { encoding: 'utf8' })
  assert.match(collections([]), /Mark-Compact/)
  assert.doesNotMatch(collections(SAME_BYTES), /Mark-Compact/)
})
