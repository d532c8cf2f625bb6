/** What the build has an executable read ahead when it starts: what a start touches of its Node.js, and its own content. */

import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { CHUNK_BYTES } from '../../../src/compiler/read-ahead/packed-file.ts'
import { joinRanges, PAGE_BYTES } from '../../../src/compiler/read-ahead/page-ranges.ts'
import { prefetchStub } from '../../../src/compiler/read-ahead/prefetch-stub.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { readOwnFileTable } from '../../support/own-file-table.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const arch = process.arch as Architecture
const skip = process.platform === 'linux' ? false : 'it is for Linux'
/** Its source map is larger than a page, so it can be told from what is read ahead. */
const FUNCTION = `export const handler = async (event: object) => event
${Array.from({ length: 600 }, (_, line) => `console.debug(process.env.LINE_${line})`).join('\n')}`

async function build(t: TestContext, cache: string, source: string, ...options: string[]) {
  const cwd = writeFiles(temporaryFolder(t), { 'package.json': {}, 'hello.ts': source })
  const env = { ...process.env, XDG_CACHE_HOME: cache }
  const { status, stdout, stderr } = await runLambdabin(['build', 'hello.ts', '--json', ...options], {
    cwd,
    env,
  })
  assert.equal(status, 0, stderr)
  const [built] = JSON.parse(stdout).functions
  return { ...built, cwd, file: join(cwd, 'dist/hello/hello') }
}

/** What an executable has read, in bytes of the file. */
function readTable(executable: Buffer): { start: number; end: number }[] {
  const { read } = readOwnFileTable(executable, arch)
  return joinRanges(read, 0).map(({ start, count }) => ({
    start: start * PAGE_BYTES,
    end: (start + count) * PAGE_BYTES,
  }))
}

/** Another build of Node.js, as far as one can tell: with a build id of its own. */
function anotherNode(t: TestContext): string {
  const bytes = readFileSync(process.execPath)
  const id = parseElf(bytes, 'node').sections.find(({ name }) => name === '.note.gnu.build-id')
  assert.ok(id)
  bytes.writeUInt32LE(0x12345678, id.offset + id.size - 4)
  const node = join(temporaryFolder(t), 'node')
  writeFileSync(node, bytes)
  chmodSync(node, 0o755)
  return node
}

function chunksOf(start: number, end: number): number[] {
  const first = Math.floor(start / CHUNK_BYTES)
  return Array.from({ length: Math.ceil(end / CHUNK_BYTES) - first }, (_, index) => first + index)
}

