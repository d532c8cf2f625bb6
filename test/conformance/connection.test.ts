/** Where the Runtime API may be, and what a process may not do, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api, invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'

useFixtures('contract')

const port = () => api.address.split(':')[1]

test('the Runtime API may be named', async () => {
  startFixture('contract', 'contract', { AWS_LAMBDA_RUNTIME_API: `localhost:${port()}` })
  for (const text of ['Hello', 'x'.repeat(1_000_000)]) {
    assert.deepEqual((await invoke({ text })).json(), { text })
  }
  await lambda.stop()
  // The server knows itself by its address.
  assert.deepEqual(new Set(api.violations.splice(0)), new Set([`Host is localhost:${port()}`]))
})

test('a process that may not reach what Node.js is made of answers all the same', async () => {
  startFixture('contract', 'contract', { NODE_OPTIONS: '--permission --allow-fs-read=*' })
  for (const text of ['Hello', 'x'.repeat(1_000_000)]) {
    assert.deepEqual((await invoke({ text })).json(), { text })
  }
})

test('nothing of the runtime is deprecated, as far as the function’s logs tell', async () => {
  startFixture('contract', 'contract', { NODE_OPTIONS: '--pending-deprecation' })
  assert.deepEqual((await invoke({ text: 'Hello' })).json(), { text: 'Hello' })
  assert.doesNotMatch(lambda.output, /DEP\d+/)
})
