import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { drawEntropyDirectly } from '../../../src/compiler/base-node/entropy.ts'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../../../src/compiler/elf/elf-symbols.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const NOTE = /makes OpenSSL’s generator of random numbers at each start/
const published = readFileSync(process.execPath)

/** A number of V8's, one that V8 seeds anew in a Worker, and two that OpenSSL draws. */
const DRAW = `
  const { Worker } = require('node:worker_threads')
  new Worker("require('node:worker_threads').parentPort.postMessage(Math.random())", { eval: true }).once('message', (other) =>
    console.log(JSON.stringify([Math.random(), other, crypto.randomUUID(), require('node:crypto').randomBytes(8).toString('hex')])))`

/** The published Node.js for `arch` with the change, as it is run here; undefined where it cannot be. */
async function changedNode(t: TestContext, arch: Architecture): Promise<string[] | undefined> {
  const original = await findPinnedNode(arch)
  const runner = await findTargetRunner(original, arch)
  const { bytes, kept } = drawEntropyDirectly(readFileSync(original), original)
  assert.equal(kept, undefined)
  if (runner === undefined) {
    t.skip(`nothing here runs programs for ${arch}`)
    return undefined
  }
  const node = join(temporaryFolder(t), 'node')
  writeFileSync(node, bytes, { mode: 0o755 })
  return [...runner, node]
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`each process and each thread has random numbers of its own, ${arch}`, {
    timeout: 300_000,
  }, async (t) => {
    const [program = '', ...words] = (await changedNode(t, arch)) ?? []
    if (program !== '') {
      const drawn = Array.from({ length: 3 }, () =>
        JSON.parse(execFileSync(program, [...words, '-e', DRAW], { encoding: 'utf8', timeout: 90_000 })),
      ).flat()
      assert.equal(new Set(drawn).size, 12, JSON.stringify(drawn))
    }
  })
}

/** How many bytes each call of getrandom gave. */
function drawnBytes(node: string, program: string): number[] {
  const traced = ['-f', '-e', 'trace=getrandom', node, '-e', program]
  const { stderr, status } = spawnSync('strace', traced, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
  // Those of glibc's own do not wait.
  const calls = stderr.matchAll(/getrandom\(.*, 0\) = (\d+)$/gm)
  return [...calls].map(([, bytes]) => Number(bytes))
}

test('V8 draws its seeds from the operating system, and OpenSSL draws one when it is first asked', async (t) => {
  if (spawnSync('strace', ['-V']).status !== 0) {
    t.skip('it takes strace')
    return
  }
  const [node] = (await changedNode(t, process.arch as Architecture)) ?? []
  assert.ok(node)
  const seeds = drawnBytes(node, '0')
  assert.ok(seeds.length > 0 && seeds.every((bytes) => bytes === 8), `${seeds}`)
  const withOpenSsl = drawnBytes(node, 'crypto.randomUUID()')
  assert.equal(withOpenSsl.filter((bytes) => bytes > 8).length, 1, `${withOpenSsl}`)
  assert.equal(drawnBytes(process.execPath, '0').filter((bytes) => bytes > 8).length, 1, 'as published')
})

test('no more is changed than the call, the address, the code, and how long the segment is', () => {
  const { bytes } = drawEntropyDirectly(published, 'node')
  const changed = bytes.reduce((count, byte, at) => count + (byte === published[at] ? 0 : 1), 0)
  assert.ok(changed > 20 && changed < 60, `${changed} bytes`)
  assert.equal(bytes.length, published.length)
  const again = drawEntropyDirectly(bytes, 'node')
  assert.match(again.kept ?? '', NOTE)
  assert.equal(again.bytes, bytes)
})

/** Where the one call of V8's function is, by its distance. */
function callOfSetSource(bytes: Buffer): number {
  const elf = parseElf(bytes, 'node')
  const target = findSymbol(bytes, elf, /^_ZN2v82V816SetEntropySourceEPFbPhmE$/)
  assert.ok(target)
  for (let at = bytes.indexOf(0xe8); at !== -1; at = bytes.indexOf(0xe8, at + 1)) {
    if (at + 5 < bytes.length && at + 5 + bytes.readInt32LE(at + 1) === target.offset) {
      return at
    }
  }
  return assert.fail('it is called')
}

const X64_ONLY = process.arch === 'x64' ? {} : { skip: 'it changes code of x64' }

for (const [what, change] of [
  [
    'nothing is asked of OpenSSL before',
    (bytes: Buffer, call: number) => bytes.fill(0x90, call - 20, call - 12),
  ],
  ['V8’s function is not called', (bytes: Buffer, call: number) => bytes.fill(0x90, call, call + 5)],
  ['another place calls it, too', (bytes: Buffer, call: number) => copyCall(bytes, call)],
] as const) {
  test(`where ${what}, all is left as it is, and the build is told`, X64_ONLY, () => {
    const other = Buffer.from(published)
    change(other, callOfSetSource(other))
    const { bytes, kept } = drawEntropyDirectly(other, 'node')
    assert.equal(bytes, other)
    assert.match(kept ?? '', NOTE)
  })
}

/** In the place of what stands right behind it. */
function copyCall(bytes: Buffer, call: number): void {
  bytes.writeUInt8(0xe8, call + 5)
  bytes.writeInt32LE(bytes.readInt32LE(call + 1) - 5, call + 6)
}
