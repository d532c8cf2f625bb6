/** Shutdown and snapshots, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { api, invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'
import { within } from '../support/runtime-api/lambda-process.ts'

useFixtures('environment')

const start = (env: Record<string, string>) => startFixture('environment', 'environment', env)
const SNAP_START = { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' }

test('hooks of onInit run in their order, each to its end, before the first next', async () => {
  startFixture('environment', 'environment.whatHooksDid', { HOOKS: 'yes' })
  await within(api.idle(), () => lambda.output)
  assert.match(lambda.output, /hooks of init: 3/)
  assert.deepEqual((await invoke()).json(), ['first', 'second', 'third'])
})

test('SnapStart: hooks of onInit run before those before the snapshot', async () => {
  start({ HOOKS: 'yes', ...SNAP_START })
  await lambda.printed(/hooks of init: 3[\s\S]*before the snapshot/)
})

test('a function with a shutdown hook registers an extension for no events, before its first next', async () => {
  start({ HOOKS: 'yes' })
  await within(api.idle(), () => lambda.output)
  const [registration] = api.registrations
  assert.ok(registration?.header('lambda-extension-name'))
  assert.deepEqual(JSON.parse(String(registration?.body)), { events: [] })
  const extensionNext = () => api.requests.find(({ path }) => path.endsWith('/event/next'))
  await eventually(() => extensionNext() !== undefined, 'the extension asks for its next event')
  assert.equal(extensionNext()?.header('lambda-extension-identifier'), 'the-extension')
  assert.ok(
    api.requests.indexOf(registration as never) <
      api.requests.findIndex(({ path }) => path.endsWith('/invocation/next')),
  )
})

test('a function without a shutdown hook registers nothing', async () => {
  start({})
  await invoke(1)
  assert.deepEqual(api.registrations, [])
})

test('SIGTERM runs the hooks in reverse order, each whatever the others do, and ends the process well', async () => {
  start({ HOOKS: 'yes' })
  await invoke(1)
  lambda.signal('SIGTERM')
  assert.deepEqual(await lambda.exit(), { code: 0, signal: null })
  assert.match(lambda.output, /a hook that fails[\s\S]*shutdown hook 2[\s\S]*shutdown hook 1/)
})

test('SnapStart: before the snapshot, then the snapshot, then after it, then the first next', async () => {
  const snapshot = Promise.withResolvers<void>()
  api.restored = snapshot.promise
  start({ HOOKS: 'yes', ...SNAP_START })
  await lambda.printed(/before the snapshot/)
  const answered = invoke('event')
  await eventually(() => api.requests.some(({ path }) => path.endsWith('/restore/next')), 'it waits')
  assert.equal(
    api.requests.some(({ path }) => path.endsWith('/invocation/next')),
    false,
  )
  snapshot.resolve()
  assert.deepEqual((await answered).json(), { event: 'event', restored: 'restored' })
})

test('SnapStart without hooks still goes through restore/next', async () => {
  start(SNAP_START)
  await invoke(1)
  assert.ok(api.requests.some(({ path }) => path.endsWith('/restore/next')))
})

test('without SnapStart neither the hooks run nor restore/next is asked for', async () => {
  start({ HOOKS: 'yes' })
  assert.deepEqual((await invoke(1)).json(), { event: 1, restored: 'never' })
  assert.doesNotMatch(lambda.output, /before the snapshot/)
  assert.equal(
    api.requests.some(({ path }) => path.includes('/restore/')),
    false,
  )
})

test('a hook that fails before the snapshot is an init error', async () => {
  start({ HOOKS: 'fails before', ...SNAP_START })
  assert.equal((await lambda.exit()).code, 1)
  assert.equal(
    api.initErrors[0]?.header('lambda-runtime-function-error-type'),
    'Runtime.BeforeCheckpointError',
  )
  assert.match(String(api.initErrors[0]?.body), /not now/)
})

test('a hook that fails after the restore is a restore error', async () => {
  start({ HOOKS: 'fails after', ...SNAP_START })
  assert.equal((await lambda.exit()).code, 1)
  assert.equal(
    api.restoreErrors[0]?.header('lambda-runtime-function-error-type'),
    'Runtime.AfterRestoreError',
  )
  assert.match(String(api.restoreErrors[0]?.body), /not any more/)
  assert.deepEqual(api.initErrors, [])
})
