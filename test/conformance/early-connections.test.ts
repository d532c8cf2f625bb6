/** Connections are opened in the init phase, where a function's author asks for that, and the first request goes over them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { build } from '../../src/api/build.ts'
import { fixturePath } from '../support/projects/built-function.ts'
import { temporaryFiles } from '../support/projects/files.ts'
import {
  api,
  assertGoesOn,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'
import { LambdaProcess } from '../support/runtime-api/lambda-process.ts'
import { SecureServer } from '../support/secure-server.ts'

const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

const endings: (() => unknown)[] = []
after(() => Promise.all(endings.map((end) => end())))
const server = await SecureServer.start({
  answer: ({ method }, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.0')
    response.end(method === 'POST' ? '{"Item":{"id":{"S":"o-1842"}}}' : 'Hello')
  },
})
endings.push(() => server.stop())
const folder = temporaryFiles(
  { after: (remove) => endings.push(remove) },
  {
    'event.json': {},
    'stubs.yaml': '- request: https://localhost:*\n  response: { body: a stub }\n',
  },
)
/** The tests' region is `localhost`. */
const CONNECT = ['--connect', `{region}:${server.port}`]
const REHEARSE = ['--event', `${folder}/event.json`, '--stub', `${folder}/stubs.yaml`, '--rehearse']

useFixtures(
  { name: 'connecting', options: [...CONNECT, ...REHEARSE] },
  { name: 'initialised', file: 'connecting.ts', options: [...CONNECT, '--init', 'build'] },
)

const ENVIRONMENT = {
  ...server.environment,
  AWS_REGION: 'localhost',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  URL_TO_CALL: `https://${server.host}`,
}

/** What the server has seen since this was called. */
function watch(): () => { connections: number; handshakes: number } {
  const { connections, handshakes } = server
  const { full, resumed } = handshakes
  return () => ({
    connections: server.connections - connections,
    handshakes: server.handshakes.full - full + server.handshakes.resumed - resumed,
  })
}

for (const [name, rehearsed] of [
  ['connecting', ['a stub']],
  ['initialised', []],
] as const) {
  for (const [kind, answer] of [
    ['https', 'Hello'],
    ['agent', 'Hello'],
    ['fetch', 'Hello'],
    ['sdk', 'o-1842'],
  ] as const) {
    test(`${name}: the first request of ${kind} goes over the connection that was there before it`, {
      skip,
    }, async () => {
      const seen = watch()
      startFixture(name, 'connecting', ENVIRONMENT)
      await assertGoesOn()
      assert.deepEqual(seen(), { connections: 1, handshakes: 1 })
      assert.deepEqual((await invoke({ kind })).json(), { isLoaded: true, rehearsed, answer })
      assert.deepEqual(seen(), { connections: 1, handshakes: 1 })
      assert.equal(lambda.output, '')
    })
  }
}

test('where several invocations come at once, each thread has a connection of its own', {
  skip,
}, async () => {
  const seen = watch()
  startFixture('connecting', 'connecting', {
    ...ENVIRONMENT,
    AWS_LAMBDA_MAX_CONCURRENCY: '2',
    AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
  })
  const answers = await Promise.all([invoke({ kind: 'fetch' }), invoke({ kind: 'fetch' })])
  assert.deepEqual(
    answers.map((answer) => answer.json<{ isLoaded: boolean; answer: string }>()),
    Array(2).fill({ isLoaded: true, rehearsed: ['a stub'], answer: 'Hello' }),
  )
  // One thread may have had both.
  assert.ok(seen().connections <= 3, `${seen().connections}`)
  assert.equal(lambda.output, '')
})

