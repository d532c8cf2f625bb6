import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { startWritten } from '../../src/compiler/text-busy.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

/** A program that somebody has open for writing, as it was a moment ago. */
async function busyProgram(t: TestContext) {
  const path = join(temporaryFolder(t), 'program')
  const file = await open(path, 'w', 0o755)
  await file.writeFile('#!/bin/sh\necho started\n')
  return { path, file }
}

test('a program is started as soon as nobody has it open for writing', async (t) => {
  const { path, file } = await busyProgram(t)
  let tries = 0
  const { stdout } = await startWritten(async () => {
    tries += 1
    if (tries === 3) {
      await file.close()
    }
    return promisify(execFile)(path)
  })
  assert.equal(stdout, 'started\n')
  assert.equal(tries, 3)
})

test('a program that stays busy fails as it did, in the end', { timeout: 60_000 }, async (t) => {
  const { path, file } = await busyProgram(t)
  t.after(() => file.close())
  await assert.rejects(
    startWritten(() => promisify(execFile)(path)),
    { code: 'ETXTBSY' },
  )
})

test('any other failure is not tried again', async () => {
  let tries = 0
  await assert.rejects(
    startWritten(() => {
      tries += 1
      return promisify(execFile)('/nonexistent/program')
    }),
    { code: 'ENOENT' },
  )
  assert.equal(tries, 1)
})
