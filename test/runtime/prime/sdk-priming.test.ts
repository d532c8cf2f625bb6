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
  [
    'has a method of its own on a client’s class, as mocks have',
    'const { send } = DynamoDBClient.prototype; DynamoDBClient.prototype.send = function (...all) { return send.apply(this, all) }',
  ],
  [
    'has a method of its own on what all clients extend',
    'const Client = Object.getPrototypeOf(DynamoDBClient); const { send } = Client.prototype; Client.prototype.send = function (...all) { return send.apply(this, all) }',
  ],
] as const) {
  test(`it is not for a function that ${what}`, async () => {
    assert.deepEqual(await run(PRIMED('', change)), { made: 0, connected: 0 })
  })
}

test('nor where a snapshot is taken of the process', async () => {
  const env = { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' }
  assert.deepEqual(await run(PRIMED(''), env), { made: 0, connected: 0 })
})

for (const env of [{ AWS_CONFIG_FILE: '/tmp/config' }, { HOME: '/tmp' }, { HOME: '/mnt/home' }] as const) {
  test(`nor where the function may write what the SDK reads once, ${JSON.stringify(env)}`, async () => {
    assert.deepEqual(await run(PRIMED(''), env), { made: 0, connected: 0 })
  })
}

test('it is where the files of settings are in the package', async () => {
  const env = {
    AWS_CONFIG_FILE: '/var/task/config',
    AWS_SHARED_CREDENTIALS_FILE: '/opt/credentials',
    HOME: '/tmp',
  }
  assert.deepEqual(await run(PRIMED(''), env), { made: 1, connected: 0 })
})

for (const [type, requests] of [
  ['snap-start', 1],
  ['on-demand', 0],
] as const) {
  test(`of Node.js itself ${requests} requests are primed for a function with clients to prime, ${type}`, async () => {
    const env = { AWS_LAMBDA_INITIALIZATION_TYPE: type }
    const found = await run(
      `
      const { Agent } = (await import('node:http')).default
      const { addRequest } = Agent.prototype
      let asked = 0
      Agent.prototype.addRequest = function (...all) { asked++; return addRequest.apply(this, all) }
      const { prime } = await import(${JSON.stringify(PRIME)})
      await prime({ parts: ['https'], loadOnly: false, primesSdk: true })
      result = asked`,
      env,
    )
    assert.equal(found, requests)
  })
}

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

test('nor does the build look for requests where a client’s class has such a method', async () => {
  const found = await run(`
    DynamoDBClient.prototype.send = async () => ({})
    const { findSdkExchanges } = await import(${JSON.stringify(FINDING)})
    result = await findSdkExchanges(registry)`)
  assert.deepEqual(found, [])
})

test('of a client’s commands a usual one is taken, and a client that cannot be primed takes nobody’s place', async () => {
  const commands = await run(`
    const found = new SdkRegistry()
    const answering = class { config = {}; async send() {} }
    for (const client of ['FirstClient', 'SecondClient', 'ThirdClient', 'FourthClient', 'FifthClient']) {
      found.register(client, client === 'FirstClient' ? class { config = {}; async send() { throw new Error('no') } } : answering)
      for (const command of ['AbortMultipartUploadCommand', 'DeleteObjectCommand', 'PutObjectCommand', 'GetObjectCommand', 'GetObjectAclCommand']) {
        found.register(client, class {}, command)
      }
    }
    const { findSdkExchanges } = await import(${JSON.stringify(FINDING)})
    result = (await findSdkExchanges(found)).map(({ client, command }) => client + ' ' + command)`)
  assert.deepEqual(commands, [
    'SecondClient PutObjectCommand',
    'ThirdClient PutObjectCommand',
    'FourthClient PutObjectCommand',
  ])
})

for (const [what, code] of [
  [
    'compares what it has sent with the answer’s digest',
    "if (output.MD5OfMessageBody !== 'd41d8cd98f00b204e9800998ecf8427e') throw new Error('InvalidChecksumError')",
  ],
  [
    'asks for the endpoint to ask',
    'if (!output.Endpoints[0].Address || !output.Endpoints[0].CachePeriodInMinutes) throw new Error()',
  ],
] as const) {
  test(`a client that ${what} is primed`, async () => {
    const found = await run(`
      const queues = new SdkRegistry()
      class QueueClient extends DynamoDBClient {
        async send(command) {
          const agents = await this.config.requestHandler.configProvider
          const { request } = (await import('node:https')).default
          const output = await new Promise((resolve, reject) => {
            const asked = request('https://queue.invalid', { agent: agents.httpsAgent, method: 'POST' }, async (response) => {
              resolve(JSON.parse(Buffer.concat(await response.toArray()).toString()))
            })
            asked.on('error', reject).end()
          })
          ${code}
        }
      }
      queues.register('QueueClient', QueueClient)
      queues.register('QueueClient', class {}, 'SendMessageCommand')
      const { findSdkExchanges } = await import(${JSON.stringify(FINDING)})
      result = await findSdkExchanges(queues)`)
    assert.deepEqual(found, [
      { client: 'QueueClient', command: 'SendMessageCommand', input: {}, answer: 'json' },
    ])
  })
}

test('a client that another one has for its credentials is none to prime, but by itself', async () => {
  const found = await run(`
    const alone = new SdkRegistry()
    const both = new SdkRegistry()
    const Client = class { config = {}; async send() {} }
    for (const [found, clients] of [[alone, ['STSClient']], [both, ['STSClient', 'SQSClient']]]) {
      for (const client of clients) {
        found.register(client, Client)
        for (const command of client === 'STSClient' ? ['AssumeRoleCommand', 'AssumeRoleWithWebIdentityCommand'] : ['SendMessageCommand']) {
          found.register(client, class {}, command)
        }
      }
    }
    const { findSdkExchanges } = await import(${JSON.stringify(FINDING)})
    result = await Promise.all([alone, both].map(async (each) => (await findSdkExchanges(each)).map(({ client }) => client)))`)
  assert.deepEqual(found, [['STSClient'], ['SQSClient']])
})
