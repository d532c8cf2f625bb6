import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { stripElf } from '../../../src/compiler/elf/strip-elf.ts'
import { emptyUnwindTables } from '../../../src/compiler/elf/unwind-tables.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const ADDON = fileURLToPath(new URL('../../fixtures/addons/throws.cc', import.meta.url))
const COMPILERS = { x64: 'x86_64-linux-gnu-g++', arm64: 'aarch64-linux-gnu-g++' }

const original = readFileSync(process.execPath)
const emptied = emptyUnwindTables(original, 'node')

interface Target {
  readonly command: readonly string[]
  /** Path of the addon. */
  readonly addon: string
}

/** The pinned Node.js for `arch` with emptied tables, how to run it, and an addon for it; or why there is none. */
async function prepare(t: TestContext, arch: Architecture): Promise<Target | string> {
  const pinned = await findPinnedNode(arch)
  const runner = await findTargetRunner(pinned, arch)
  if (runner === undefined) {
    return `nothing for ${arch} runs here (Debian: qemu-user-static libstdc++6-arm64-cross)`
  }
  const folder = temporaryFolder(t)
  const addon = join(folder, 'throws.node')
  // The headers are those of the Node.js that runs this; the addon's interface is the same on each processor.
  const include = join(dirname(process.execPath), '..', 'include', 'node')
  const options = ['-O1', '-shared', '-fPIC', '-pthread', `-I${include}`, '-o', addon, ADDON]
  const { status, stderr } = spawnSync(COMPILERS[arch], options, { encoding: 'utf8' })
  if (status === null) {
    return `${COMPILERS[arch]} is not installed (Debian: g++-aarch64-linux-gnu g++)`
  }
  assert.equal(status, 0, stderr)
  const node = join(folder, 'node')
  writeFileSync(node, emptyUnwindTables(stripElf(readFileSync(pinned), pinned), pinned), { mode: 0o755 })
  return { command: [...runner, node], addon }
}

function run(
  { command: [program = '', ...parameters], addon }: Target,
  script: string,
  ...options: string[]
) {
  const all = [...parameters, ...options, '-e', `const addon = ${JSON.stringify(addon)}\n${script}`]
  return spawnSync(program, all, { encoding: 'utf8', timeout: 120_000 })
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`without the tables Node.js for ${arch} works, with native addons that throw C++ exceptions`, async (t) => {
    const target = await prepare(t, arch)
    if (typeof target === 'string') {
      return t.skip(target)
    }

    await t.test(
      'an addon catches what it throws: in calls, threads, the thread pool and around JavaScript',
      () => {
        const { stdout, stderr } = run(
          target,
          `const { inCall, fromLibrary, inThread, threadExit, aroundJavaScript, inThreadPool } = require(addon)
        const thrown = aroundJavaScript(() => { throw new Error('of JavaScript') })
        inThreadPool().then((pooled) => console.log(
          inCall(), fromLibrary(), inThread(), threadExit(), thrown, aroundJavaScript(() => 'returned'), pooled))`,
        )
        assert.equal(stdout, 'caught caught caught caught caught returned caught\n', stderr)
      },
    )

    await t.test('and so it does in a worker thread, which then ends', () => {
      const { stdout, stderr } = run(
        target,
        `const { Worker } = require('node:worker_threads')
        const worker = new Worker('const { workerData, parentPort } = require("node:worker_threads"); ' +
          'const { inCall, threadExit } = require(workerData); parentPort.postMessage(inCall() + threadExit())',
          { eval: true, workerData: addon })
        worker.on('message', (said) => console.log(said)).on('exit', (status) => console.log(status))`,
      )
      assert.equal(stdout, 'caughtcaught\n0\n', stderr)
    })

    await t.test('an exception that nothing can catch ends the process, as it does with the tables', () => {
      const { stderr } = run(target, 'require(addon).throughJavaScript()')
      assert.match(stderr, /terminate called after throwing.*not caught/s)
    })

    await t.test('a fatal error says what it is', () => {
      const { stderr } = run(target, 'const all = []; for (;;) all.push({})', '--max-old-space-size=30')
      assert.match(stderr, /FATAL ERROR: .*JavaScript heap out of memory/)
    })

    await t.test('JavaScript’s and WebAssembly’s exceptions have nothing to do with them', () => {
      // (func (result i32) try (result i32) i32.const 42 throw 0 catch 0 end)
      const { stdout, stderr } = run(
        target,
        `const bytes = Buffer.from('0061736d0100000001090260017f006000017f030201010d03010000070501016600000a0d010b00067f412a080007000b0b', 'hex')
        const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
        const deep = (depth) => depth === 0 ? null.x : deep(depth - 1)
        try { deep(1000) } catch (error) { console.log(error.name, f()) }
        const endless = () => endless()
        try { endless() } catch (error) { console.log(error.name) }`,
      )
      assert.equal(stdout, 'TypeError 42\nRangeError\n', stderr)
    })

    await t.test('file functions that are of C++ inside refuse with an error as ever', () => {
      const { stdout, stderr } = run(
        target,
        `const { cpSync, rmSync } = require('node:fs')
        for (const call of [
          () => cpSync('/no/such/file', '/tmp/none'),
          () => cpSync('/proc/self/task', '/proc/none', { recursive: true }),
          () => cpSync('/etc', '/dev/null/none', { recursive: true }),
          () => rmSync('/proc/self', { recursive: true })
        ]) try { call(); console.log('done') } catch (error) { console.log(error.code !== undefined) }`,
      )
      assert.equal(stdout, 'true\ntrue\ntrue\ntrue\n', stderr)
    })
  })
}

