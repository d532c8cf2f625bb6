/** What the build has an executable read ahead when it starts: what a start touches of its Node.js, and its own content. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { lastSegmentOffset } from '../../../src/compiler/elf/entry-code.ts'
import { type KnownHotPages, layoutOf } from '../../../src/compiler/read-ahead/hot-pages.ts'
import { PAGE_BYTES } from '../../../src/compiler/read-ahead/page-ranges.ts'
import { prefetchStub } from '../../../src/compiler/read-ahead/prefetch-stub.ts'
import { runLambdabin } from '../../support/command.ts'
import { writeFiles } from '../../support/files.ts'
import { temporaryFolder } from '../../support/fixture-package.ts'

const arch = process.arch as Architecture
const skip = process.platform === 'linux' ? false : 'it is for Linux'
const known: KnownHotPages = JSON.parse(
  readFileSync(new URL('../../../base-node/hot-pages.json', import.meta.url), 'utf8'),
)
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

/** The table that an executable's entry carries, in bytes of the file. */
function readTable(executable: Buffer): { start: number; end: number }[] {
  const code = prefetchStub(arch, 0, 0, []).subarray(0, -12)
  const at = executable.indexOf(code, lastSegmentOffset(executable, 'hello'))
  assert.notEqual(at, -1, 'there is no such code')
  const table = at + code.length + 12
  return Array.from({ length: executable.readUInt32LE(table - 4) }, (_, index) => {
    const entry = executable.readUInt32LE(table + index * 4)
    const start = (entry >>> 8) * PAGE_BYTES
    return { start, end: start + (entry & 255) * PAGE_BYTES }
  })
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

function bytesOf(ranges: readonly { start: number; end: number }[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

test('what the pinned Node.js touches is known, and nothing needs to be found out', { skip }, async (t) => {
  const cache = temporaryFolder(t)
  const { file, shortcomings } = await build(t, cache, FUNCTION)
  assert.deepEqual(shortcomings, [])
  assert.equal(existsSync(join(cache, 'lambdabin/hot-pages')), false)
  const executable = readFileSync(file)
  assert.ok(known[layoutOf(executable, file)], 'run `npm run hot-pages`')
  const table = readTable(executable)
  const content = lastSegmentOffset(executable, file) ?? 0
  const ofNode = bytesOf(table.filter(({ end }) => end <= content))
  assert.ok(ofNode > 10e6 && ofNode < 30e6, `${ofNode} bytes of Node.js`)

  const isRead = (offset: number) => table.some(({ start, end }) => start <= offset && offset < end)
  const sourceMap = executable.indexOf('"mappings": "', content) + 13
  assert.ok(sourceMap > content && executable.indexOf('"', sourceMap) - sourceMap > 2 * PAGE_BYTES)
  assert.equal(isRead(sourceMap + PAGE_BYTES), false, 'the source map')
  assert.ok(isRead(executable.indexOf('LINE_599')), 'the function')
  assert.ok(isRead(content), 'the beginning of what is the executable’s own')
})

test('a function that uses the network has more read ahead than one that does not', { skip }, async (t) => {
  const cache = temporaryFolder(t)
  const source = `import { Agent } from 'node:https'
    const agent = new Agent()
    export const handler = async () => agent.maxFreeSockets`
  const [small, network] = [await build(t, cache, FUNCTION), await build(t, cache, source)].map(({ file }) =>
    bytesOf(readTable(readFileSync(file))),
  )
  assert.ok(small && network && network > small + 2e6, `${small} and ${network} bytes`)
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
  const entry = Number(readFileSync(node).readBigUInt64LE(24))
  const offset = offsetOf(entry, node)
  assert.ok(table.some(({ start, end }) => start <= offset && offset < end))

  const second = await build(t, cache, FUNCTION, '--node', node)
  assert.equal(second.CodeSha256, first.CodeSha256)
  const invoked = await runLambdabin(['invoke', 'dist/hello', '--event', '{"text":"Hello"}'], {
    cwd: second.cwd,
  })
  assert.deepEqual([invoked.status, invoked.stdout], [0, '{"text":"Hello"}\n'], invoked.stderr)
})

/** Where in the file an address of a program that is loaded where it says is. */
function offsetOf(address: number, file: string): number {
  const lines = execFileSync('readelf', ['-lW', file], { encoding: 'utf8' }).matchAll(
    /^ +LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)/gm,
  )
  for (const [, ...numbers] of lines) {
    const [offset = 0, start = 0, size = 0] = numbers.map((text) => Number.parseInt(text, 16))
    if (start <= address && address < start + size) {
      return address - start + offset
    }
  }
  throw new Error(`${address} is not in ${file}`)
}
