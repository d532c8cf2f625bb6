import assert from 'node:assert/strict'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { findTargetRunner, identityOf } from '../../../src/compiler/base-node/target-runner.ts'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'

const here = process.arch === 'arm64' ? 'arm64' : 'x64'
const other = here === 'x64' ? 'arm64' : 'x64'
const qemu = other === 'arm64' ? 'qemu-aarch64' : 'qemu-x86_64'

/** Has the programs, given as shell scripts, on the PATH, and nothing else but the system's shell. */
function onPath(t: TestContext, scripts: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t)
  for (const [name, script] of Object.entries(scripts)) {
    writeExecutable(`${folder}/${name}`, `#!/bin/sh\n${script}\n`)
  }
  const { PATH, QEMU_LD_PREFIX } = process.env
  process.env.PATH = folder
  process.env.QEMU_LD_PREFIX = '/libraries'
  t.after(() => {
    process.env.PATH = PATH
    if (QEMU_LD_PREFIX === undefined) {
      delete process.env.QEMU_LD_PREFIX
    } else {
      process.env.QEMU_LD_PREFIX = QEMU_LD_PREFIX
    }
  })
  return folder
}

test('what is for this machine’s processor runs by itself', async () => {
  assert.deepEqual(await findTargetRunner(process.execPath, here), [])
})

test('what is for another processor runs under the static qemu first, with the libraries that its variable names', async (t) => {
  const script = `[ "$*" = "-L /libraries the-node --version" ]`
  const folder = onPath(t, { [`${qemu}-static`]: script, [qemu]: 'exit 0' })
  assert.deepEqual(await findTargetRunner('the-node', other), [
    `${folder}/${qemu}-static`,
    '-L',
    '/libraries',
  ])
})

test('a qemu that cannot run it is passed over, another is taken', async (t) => {
  const folder = onPath(t, { [`${qemu}-static`]: 'exit 255', [qemu]: 'exit 0' })
  assert.deepEqual(await findTargetRunner('the-node', other), [`${folder}/${qemu}`, '-L', '/libraries'])
})

test('without a qemu that can, it does not run here', async (t) => {
  onPath(t, { [qemu]: 'exit 255' })
  assert.equal(await findTargetRunner('the-node', other), undefined)
})

test('what was tried with one qemu is not known of another, wherever each is', async (t) => {
  const folder = onPath(t, { one: 'exit 0', 'one-again': 'exit 0', other: 'exit 1' })
  const identity = (program: string, library = '/libraries') =>
    identityOf([`${folder}/${program}`, '-L', library])
  assert.equal(await identity('one'), await identity('one-again'))
  assert.notEqual(await identity('one'), await identity('other'))
  assert.notEqual(await identity('one'), await identity('one', '/others'))
  assert.notEqual(await identityOf([]), await identityOf(undefined))
})
