/** The AWS SDK's clients make a request in memory before there is an invocation, where nobody would see it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const PRIME = new URL('../../../src/runtime/prime/prime.ts', import.meta.url).href
const EXCHANGE = new URL('../../../src/runtime/prime/sdk-exchange.ts', import.meta.url).href
const FINDING = new URL('../../../src/build-time/sdk-exchanges.ts', import.meta.url).href
const REGISTRY = new URL('../../../src/executable/sdk-registry.ts', import.meta.url).href

const SDK = `
  const { SdkRegistry } = await import(${JSON.stringify(REGISTRY)})
  const { DynamoDBClient, GetItemCommand } = await import('@aws-sdk/client-dynamodb')
  const registry = new SdkRegistry()
  let made = 0
  class CountedCommand extends GetItemCommand { constructor(input) { super(input); made++ } }
  registry.register('DynamoDBClient', DynamoDBClient)
  registry.register('DynamoDBClient', CountedCommand, 'GetItemCommand')
  const exchange = { client: 'DynamoDBClient', command: 'GetItemCommand', input: { TableName: 'orders', Key: { id: { S: '1' } } }, answer: 'json' }
  const connected = []
  const { Socket } = await import('node:net')
  const { connect } = Socket.prototype`
const WATCH_SOCKETS =
  'Socket.prototype.connect = function (...all) { connected.push(all[0]); return connect.apply(this, all) }'
const LEFT = 'process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY|FS)/.test(name))'

/** What the statements leave in `result`, in a process of its own. */
async function run<Result>(statements: string, env: Record<string, string> = {}): Promise<Result> {
  const program = `${SDK}\nlet result\n${statements}\nconsole.log(JSON.stringify(result))`
  const parameters = ['--no-warnings', '--input-type=module', '-e', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, parameters, {
    timeout: 60_000,
    env: { HOME: '/nonexistent', AWS_REGION: 'eu-central-1', ...env },
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

const PRIMED = (before: string, after = '') => `
  const { prime, primeSdk } = await import(${JSON.stringify(PRIME)})
  ${before}
  await prime({ parts: ['https'], loadOnly: false, primesSdk: true })
  ;${after}
  await primeSdk({ exchanges: [exchange], registry, isolate: (work) => work() })
  result = { made, connected: connected.length }`

test('a client’s request is answered, nobody is connected to, and nothing is left', async () => {
  const result = await run(`
    ${WATCH_SOCKETS}
    const { exchangeBySdk } = await import(${JSON.stringify(EXCHANGE)})
    const { isSent, error } = await exchangeBySdk(registry, exchange)
    result = { isSent, error: String(error), connected: connected.length, left: ${LEFT} }`)
  assert.deepEqual(result, { isSent: true, error: 'undefined', connected: 0, left: [] })
})

for (const [what, env] of [
  ['a region and credentials of its own', { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' }],
  ['a profile, which is not looked for', { AWS_PROFILE: 'other', AWS_REGION: '' }],
  ['an endpoint without TLS', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }],
  ['another endpoint', { AWS_ENDPOINT_URL_DYNAMODB: 'https://127.0.0.1:1' }],
] as const) {
  test(`so it is with ${what}`, async () => {
    const result = await run(
      `
      ${WATCH_SOCKETS}
      const { exchangeBySdk } = await import(${JSON.stringify(EXCHANGE)})
      const { isSent, error } = await exchangeBySdk(registry, exchange)
      result = { isSent, error: String(error), connected: connected.length }`,
      env,
    )
    assert.deepEqual(result, { isSent: true, error: 'undefined', connected: 0 })
  })
}

test('it is done once the function’s module has been evaluated', async () => {
  assert.deepEqual(await run(PRIMED('')), { made: 1, connected: 0 })
})

for (const [what, change] of [
  [
    'subscribes to a diagnostics channel',
    "(await import('node:diagnostics_channel')).subscribe('http.client.request.start', () => {})",
  ],
  ['has an asynchronous hook', "(await import('node:async_hooks')).createHook({ init() {} }).enable()"],
  [
    'has a method of its own for Node.js’s requests',
    "const http = (await import('node:http')).default; const { request } = http; http.request = (...all) => request(...all)",
  ],
  [
    'has a method of its own on Node.js’s sockets',
    "const { Agent } = (await import('node:https')).default; Agent.prototype.createConnection = () => {}",
  ],
  [
    'has a method of its own on the language’s objects',
    'const { stringify } = JSON; JSON.stringify = (...all) => stringify(...all)',
  ],
  ['has a clock of its own', 'globalThis.Date = class extends Date {}'],
] as const) {
  test(`it is not for a function that ${what}`, async () => {
    assert.deepEqual(await run(PRIMED('', change)), { made: 0, connected: 0 })
  })
}

test('nor where a snapshot is taken of the process', async () => {
  const env = { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' }
  assert.deepEqual(await run(PRIMED(''), env), { made: 0, connected: 0 })
})

test('a PerformanceObserver is told of nothing', async () => {
  const observe = `
    const told = []
    new PerformanceObserver((list) => told.push(...list.getEntries())).observe({ entryTypes: ['http', 'net', 'dns'] })`
  const later =
    'await new Promise((resolve) => setTimeout(resolve, 20)); result = { made, told: told.length }'
  assert.deepEqual(await run(`${PRIMED('', observe)}\n${later}`), { made: 1, told: 0 })
})

for (const [what, client] of [
  ['cannot be made', 'class { constructor() { throw new Error("no") } }'],
  ['rejects', 'class { config = {}; async send() { throw new Error("no") } }'],
  ['throws as it ends', 'class { config = {}; async send() {} destroy() { throw new Error("no") } }'],
  ['never settles', 'class { config = {}; send() { return new Promise(() => {}) } }'],
  ['has no settings', 'class { async send() {} }'],
] as const) {
  test(`a client that ${what} keeps nobody waiting`, async () => {
    const began = Date.now()
    await run(PRIMED(`registry.register('DynamoDBClient', ${client})`))
    assert.ok(Date.now() - began < 20_000)
  })
}

test('the build finds out what a client can be primed with', async () => {
  const found = await run(`
    ${WATCH_SOCKETS}
    const s3 = await import('@aws-sdk/client-s3')
    registry.register('S3Client', s3.CreateSessionCommand, 'CreateSessionCommand')
    registry.register('S3Client', s3.S3Client)
    registry.register('S3Client', s3.GetObjectCommand, 'GetObjectCommand')
    registry.register('OtherClient', class { config = {}; async send() { throw new Error('no') } })
    registry.register('OtherClient', class {}, 'OtherCommand')
    registry.register('NoCommandsClient', class {})
    const { findSdkExchanges } = await import(${JSON.stringify(FINDING)})
    result = { found: await findSdkExchanges(registry), connected: connected.length }`)
  assert.deepEqual(found, {
    found: [
      { client: 'DynamoDBClient', command: 'GetItemCommand', input: {}, answer: 'json' },
      {
        client: 'S3Client',
        command: 'GetObjectCommand',
        input: { Bucket: 'lambdabin', Key: 'lambdabin' },
        answer: 'json',
      },
    ],
    connected: 0,
  })
})