test('all is where it was, and nothing but the two tables changes', () => {
  const { segments, sections } = parseElf(original, 'node')
  assert.deepEqual(parseElf(emptied, 'node').segments, segments)
  assert.equal(emptied.length, original.length)
  const tables = sections.filter(({ name }) => name === '.eh_frame' || name === '.eh_frame_hdr')
  const blank = (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    for (const { offset, size } of tables) {
      copy.fill(0, offset, offset + size)
    }
    return copy
  }
  assert.ok(blank(emptied).equals(blank(original)))
  const packed = (bytes: Buffer) =>
    tables.reduce(
      (sum, { offset, size }) => sum + deflateRawSync(bytes.subarray(offset, offset + size)).length,
      0,
    )
  assert.ok(packed(emptied) * 20 < packed(original), `${packed(emptied)} bytes, of ${packed(original)}`)
})

test('what is left is an index in order, of descriptions that are there', () => {
  const { sections } = parseElf(emptied, 'node')
  const index = sections.find(({ name }) => name === '.eh_frame_hdr')
  const descriptions = sections.find(({ name }) => name === '.eh_frame')
  assert.ok(index && descriptions)
  const count = emptied.readUInt32LE(index.offset + 8)
  assert.ok(count > 100)
  let last = -Infinity
  for (let entry = 0; entry < count; entry += 1) {
    const at = index.offset + 12 + 8 * entry
    const functionAddress = emptied.readInt32LE(at)
    assert.ok(functionAddress > last)
    last = functionAddress
    const description =
      descriptions.offset + index.address + emptied.readInt32LE(at + 4) - descriptions.address
    const begin = emptied.readInt32LE(description + 8)
    const fieldAddress: number = descriptions.address + description + 8 - descriptions.offset
    assert.equal(fieldAddress + begin, index.address + functionAddress, 'it describes that function')
    const common: number = description + 4 - emptied.readUInt32LE(description + 4)
    assert.equal(emptied.readUInt32LE(common + 4), 0)
    assert.equal(emptied[common + 9], 'z'.charCodeAt(0))
  }
})

test('emptied tables stay as they are when they are emptied again', () => {
  assert.ok(emptyUnwindTables(emptied, 'node').equals(emptied))
})

test('tables that are written in another way, or are damaged, are left alone', () => {
  const index = parseElf(original, 'node').sections.find(({ name }) => name === '.eh_frame_hdr')
  assert.ok(index)
  for (const [at, value] of [
    [0, 2],
    [3, 0xff],
    [10, 0xff],
    [12 + 7, 0x70],
  ] as const) {
    const other = Buffer.from(original)
    other[index.offset + at] = value
    assert.equal(emptyUnwindTables(other, 'node'), other)
  }
})
