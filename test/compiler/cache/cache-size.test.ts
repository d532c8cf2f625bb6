import assert from 'node:assert/strict'
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { cacheSizeLimit, keepCacheSize } from '../../../src/compiler/cache/cache-size.ts'
import { temporaryCacheHome } from '../../support/emulator/fixture-package.ts'

/** A cache of entries of 100 bytes: each by its path, with how many minutes ago it was used. */
function cacheOf(t: TestContext, entries: Readonly<Record<string, number>>) {
  const cache = join(temporaryCacheHome(t), 'lambdabin')
  for (const [path, minutes] of Object.entries(entries)) {
    const isFolder = path.endsWith('/')
    const file = join(cache, isFolder ? `${path}bin/node` : path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, Buffer.alloc(100))
    const time = Date.now() / 1000 - minutes * 60
    utimesSync(join(cache, path), time, time)
  }
  return () => Object.keys(entries).filter((path) => existsSync(join(cache, path)))
}

test('what was not used for longest goes, wherever it is, until the rest is under the size', async (t) => {
  const left = cacheOf(t, {
    'base-node/aaaa/': 50,
    'node-24.21.0-arm64/': 40,
    'deflated/bbbb': 30,
    'templates/cccc': 20,
    'base-0123456789abcdef/': 60,
    '.fetch-x/': 70,
  })
  await keepCacheSize(350)
  assert.deepEqual(left(), ['node-24.21.0-arm64/', 'deflated/bbbb', 'templates/cccc'])
})

test('what was used a minute ago stays: another build may be at it', async (t) => {
  const left = cacheOf(t, { 'base-node/aaaa/': 1, 'base-node/bbbb/': 10, 'deflated/cccc': 0 })
  await keepCacheSize(0)
  assert.deepEqual(left(), ['base-node/aaaa/', 'deflated/cccc'])
})

test('what others have put there stays', async (t) => {
  const left = cacheOf(t, { 'notes.txt': 50, 'mine/': 50, 'node-modules/': 50 })
  await keepCacheSize(0)
  assert.equal(left().length, 3)
})

test('a cache that is not there yet is none to be kept small', async (t) => {
  temporaryCacheHome(t)
  await keepCacheSize(0)
})

test('the size is in bytes, or with a unit; another is refused in a sentence', () => {
  assert.deepEqual(
    ['500MB', '1.5 GB', '20kb', '1000', '0'].map((size) => cacheSizeLimit(size)),
    [5e8, 1.5e9, 2e4, 1000, 0],
  )
  assert.equal(cacheSizeLimit(''), 2e9)
  for (const wrong of ['much', '-1', '1TB', 'MB']) {
    assert.throws(() => cacheSizeLimit(wrong), {
      message: `LAMBDABIN_CACHE_SIZE expects a size, as 500MB or 2GB, and is "${wrong}"; mend it, or leave it out`,
    })
  }
})
