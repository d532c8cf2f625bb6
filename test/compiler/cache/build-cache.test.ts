import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CacheArea } from '../../../src/compiler/cache/build-cache.ts'
import { temporaryCacheHome } from '../../support/emulator/fixture-package.ts'

/** An area of a cache of the test's own, and its folder. */
function freshArea(t: TestContext, limits = {}) {
  const folder = join(temporaryCacheHome(t), 'lambdabin', 'things')
  return { area: new CacheArea('things', limits), folder }
}

const never = () => assert.fail('it was made again')

test('bytes are made once for the same inputs, and are the same', async (t) => {
  const { area, folder } = freshArea(t)
  const bytes = Buffer.from('made')
  assert.equal(await area.bytes(['a', Buffer.from('b')], async () => bytes), bytes)
  assert.deepEqual(await area.bytes(['a', Buffer.from('b')], never), bytes)
  assert.equal(readdirSync(folder).length, 1)
})

test('inputs that are the same only when they are put together are others', async (t) => {
  const { area } = freshArea(t)
  await area.bytes(['ab', 'c'], async () => Buffer.from('1'))
  assert.deepEqual(await area.bytes(['a', 'bc'], async () => Buffer.from('2')), Buffer.from('2'))
})

test('what is damaged is made again, whatever is wrong with it', async (t) => {
  const { area, folder } = freshArea(t)
  const make = async () => Buffer.from('some bytes')
  await area.bytes(['a'], make)
  const [name = ''] = readdirSync(folder)
  const good = readFileSync(join(folder, name))
  for (const bad of [
    Buffer.alloc(0),
    good.subarray(0, 3),
    good.subarray(0, -1),
    Buffer.concat([good, good]),
  ]) {
    writeFileSync(join(folder, name), bad)
    assert.deepEqual(await area.bytes(['a'], make), await make())
    assert.deepEqual(readFileSync(join(folder, name)), good)
  }
})

test('nothing is kept of what cannot be made, and nothing is left when making fails', async (t) => {
  const { area, folder } = freshArea(t)
  assert.equal(await area.bytesIfAny(['a'], async () => undefined), undefined)
  assert.equal(existsSync(folder), false)
  const failure = new Error('no')
  await assert.rejects(
    area.bytes(['a'], () => Promise.reject(failure)),
    failure,
  )
  await assert.rejects(
    area.folder(['a'], () => Promise.reject(failure)),
    failure,
  )
  assert.equal(await area.folder(['a'], async () => false), undefined)
  assert.deepEqual(readdirSync(folder), [])
})

test('a folder is filled once, also by many at the same time, and appears whole', async (t) => {
  const { area, folder } = freshArea(t)
  const fill = async (place: string) => {
    writeFileSync(join(place, 'first'), '1')
    await new Promise((resolve) => setImmediate(resolve))
    writeFileSync(join(place, 'second'), '2')
    return true
  }
  const paths = await Promise.all(Array.from({ length: 5 }, () => area.folder(['a'], fill)))
  assert.equal(new Set(paths).size, 1)
  assert.deepEqual(readdirSync(paths[0] ?? '').sort(), ['first', 'second'])
  assert.equal(await area.folder(['a'], never), paths[0])
  assert.equal(readdirSync(folder).length, 1)
})

test('trimming keeps what was used last within the size, files and folders alike', async (t) => {
  const { folder } = freshArea(t)
  const area = new CacheArea('things', { mostBytes: 2500 })
  const old = await area.folder(['old'], async (place) => {
    writeFileSync(join(place, 'content'), Buffer.alloc(1000))
    return true
  })
  utimesSync(old ?? '', 1e9, 1e9)
  await area.bytes(['b'], async () => Buffer.alloc(1000))
  await area.bytes(['c'], async () => Buffer.alloc(1000))
  await area.trim()
  assert.equal(existsSync(old ?? ''), false)
  assert.equal(readdirSync(folder).length, 2)
  await area.bytes(['b'], never)
})

test('trimming takes what was not used for long, once something was added', async (t) => {
  const { folder } = freshArea(t)
  const limits = { unusedMs: 1000 }
  const area = new CacheArea('things', limits)
  await area.bytes(['a'], async () => Buffer.from('1'))
  const [name = ''] = readdirSync(folder)
  utimesSync(join(folder, name), 1e9, 1e9)
  await new CacheArea('things', limits).trim()
  assert.equal(readdirSync(folder).length, 1, 'nothing was added')
  await area.bytes(['b'], async () => Buffer.from('2'))
  await area.trim()
  assert.equal(readdirSync(folder).includes(name), false)
})

test('what is used where the clock is a test’s own was used now, and stays', async (t) => {
  const { area, folder } = freshArea(t, { unusedMs: 60_000 })
  const used = await area.folder(['a'], async () => true)
  utimesSync(used ?? '', 1e9, 1e9)
  t.mock.timers.enable({ apis: ['Date'], now: new Date('2001-02-03') })
  await area.folder(['a'], never)
  await area.bytes(['b'], async () => Buffer.from('2'))
  await area.trim()
  assert.equal(existsSync(used ?? ''), true)
  assert.equal(readdirSync(folder).length, 2)
})

test('a cache folder that cannot be written costs time alone for bytes', async (t) => {
  const home = temporaryCacheHome(t)
  process.env.XDG_CACHE_HOME = join(home, 'file')
  writeFileSync(join(home, 'file'), '')
  const area = new CacheArea('things')
  assert.deepEqual(await area.bytes(['a'], async () => Buffer.from('1')), Buffer.from('1'))
  await area.trim()
  await assert.rejects(
    area.folder(['a'], async () => true),
    { code: 'ENOTDIR' },
  )
})