function bytesOf(ranges: readonly { start: number; end: number }[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

test('what the pinned Node.js touches is known, and nothing needs to be found out', { skip }, async (t) => {
  const cache = temporaryFolder(t)
  const { file, shortcomings } = await build(t, cache, FUNCTION)
  assert.deepEqual(shortcomings, [])
  assert.equal(existsSync(join(cache, 'lambdabin/hot-pages')), false)
  const executable = readFileSync(file)
  const table = readTable(executable)
  assert.ok(bytesOf(table) > 10e6 && bytesOf(table) < 25e6, `${bytesOf(table)} bytes`)
  const chunks = new Set(table.flatMap(({ start, end }) => chunksOf(start, end)))
  assert.ok(chunks.size <= 35, `they are in ${chunks.size} chunks of half a megabyte`)

  const isRead = (offset: number) => table.some(({ start, end }) => start <= offset && offset < end)
  const content = executable.indexOf('NODE_SEA_BLOB')
  const sourceMap = executable.indexOf('"mappings": "', content) + 13
  assert.ok(sourceMap > content && executable.indexOf('"', sourceMap) - sourceMap > 2 * PAGE_BYTES)
  assert.equal(isRead(sourceMap + PAGE_BYTES), false, 'the source map')
  assert.ok(isRead(executable.indexOf('LINE_599')), 'the function')
  assert.ok(isRead(content), 'the beginning of what is the executable’s own')
})

test('a function that hashes has more read ahead than one that does not, and one that connects even more', {
  skip,
}, async (t) => {
  const cache = temporaryFolder(t)
  const hashes = `import { createHash } from 'node:crypto'
    export const handler = async (event: object) => createHash('sha256').update(JSON.stringify(event)).digest('hex')`
  const connects = `import { get } from 'node:https'
    export const handler = async ({ url }: { url: string }) => new Promise((resolve) => get(url, resolve))`
  const sizes: number[] = []
  for (const source of [FUNCTION, hashes, connects]) {
    sizes.push(bytesOf(readTable(readFileSync((await build(t, cache, source)).file))))
  }
  const [small = 0, hashing = 0, connecting = 0] = sizes
  assert.ok(small > 0 && hashing > small + 2e6 && connecting > hashing + 2e6, `${sizes} bytes`)
})

test('what is needed before anything can be read ahead is in two chunks of the file', { skip }, async (t) => {
  const { file } = await build(t, temporaryFolder(t), FUNCTION)
  const executable = readFileSync(file)
  const { sections } = parseElf(executable, file)
  // All that the dynamic linker looks up; of the names behind it, few.
  for (const name of ['.gnu.hash', '.dynsym', '.gnu.version', '.gnu.version_r', '.rela.dyn', '.rela.plt']) {
    const section = sections.find((each) => each.name === name)
    assert.ok(section && section.offset + section.size < CHUNK_BYTES, `${name} is in the first one`)
  }
  const reads = executable.indexOf('/proc/self/exe\0lambdabin: ')
  const written = sections.find(({ name }) => name === '.got')
  assert.ok(written && written.offset + written.size < 2 * CHUNK_BYTES, 'what it writes to')
  assert.ok(reads > 0 && reads < 2 * CHUNK_BYTES, 'the code that reads ahead')
})

test('of another Node.js it is found out once, so that builds give the same bytes', { skip }, async (t) => {
  const cache = temporaryFolder(t)
  const node = anotherNode(t)
  const first = await build(t, cache, FUNCTION, '--node', node)
  assert.deepEqual(first.shortcomings, [])
  const [recorded, ...others] = readdirSync(join(cache, 'lambdabin/hot-pages'))
  assert.ok(recorded)
  assert.deepEqual(others, [])
  const table = readTable(readFileSync(first.file))
  assert.ok(bytesOf(table) > 10e6 && bytesOf(table) < 60e6, `${bytesOf(table)} bytes`)
  // The entry of Node.js itself is touched by each start.
  const entry = Math.floor(Number(readFileSync(node).readBigUInt64LE(24)) / PAGE_BYTES)
  const { map } = readOwnFileTable(readFileSync(first.file), arch)
  assert.ok(map.some(({ start, count }) => start <= entry && entry < start + count))

  const second = await build(t, cache, FUNCTION, '--node', node)
  assert.equal(second.CodeSha256, first.CodeSha256)
  const invoked = await runLambdabin(['invoke', 'dist/hello', '--event', '{"text":"Hello"}'], {
    cwd: second.cwd,
  })
  assert.deepEqual([invoked.status, invoked.stdout], [0, '{"text":"Hello"}'], invoked.stderr)
})

test('moved code is what it was, where it was in memory, and zeros are left in its place', {
  skip,
}, async (t) => {
  const { file } = await build(t, temporaryFolder(t), FUNCTION)
  const executable = readFileSync(file)
  const published = readFileSync(process.execPath)
  const text = parseElf(published, 'node').sections.find(({ name }) => name === '.text')
  assert.ok(text)
  const { map, firstMapped } = readOwnFileTable(executable, arch)
  let [place, pages, differing] = [firstMapped * PAGE_BYTES, 0, 0]
  for (const { start, count } of map) {
    const [offset, size] = [start * PAGE_BYTES - text.address + text.offset, count * PAGE_BYTES]
    if (offset >= text.offset && offset + size <= text.offset + text.size) {
      pages += count
      const [before, now] = [
        published.subarray(offset, offset + size),
        executable.subarray(place, place + size),
      ]
      differing += before.equals(now) ? 0 : before.filter((byte, at) => byte !== now[at]).length
    }
    place += size
  }
  assert.ok(pages > 1000, `${pages} pages of code were moved`)
  // Eight bytes for each of Node.js's modules that comes compiled.
  assert.ok(
    differing < 2000,
    `${differing} bytes differ: those of the work that is left out, and what says where code caches are`,
  )
})

test('what does not start with its pages side by side is built with them where they were, and the build says so', {
  skip,
}, async (t) => {
  const cache = temporaryFolder(t)
  const node = anotherNode(t)
  const bytes = readFileSync(node)
  const dynamic = parseElf(bytes, 'node').sections.find(({ name }) => name === '.dynamic')
  assert.ok(dynamic)
  let at = dynamic.offset
  while (bytes.readBigUInt64LE(at) !== 0n) {
    at += 16
  }
  // No room for an entry more: what follows the last one is not empty.
  bytes.writeBigUInt64LE(1n, at + 24)
  writeFileSync(node, bytes)
  const built = await build(t, cache, FUNCTION, '--node', node)
  assert.match(built.shortcomings.join(), /scattered over the executable’s file/)
  const executable = readFileSync(built.file)
  assert.notEqual(executable.indexOf(prefetchStub(arch, 0, 0, []).subarray(0, -12)), -1)
  const invoked = await runLambdabin(['invoke', 'dist/hello', '--event', '1'], { cwd: built.cwd })
  assert.deepEqual([invoked.status, invoked.stdout], [0, '1'], invoked.stderr)
})
