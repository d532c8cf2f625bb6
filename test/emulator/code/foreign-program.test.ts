import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openGivenPackage } from '../../../src/api/given-package.ts'
import { UsageError } from '../../../src/configuration/usage-error.ts'
import { matches } from '../../../src/emulator/code/foreign-program.ts'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { runInvoke } from '../../support/emulator/invoke-process.ts'

/** The beginning of a program for a machine that nobody has here: neither Linux's own nor an emulator runs it. */
function elfHead(machine: number): Buffer {
  const head = Buffer.alloc(64)
  head.write('\x7fELF\x02\x01\x01', 'latin1')
  head.writeUInt16LE(2, 16)
  head.writeUInt16LE(machine, 18)
  return head
}
const ARM64 = elfHead(183)
const X64 = elfHead(62)
const FOREIGN = process.arch === 'x64' ? ARM64 : X64

function packageWith(t: TestContext, programs: Record<string, Buffer>): string {
  const folder = join(temporaryFolder(t), 'orders')
  mkdirSync(folder)
  writeExecutable(join(folder, 'bootstrap'), '#!/bin/sh\nexec ./"$_HANDLER"\n')
  for (const [name, bytes] of Object.entries(programs)) {
    writeFileSync(join(folder, name), bytes, { mode: 0o755 })
  }
  return folder
}

test('a package for another architecture is refused in one sentence that says what to do', async (t) => {
  const { status, stdout, stderr } = await runInvoke([packageWith(t, { orders: FOREIGN })])
  assert.equal(status, 2, stderr)
  assert.equal(stdout.toString(), '')
  assert.match(
    stderr,
    /^lambdabin: expected a program for (x64|arm64), .* but orders is for (arm64|x64); build it with --arch \1 [^\n]+\n$/,
  )
})

test('scripts, other files, and packages with a program for this machine beside others are let pass', async (t) => {
  const folder = temporaryFolder(t)
  const scripts = packageWith(t, { orders: Buffer.from('#!/bin/sh\n'), data: Buffer.from('\x7fEL') })
  assert.equal((await openGivenPackage(scripts, folder)).name, 'orders')
  const started = packageWith(t, { orders: Buffer.from('#!/bin/sh\n'), 'orders-foreign': FOREIGN })
  assert.equal((await openGivenPackage(started, folder)).name, 'orders')
  const both = packageWith(t, { orders: Buffer.from(elfHead(process.arch === 'x64' ? 62 : 183)) })
  cpSync(join(packageWith(t, { other: FOREIGN }), 'other'), join(both, 'other'))
  assert.equal((await openGivenPackage(both, folder)).name, 'orders')
  await assert.rejects(openGivenPackage(packageWith(t, { b: FOREIGN }), folder), UsageError)
})

test('an emulator that is registered with the system is seen, and one that is off or for others is not', () => {
  const registered = `enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`
  assert.equal(matches(registered, ARM64), true)
  assert.equal(matches(registered, X64), false)
  assert.equal(matches(registered.replace('enabled', 'disabled'), ARM64), false)
  assert.equal(matches('enabled\ninterpreter /usr/bin/cli\nflags:\nextension .exe\n', ARM64), false)
  // Without a mask, each byte counts.
  assert.equal(matches('enabled\nflags:\noffset 1\nmagic 454c46\n', X64), true)
})
