/** The API in a test whose timers and clock are fake, as those of Jest, Vitest and Node.js's own runner. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { build, createLocalLambda, invoke } from '../../src/api.ts'
import { fixturePackage, temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const REMAINING = 'export const handler = async (event, context) => context.getRemainingTimeInMillis()\n'

test('functions are built and invoked, and have the time that they are given', {
  timeout: 120_000,
}, async (t) => {
  const cwd = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.js': REMAINING,
    'empty.txt': '',
    'users.js': REMAINING,
  })
  mkdirSync(join(cwd, 'dist'))
  const packaged = fixturePackage(join(cwd, 'dist'))
  t.mock.timers.enable({
    apis: ['setInterval', 'setTimeout', 'setImmediate', 'Date'],
    now: new Date('2001-02-03'),
  })

  const built = await build({ cwd, functions: ['orders.js'], include: ['empty.txt'] })
  assert.ok(built.ok, built.ok ? '' : built.error.stack)
  const invoked = await invoke<number>({ cwd, package: 'dist/orders.zip', timeout: 60 })
  assert.ok(invoked.ok, invoked.ok ? '' : invoked.error.stack)
  assert.ok(invoked.payload > 30_000 && invoked.payload <= 60_000, String(invoked.payload))

  const created = await createLocalLambda({ cwd, watch: ['users.js'], functions: [packaged], timeout: 60 })
  assert.ok(created.ok, created.ok ? '' : created.error.stack)
  const remaining = await created.lambda.invoke<number>('users', {})
  assert.ok(
    remaining.ok && remaining.payload > 30_000 && remaining.payload <= 60_000,
    JSON.stringify(remaining),
  )
  const event = { echoed: true }
  assert.equal((await created.lambda.invoke('misbehaving', event)).ok, true)
  await created.lambda.close()
})
