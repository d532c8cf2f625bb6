import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crc32, inflateRawSync } from 'node:zlib'
import { CacheArea } from '../../../src/compiler/cache/build-cache.ts'
import { type Compression, openDeflater } from '../../../src/compiler/deflate/deflate-file.ts'
import { temporaryCacheHome } from '../../support/emulator/fixture-package.ts'

const MIB = 1 << 20
/** Part of a program, zeros, and a rest that fills no piece. */
const node = readFileSync(process.execPath)
const CONTENT = Buffer.concat([
  node.subarray(0, 3 * MIB),
  Buffer.alloc(3 * MIB),
  node.subarray(10 * MIB, 10.3 * MIB),
])

/** A file with `content`, and a cache folder of the test's own. */
function prepare(t: TestContext, content: Buffer) {
  const folder = temporaryCacheHome(t)
  const file = join(folder, 'file')
  writeFileSync(file, content)
  return { file, cached: join(folder, 'lambdabin', 'deflated') }
}

async function deflate(file: string, compression: Compression, mostBytes = 400e6) {
  const deflater = openDeflater(compression, new CacheArea('deflated', { mostBytes }))
  try {
    const { parts, ...rest } = await deflater.deflate(file)
    const stream = Buffer.concat(parts)
    assert.equal(rest.deflatedBytes, stream.length)
    return { ...rest, stream }
  } finally {
    await deflater.close()
  }
}

for (const compression of ['fast', 'small'] as const) {
  test(`a file of several pieces is one stream, the same from the cache: ${compression}`, async (t) => {
    const { file, cached } = prepare(t, CONTENT)
    const first = await deflate(file, compression)
    assert.ok(inflateRawSync(first.stream).equals(CONTENT))
    assert.equal(first.bytes, CONTENT.length)
    assert.equal(first.crc32, crc32(CONTENT))
    assert.ok(readdirSync(cached).length >= 3)
    const again = await deflate(file, compression)
    assert.ok(again.stream.equals(first.stream))
  })

  test(`a file of one byte, and one of none, are streams, too: ${compression}`, async (t) => {
    for (const content of [Buffer.alloc(0), Buffer.from('x')]) {
      const { file } = prepare(t, content)
      assert.ok(inflateRawSync((await deflate(file, compression)).stream).equals(content))
    }
  })
}

test('small is smaller than fast', async (t) => {
  const { file } = prepare(t, CONTENT)
  const [fast, small] = [await deflate(file, 'fast'), await deflate(file, 'small')]
  assert.ok(
    small.deflatedBytes < 0.97 * fast.deflatedBytes,
    `${small.deflatedBytes} of ${fast.deflatedBytes}`,
  )
})

test('a file that is to be searched is as small as Node.js gets, and others are not', async (t) => {
  const { file } = prepare(t, CONTENT)
  const deflater = openDeflater('fast', new CacheArea('deflated'))
  try {
    const [plain, searched] = [await deflater.deflate(file), await deflater.deflate(file, true)]
    assert.ok(searched.deflatedBytes < 0.97 * plain.deflatedBytes)
    assert.ok(inflateRawSync(Buffer.concat(searched.parts)).equals(CONTENT))
    assert.ok(Buffer.concat((await deflater.deflate(file)).parts).equals(Buffer.concat(plain.parts)))
  } finally {
    await deflater.close()
  }
})

test('a change in one piece has only that one, and what knows it, compressed anew', async (t) => {
  const content = node.subarray(10 * MIB, 20 * MIB)
  const { file, cached } = prepare(t, content)
  await deflate(file, 'fast')
  const before = new Set(readdirSync(cached))
  assert.equal(before.size, 5)
  const changed = Buffer.from(content)
  changed[5 * MIB] = 1 ^ (changed[5 * MIB] ?? 0)
  writeFileSync(file, changed)
  assert.ok(inflateRawSync((await deflate(file, 'fast')).stream).equals(changed))
  assert.equal(readdirSync(cached).filter((name) => !before.has(name)).length, 1)
})

test('files that are compressed at the same time and in turn, alike or not, each have what is theirs', async (t) => {
  const [first, second] = [prepare(t, CONTENT), prepare(t, Buffer.from(CONTENT).reverse())]
  const changed = Buffer.from(CONTENT).fill('changed', MIB, MIB + 99_999)
  for (const content of [CONTENT, changed, CONTENT]) {
    writeFileSync(first.file, content)
    const results = await Promise.all([first, second, first].map(({ file }) => deflate(file, 'fast')))
    const contents = results.map(({ stream }) => inflateRawSync(stream))
    assert.deepEqual(
      contents.map((each) => each.equals(content)),
      [true, false, true],
    )
    assert.ok(contents[1]?.reverse().equals(CONTENT))
    assert.deepEqual(
      results.map((each) => each.crc32),
      [content, Buffer.from(CONTENT).reverse(), content].map((each) => crc32(each)),
    )
  }
})

test('a piece in the cache that is damaged is made anew', async (t) => {
  const { file, cached } = prepare(t, CONTENT)
  const first = await deflate(file, 'fast')
  for (const [index, name] of readdirSync(cached).entries()) {
    const bytes = readFileSync(join(cached, name))
    writeFileSync(join(cached, name), index === 0 ? bytes.fill(0, 10, 20) : bytes.subarray(0, index))
  }
  assert.ok((await deflate(file, 'fast')).stream.equals(first.stream))
})

test('the cache is bounded, and keeps what was used last', async (t) => {
  const { file, cached } = prepare(t, node.subarray(10 * MIB, 16 * MIB))
  await deflate(file, 'fast')
  const [oldest = '', ...others] = readdirSync(cached)
  utimesSync(join(cached, oldest), 1e9, 1e9)
  writeFileSync(file, node.subarray(30 * MIB, 32 * MIB))
  const size = (name: string) => statSync(join(cached, name)).size
  const mostBytes = others.reduce((sum, name) => sum + size(name), 1.5 * MIB)
  await deflate(file, 'fast', mostBytes)
  const left = readdirSync(cached)
  assert.ok(!left.includes(oldest))
  assert.ok(left.reduce((sum, name) => sum + size(name), 0) <= mostBytes)
  assert.ok(others.every((name) => left.includes(name)))
})

test('a cache that cannot be written to is done without', async (t) => {
  const { file } = prepare(t, CONTENT)
  process.env.XDG_CACHE_HOME = file
  assert.ok(inflateRawSync((await deflate(file, 'fast')).stream).equals(CONTENT))
})

test('a file that is not there is refused', async (t) => {
  const { file } = prepare(t, CONTENT)
  await assert.rejects(deflate(`${file}-gone`, 'fast'), { code: 'ENOENT' })
})