for (const [what, env] of [
  ['LAMBDABIN_CONNECT=0', { LAMBDABIN_CONNECT: '0' }],
  ['SnapStart', { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' }],
  ['a proxy of the environment', { NODE_USE_ENV_PROXY: '1' }],
] as const) {
  test(`with ${what} nothing is connected early, and the function calls as ever`, { skip }, async () => {
    const seen = watch()
    startFixture('connecting', 'connecting', { ...ENVIRONMENT, ...env })
    assert.deepEqual((await invoke()).json<{ isLoaded: boolean }>().isLoaded, false)
    assert.equal(seen().connections, 0)
    assert.equal((await invoke({ kind: 'https' })).json<{ answer: string }>().answer, 'Hello')
    assert.equal(lambda.output, '')
  })
}

test('with LAMBDABIN_PRIME=0 connections are opened all the same, and the variable of their own names other hosts', {
  skip,
}, async () => {
  const seen = watch()
  startFixture('connecting', 'connecting', {
    ...ENVIRONMENT,
    AWS_REGION: 'eu-central-1',
    LAMBDABIN_PRIME: '0',
    LAMBDABIN_CONNECT: `localhost:1, ${server.host}`,
  })
  const { rehearsed, answer } = (await invoke({ kind: 'sdk' })).json<Record<string, unknown>>()
  assert.deepEqual([rehearsed, answer, seen().connections], [[], 'o-1842', 1])
  assert.match(
    lambda.output,
    /^[^\n]*WARN\tlambdabin: no connection to localhost:1 was opened in the init phase, so the first request to it will take longer: [^\n]*ECONNREFUSED[^\n]*\n$/,
  )
})

test('hosts that cannot be found, or do not answer, hold the first invocation up for a second at most', {
  skip,
}, async (t) => {
  const mute = createServer().listen(0, 'localhost')
  await once(mute, 'listening')
  t.after(() => mute.close())
  const { port } = mute.address() as AddressInfo
  startFixture('connecting', 'connecting', {
    ...ENVIRONMENT,
    LAMBDABIN_CONNECT: `localhost:${port} nobody.invalid`,
  })
  assert.equal((await invoke({ kind: 'https' })).json<{ answer: string }>().answer, 'Hello')
  assert.match(lambda.output, new RegExp(`localhost:${port} .*it took over 1000 ms\n`))
  assert.match(lambda.output, /nobody\.invalid .*ENOTFOUND/)
})

for (const name of ['connecting', 'initialised']) {
  test(`${name}: the self-test by hand connects, and tells of it`, { skip }, async (t) => {
    const parameters = ['--lambdabin-self-test']
    const env = { ...ENVIRONMENT, LAMBDABIN_CONNECT: `${server.host} localhost:1` }
    const options = { runtimeApi: undefined, handler: undefined, parameters, env }
    const byHand = new LambdaProcess(fixture(name).executable, options)
    t.after(() => byHand.stop())
    assert.deepEqual(await byHand.exit(), { code: 0, signal: null })
    assert.match(byHand.output, new RegExp(`lambdabin: connecting to ${server.host}: done in \\d+ ms\n`))
    assert.match(byHand.output, /lambdabin: connecting to localhost:1: failed: .*ECONNREFUSED/)
  })
}

test('the build’s own trial connects to nobody, and V8 takes the code cache of what would', {
  skip,
}, async (t) => {
  const seen = watch()
  const options = {
    ...{ runtimeApi: api.address, handler: 'connecting', parameters: ['--lambdabin-self-test'] },
    env: ENVIRONMENT,
  }
  const trial = new LambdaProcess(fixture('connecting').executable, options)
  t.after(() => trial.stop())
  await assertGoesOn()
  await trial.outputSoFar()
  assert.match(trial.output, /code cache of the connect: accepted\n/)
  assert.equal(seen().connections, 0)
})

for (const host of [
  'https://api.example.com',
  'api.example.com/orders',
  'localhost:0',
  'localhost:65536',
  '{account}.example.com',
  '',
]) {
  test(`--connect ${host || 'nothing'} is refused in a sentence`, async () => {
    const functions = [fixturePath('connecting.ts')]
    const result = await build({ functions, connect: ['a.example.com', host], config: false, outDir: folder })
    assert.match(
      result.ok ? '' : result.error.message,
      /connect expects hosts, as in dynamodb\.\{region\}\.amazonaws\.com or api\.example\.com:8443, and got ".*"; leave out what else a URL has/,
    )
  })
}
