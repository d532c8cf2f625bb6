import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { GatheredBytes } from '../../../src/compiler/elf/gathered-bytes.ts'
import { writeSharedFile } from '../../../src/compiler/package/shared-blocks.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const MEGABYTE = 1 << 20

/** Some pieces in a block, and one over many blocks. */
function inPieces(bytes: Buffer): GatheredBytes {
  const places = [0, 1, 1000, 65_537, 70_001, 2 * MEGABYTE, bytes.length]
  return GatheredBytes.of(...places.map((place, index) => bytes.subarray(place, places[index + 1])))
}

test('a file has the bytes and the mode that it is to have, whatever it is like', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'file')
  const alike = join(folder, 'alike')
  const bytes = randomBytes(MEGABYTE + 77)
  bytes.fill(0, 70_000, 400_000)
  const likenesses = {
    'the same': bytes,
    shorter: bytes.subarray(0, 65_536 * 3 + 5),
    longer: Buffer.concat([bytes, randomBytes(200_000)]),
    'all other': randomBytes(MEGABYTE),
    empty: Buffer.alloc(0),
  }
  for (const [what, content] of Object.entries(likenesses)) {
    writeFileSync(alike, content)
    writeFileSync(path, 'what was there before')
    await writeSharedFile(path, inPieces(bytes), 0o755, alike)
    assert.ok(readFileSync(path).equals(bytes), what)
    assert.equal(statSync(path).mode & 0o777, 0o755)
    assert.ok(readFileSync(alike).equals(content), `the other is left as it was: ${what}`)
  }
  await writeSharedFile(path, GatheredBytes.of(), 0o644, join(folder, 'gone'))
  assert.equal(readFileSync(path).length, 0)
  await writeSharedFile(path, inPieces(bytes), 0o644, undefined)
  assert.ok(readFileSync(path).equals(bytes))
})

test('zeros take no place on the disk', async (t) => {
  const path = join(temporaryFolder(t), 'file')
  const bytes = Buffer.alloc(8 * MEGABYTE)
  bytes.write('begin')
  bytes.write('end', bytes.length - 3)
  await writeSharedFile(path, inPieces(bytes), 0o644, undefined)
  assert.ok(readFileSync(path).equals(bytes))
  const { blocks } = statSync(path)
  assert.ok(blocks * 512 < MEGABYTE, `${blocks} blocks`)
})

/** A Btrfs of the test's own; undefined, and the test is skipped, where there can be none. */
function btrfs(t: TestContext): string | undefined {
  let unmount: () => unknown = () => {}
  t.after(() => unmount())
  const folder = temporaryFolder(t)
  const [image, mounted] = [join(folder, 'image'), join(folder, 'mounted')]
  mkdirSync(mounted)
  const run = (command: string, ...words: string[]) => spawnSync(command, words).status === 0
  const isMounted =
    process.getuid?.() === 0 &&
    run('truncate', '-s', '256M', image) &&
    run('mkfs.btrfs', '-q', image) &&
    run('mount', '-o', 'loop', image, mounted)
  if (!isMounted) {
    t.skip('no Btrfs can be made here: that takes root, and Debian’s btrfs-progs')
    return undefined
  }
  unmount = () => run('umount', mounted)
  return mounted
}

test('what is the same is shared where the file system can', async (t) => {
  const folder = btrfs(t)
  if (folder === undefined) {
    return
  }
  const bytes = randomBytes(32 * MEGABYTE)
  const first = join(folder, 'first')
  await writeSharedFile(first, inPieces(bytes), 0o755, undefined)
  spawnSync('sync', ['-f', folder])
  const free = () => statfsSync(folder).bfree * statfsSync(folder).bsize
  const before = free()
  const other = Buffer.from(bytes)
  other.write('changed', 20 * MEGABYTE)
  for (const name of ['second', 'third']) {
    await writeSharedFile(join(folder, name), inPieces(other), 0o755, first)
    assert.ok(readFileSync(join(folder, name)).equals(other))
  }
  spawnSync('sync', ['-f', folder])
  assert.ok(before - free() < 4 * MEGABYTE, `${before - free()} bytes`)
})
