/** What is done before a function is loaded, so that its first invocation need not do it: it is done, and nobody sees it. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import tls from 'node:tls'
import { writeFiles } from '../support/projects/files.ts'
import {
  api,
  assertGoesOn,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'
import { LambdaProcess, within } from '../support/runtime-api/lambda-process.ts'

const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

const events = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(events, { recursive: true }))
writeFiles(events, {
  'call.json': { url: 'https://example.com/' },
  'no-call.json': {},
  'stubs.json': [{ request: 'https://example.com', response: {} }],
})
const run = (event: string) => ['--event', join(events, event), '--stub', join(events, 'stubs.json')]

useFixtures(
  'priming',
  'minimal',
  'random-ids',
  { name: 'calls', options: run('call.json') },
  { name: 'calls without calling', file: 'calls.ts', options: run('no-call.json') },
)

interface Report {
  readonly loadedAtStart: readonly string[]
  readonly atStart: readonly string[]
  readonly before: readonly string[]
  readonly sockets: readonly number[]
  readonly defaults: readonly string[]
  readonly marks: number
}

test('a function finds what it uses of Node.js loaded, and no trace of its having been used', {
  skip,
}, async () => {
  startFixture('priming')
  const { defaults, loadedAtStart, ...report } = (await invoke()).json<Report>()
  assert.deepEqual(loadedAtStart, ['https', 'tls', 'internal/deps/undici/undici'])
  assert.deepEqual(report, { atStart: [], before: [], sockets: [0, 0, 0], marks: 0 })
  assert.deepEqual(defaults, [
    tls.DEFAULT_MIN_VERSION,
    tls.DEFAULT_MAX_VERSION,
    tls.DEFAULT_CIPHERS,
    tls.DEFAULT_ECDH_CURVE,
  ])
  assert.equal(lambda.output, '')
  await assertGoesOn()
})

test('what was primed works', { skip }, async (t) => {
  const server = createServer((_, response) => response.end('Hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  startFixture('priming')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  assert.deepEqual((await invoke({ url })).json(), { fetched: 'Hello' })
})

test('with LAMBDABIN_PRIME=0 nothing is primed', { skip }, async () => {
  startFixture('priming', 'priming', { LAMBDABIN_PRIME: '0' })
  assert.deepEqual((await invoke()).json<Report>().loadedAtStart, [])
})

const ALL = ['https', 'tls', 'internal/deps/undici/undici']
for (const [memory, environment, loaded] of [
  ['600', {}, ALL],
  ['1024', {}, ['tls', 'internal/deps/undici/undici']],
  ['1769', {}, []],
  ['1769', { LAMBDABIN_PRIME: '1' }, ALL],
  ['1769', { AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency' }, ALL],
] as const) {
  test(`with ${memory} MB and ${JSON.stringify(environment)}, what is primed is worth its time`, {
    skip,
  }, async () => {
    startFixture('priming', 'priming', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory, ...environment })
    assert.deepEqual((await invoke()).json<Report>().loadedAtStart, loaded)
  })
}

for (const [what, env] of [
  ['a proxy of the environment', { NODE_USE_ENV_PROXY: '1' }],
  ['certificates that are not checked', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ['debugging output of Node.js', { NODE_DEBUG: 'tls,http' }],
  ['a log of TLS keys', { NODE_OPTIONS: '--tls-keylog=/dev/stderr' }],
] as const) {
  test(`with ${what}, modules are loaded and nothing is seen`, { skip }, async () => {
    startFixture('priming', 'priming', env)
    const { loadedAtStart, before } = (await invoke()).json<Report>()
    assert.ok(loadedAtStart.includes('https'), `${loadedAtStart}`)
    assert.deepEqual(before, [])
    assert.doesNotMatch(lambda.output, /TLS|CLIENT_|NODE_TLS_REJECT|HTTP \d/)
  })
}

for (const [name, primed] of [
  ['priming', ['priming of https: done', 'priming of fetch: done']],
  ['minimal', []],
  ['random-ids', ['priming of crypto: done']],
  ['calls', ['priming of crypto: done', 'priming of https: done']],
  // It has loaded https, too.
  ['calls without calling', ['priming of crypto: done']],
] as const) {
  test(`the self-test of ${name} tells what is primed: ${primed.length} parts`, { skip }, async (t) => {
    const parameters = ['--lambdabin-self-test']
    const options = { runtimeApi: api.address, handler: basename(fixture(name).executable), parameters }
    const process = new LambdaProcess(fixture(name).executable, options)
    t.after(() => process.stop())
    await within(api.idle(), () => `its first request; it printed: ${process.output}`)
    await process.outputSoFar()
    assert.deepEqual(process.output.match(/priming of .*/g) ?? [], primed)
  })
}
