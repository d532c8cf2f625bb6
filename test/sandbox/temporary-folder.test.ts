/** What is said where there can be no temporary files, by what makes some and by the commands. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { findBuildSandbox } from '../../src/sandbox/find-sandbox.ts'
import { makeTemporaryFolder, TemporaryFolderError } from '../../src/sandbox/temporary-folder.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { runLambdabin } from '../support/projects/command.ts'

test('a folder is made, with a name of its own', (t) => {
  const parent = temporaryFolder(t)
  const made = [makeTemporaryFolder('a-', parent), makeTemporaryFolder('a-', parent)]
  assert.deepEqual(readdirSync(parent).length, new Set(made).size)
})

test('what is no place for one is told with what to do', (t) => {
  const parent = temporaryFolder(t)
  writeFileSync(join(parent, 'file'), '')
  for (const [name, reason] of [
    ['absent', 'is not there'],
    ['file', 'is no folder'],
  ]) {
    assert.throws(
      () => makeTemporaryFolder('a-', join(parent, name as string)),
      (error) =>
        error instanceof TemporaryFolderError &&
        error.cause instanceof Error &&
        error.message ===
          `TMPDIR should name a folder that can be written to, for temporary files, and ${join(parent, name as string)} ${reason}; make it, or set TMPDIR to another`,
    )
  }
})

test('so is a folder of another’s', { skip: process.getuid?.() === 0 && 'root may write to all' }, (t) => {
  const parent = temporaryFolder(t)
  chmodSync(parent, 0o555)
  assert.throws(() => makeTemporaryFolder('a-', parent), /is not yours to write to/)
})

for (const args of [
  ['build', 'src/functions/echo.ts', '--force', '--only', 'folder', '--out-dir'],
  ['layer', '--force', '--out-dir'],
  ['inspect', 'absent.zip'],
  ['invoke', 'absent.zip', '--event'],
]) {
  test(`${args[0]} says so in one sentence`, async (t) => {
    const folder = temporaryFolder(t)
    const isForSandbox = args[0] === 'build' || args[0] === 'layer'
    if (isForSandbox && findBuildSandbox(folder).kind !== 'isolation') {
      return t.skip('without namespaces, a build makes no temporary files')
    }
    const TMPDIR = join(folder, 'absent')
    const last = args.at(-1)
    const value = last === '--out-dir' ? [join(folder, 'dist')] : last === '--event' ? ['{}'] : []
    const { status, stderr } = await runLambdabin([...args, ...value], { env: { ...process.env, TMPDIR } })
    assert.equal(status, 1)
    const said = stderr.trim().split('\n').at(-1)
    assert.equal(
      said,
      `lambdabin: TMPDIR should name a folder that can be written to, for temporary files, and ${TMPDIR} is not there; make it, or set TMPDIR to another`,
    )
  })
}
