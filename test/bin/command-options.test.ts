import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))

test('options that Node.js has, too, are the command’s own: --env-file reaches it', (t) => {
  const folder = temporaryFolder(t)
  symlinkSync(process.execPath, join(folder, 'node'))
  const { status, stderr } = spawnSync(COMMAND, ['invoke', 'any.zip', '--env-file', 'missing.env'], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}` },
    encoding: 'utf8',
    timeout: 60_000,
  })
  // 9 is what Node.js ends with when it cannot read the file; 2 is ours for bad usage.
  assert.equal(status, 2)
  assert.match(stderr, /^lambdabin: .*missing\.env; check --env-file/)
})
