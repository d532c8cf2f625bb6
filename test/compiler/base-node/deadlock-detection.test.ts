import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { hasCommand } from '../../../scripts/bench/runtime-api-server.ts'
import { ignoreDeadlocks } from '../../../src/compiler/base-node/deadlock-detection.ts'
import { leaveOutStartupWork } from '../../../src/compiler/base-node/startup-work.ts'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../../../src/compiler/elf/elf-symbols.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const LOCK_ORDER = fileURLToPath(new URL('../../fixtures/base-node/lock-order.c', import.meta.url))
const SET_MODE = /SetMutexDeadlockDetectionMode/
const NOTE = /keeps Abseil’s search for deadlocks/

const published = readFileSync(process.execPath)

/** Where the variable is, by its name, which published binaries have. */
function modeIn(bytes: Buffer): number {
  const symbol = findSymbol(bytes, parseElf(bytes, 'node'), /synch_deadlock_detection/, '.symtab')
  return symbol?.offset ?? assert.fail('the pinned Node.js has a name for the variable')
}

/** Where the code is that writes the variable. */
function setModeIn(bytes: Buffer): number {
  const symbol = findSymbol(bytes, parseElf(bytes, 'node'), SET_MODE)
  return symbol?.offset ?? assert.fail('the pinned Node.js exports the function')
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`the variable that has Abseil look for deadlocks is found without its name, and nothing else is changed, ${arch}`, {
    timeout: 300_000,
  }, async () => {
    const before = readFileSync(await findPinnedNode(arch))
    const mode = modeIn(before)
    const bytes = Buffer.from(before)
    assert.equal(ignoreDeadlocks(bytes, parseElf(bytes, 'node')), true)
    assert.equal(before.readUInt32LE(mode), 2)
    assert.equal(bytes.readUInt32LE(mode), 0)
    bytes.writeUInt32LE(2, mode)
    assert.ok(bytes.equals(before))
  })
}

test('locks in an order that could end in a deadlock end a start of Node.js as published, and none of ours', {
  skip: hasCommand('cc', '--version') ? false : 'there is no cc to compile the locks with',
}, (t) => {
  const folder = temporaryFolder(t)
  const [library, node] = [join(folder, 'lock-order.so'), join(folder, 'node')]
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, LOCK_ORDER])
  writeFileSync(node, leaveOutStartupWork(published, 'node').bytes, { mode: 0o755 })
  const start = (program: string) =>
    spawnSync(program, ['-p', '6 * 7'], {
      encoding: 'utf8',
      env: { ...process.env, LD_PRELOAD: library },
      timeout: 60_000,
    })
  const asPublished = start(process.execPath)
  assert.equal(asPublished.signal, 'SIGABRT')
  assert.match(asPublished.stderr, /dying due to potential deadlock/)
  const ours = start(node)
  assert.deepEqual([ours.stdout, ours.status], ['42\n', 0], ours.stderr)
})

test('an Abseil that is built for release is left as it is, and nothing is told', () => {
  const release = Buffer.from(published)
  release.writeUInt32LE(0, modeIn(release))
  const bytes = Buffer.from(release)
  assert.equal(ignoreDeadlocks(bytes, parseElf(bytes, 'node')), true)
  assert.ok(bytes.equals(release))
})

test('a Node.js that has no Abseil of its own has no search for deadlocks to be told of', () => {
  const other = withoutTheFunction()
  assert.match(leaveOutStartupWork(other, 'node').kept.join(), NOTE, 'one that has hidden it does')
  const message = Buffer.from('Potential Mutex deadlock')
  for (let at = other.indexOf(message); at !== -1; at = other.indexOf(message)) {
    other.fill(0, at, at + message.length)
  }
  assert.deepEqual(leaveOutStartupWork(other, 'node').kept, [])
})

/** One that exports the function by another name. */
function withoutTheFunction(): Buffer {
  const other = Buffer.from(published)
  const { sections } = parseElf(other, 'node')
  const names = sections.find(({ name }) => name === '.dynstr') ?? assert.fail('symbols have names')
  const name = Buffer.from('_ZN4absl29SetMutexDeadlockDetectionMode')
  const at = other.indexOf(name, names.offset)
  assert.ok(at !== -1 && at < names.offset + names.size)
  other.write('X', at)
  return other
}

for (const [what, change] of [
  ['another mode', (bytes: Buffer) => bytes.writeUInt32LE(1, modeIn(bytes))],
  ['code that does something else first', (bytes: Buffer) => moveCode(bytes)],
  ['code that writes outside of the variables', (bytes: Buffer) => writeElsewhere(bytes)],
] as const) {
  test(`with ${what}, all is left as it is, and the build is told`, () => {
    const other = Buffer.from(published)
    change(other)
    const bytes = Buffer.from(other)
    assert.equal(ignoreDeadlocks(bytes, parseElf(bytes, 'node')), false)
    assert.ok(bytes.equals(other))
    const { kept } = leaveOutStartupWork(other, 'node')
    assert.equal(kept.length, 1)
    assert.match(kept.join(), NOTE)
  })
}

function moveCode(bytes: Buffer): void {
  const at = setModeIn(bytes)
  bytes.copy(bytes, at + 4, at, at + 12)
}

/** 64 MiB before the variable is code, by either architecture's way to write an address. */
function writeElsewhere(bytes: Buffer): void {
  const at = setModeIn(bytes)
  if (parseElf(bytes, 'node').architecture === 'x64') {
    bytes.writeInt32LE(bytes.readInt32LE(at + 2) - 0x4000000, at + 2)
  } else {
    bytes.writeUInt32LE((bytes.readUInt32LE(at) - (0x1000 << 5)) >>> 0, at)
  }
}
