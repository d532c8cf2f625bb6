/** Clients of the AWS SDK are primed between the function's module and its first invocation, and the function sees nothing of it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { writeFiles } from '../support/projects/files.ts'
import {
  assertGoesOn,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'

const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

const events = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(events, { recursive: true }))
writeFiles(events, { 'no-call.json': {}, 'stubs.json': [{ request: 'https://example.com', response: {} }] })

const file = 'sdk-priming.ts'
useFixtures(
  { name: 'sdk-priming', file },
  { name: 'sdk-priming in a snapshot', file, options: ['--init', 'build'] },
  {
    name: 'sdk-priming without a request',
    file,
    options: ['--event', join(events, 'no-call.json'), '--stub', join(events, 'stubs.json')],
  },
  { name: 'sdk-priming without stubs', file, options: ['--event', join(events, 'no-call.json')] },
)

interface Report {
  /** How much of what Node.js waits for there was between the function's module and its first invocation. */
  readonly waitedFor: number
}

/** It is 5 without priming, and 60 with it. */
const PRIMED = 25

for (const name of ['sdk-priming', 'sdk-priming in a snapshot']) {
  test(`${name}: a client has made a request, and none of the function’s has`, { skip }, async () => {
    startFixture(name, 'sdk-priming')
    const { waitedFor, ...seen } = (await invoke()).json<Report>()
    assert.ok(waitedFor > PRIMED, `${waitedFor}`)
    assert.deepEqual(seen, { seen: [], resources: [], sockets: [0, 0, 0] })
    assert.equal(lambda.output, '')
    await assertGoesOn()
  })

  test(`${name}: the function's own requests go where they are to go`, { skip }, async (t) => {
    const server = createServer((_, response) =>
      response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"Item":{"id":{"S":"o-1842"}}}'),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    startFixture(name, 'sdk-priming', { AWS_REGION: 'eu-central-1' })
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    assert.deepEqual((await invoke({ endpoint })).json(), { id: { S: 'o-1842' } })
  })

  test(`${name}: the self-test tells what is primed`, { skip }, async () => {
    const run = promisify(execFile)(fixture(name).executable, ['--lambdabin-self-test'], { env: {} })
    const { stderr } = await run
    assert.match(stderr, /the AWS SDK is primed: DynamoDBClient, GetItemCommand/)
  })
}

for (const [what, env] of [
  ['LAMBDABIN_PRIME=0', { LAMBDABIN_PRIME: '0' }],
  ['a module that is preloaded', { NODE_OPTIONS: '--import data:text/javascript,' }],
  ['debugging output of Node.js', { NODE_DEBUG: 'https' }],
  ['a third of a CPU and more', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '768' }],
] as const) {
  test(`with ${what} no client is primed`, { skip }, async () => {
    startFixture('sdk-priming', 'sdk-priming', env)
    const { waitedFor } = (await invoke()).json<Report>()
    assert.ok(waitedFor < PRIMED, `${waitedFor}`)
  })
}

test('nor is one of a function that has sent nothing as it handled its events', { skip }, async () => {
  startFixture('sdk-priming without a request', 'sdk-priming')
  const { waitedFor } = (await invoke()).json<Report>()
  assert.ok(waitedFor < PRIMED, `${waitedFor}`)
})

test('without stubs its events say nothing of that: an SDK without credentials ends before it connects', {
  skip,
}, async () => {
  startFixture('sdk-priming without stubs', 'sdk-priming')
  const { waitedFor } = (await invoke()).json<Report>()
  assert.ok(waitedFor > PRIMED, `${waitedFor}`)
})
