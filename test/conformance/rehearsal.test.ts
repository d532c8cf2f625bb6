/** The handler is rehearsed in the init phase where its author asks for it, and reaches nobody by that. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
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

const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined
const STUBS = `
- request: GET https://api.example.com/orders
  response: { body: [o-1842] }
- request: http://prices.example/*
  response: { status: 203, body: '7' }
`
const ANSWERS = [
  '200 ["o-1842"]',
  '203 7',
  '404 There is no answer to this request in the file of stubs.',
  '["o-1842"]',
]
const REHEARSAL = '00000000-0000-0000-0000-000000000000'

const removals: (() => void)[] = []
after(() => {
  for (const remove of removals) {
    remove()
  }
})
const folder = temporaryFiles(
  { after: (remove) => removals.push(remove) },
  { 'stubs.yaml': STUBS, 'event.json': {}, 'last.json': { isLast: true } },
)

const OPTIONS = ['--event', `${folder}/event.json`, '--stub', `${folder}/stubs.yaml`, '--rehearse']

useFixtures(
  { name: 'rehearsed', options: OPTIONS },
  { name: 'initialised', file: 'rehearsed.ts', options: [...OPTIONS, '--init', 'build'] },
  { name: 'garbage', options: OPTIONS },
)

interface State {
  readonly calls: readonly { readonly id: string; readonly answers: readonly string[] }[]
  readonly sockets: readonly string[]
}
const start = (env: Record<string, string> = {}) => startFixture('rehearsed', 'rehearsed', env)
const state = async () => (await invoke({ more: true })).json<State>()

test('the handler has been called with its event, and has had its answers from the stubs', {
  skip,
}, async () => {
  start()
  const { calls, sockets } = await state()
  assert.deepEqual(calls, [{ id: REHEARSAL, answers: ANSWERS }])
  assert.deepEqual(sockets, [])
  assert.equal(lambda.output, '')
  await assertGoesOn()
})

test('with --init build it is called in the execution environment, after Node.js was primed there', {
  skip,
}, async (t) => {
  startFixture('initialised', 'rehearsed')
  assert.deepEqual((await state()).calls, [{ id: REHEARSAL, answers: ANSWERS }])
  assert.equal(lambda.output, '')
  const parameters = ['--lambdabin-self-test']
  const options = { runtimeApi: undefined, handler: undefined, parameters }
  const byHand = new LambdaProcess(fixture('initialised').executable, options)
  t.after(() => byHand.stop())
  assert.deepEqual(await byHand.exit(), { code: 0, signal: null })
  assert.deepEqual(byHand.output.match(/priming of .*/g), [
    'priming of https: done',
    'priming of fetch: done',
  ])
})

test('with LAMBDABIN_PRIME=0 it has not', { skip }, async () => {
  start({ LAMBDABIN_PRIME: '0' })
  assert.deepEqual((await state()).calls, [])
})

const garbageLeft = async (env: Record<string, string>) => {
  startFixture('garbage', 'garbage', env)
  return (await invoke({})).json<number>()
}

test('garbage of the init phase is collected in it, and not in the first invocation', { skip }, async () => {
  const left = await garbageLeft({})
  assert.ok(left < 1_800_000, `${left} bytes`)
})

test('without a rehearsal that garbage is left to V8', { skip }, async () => {
  const left = await garbageLeft({ LAMBDABIN_PRIME: '0' })
  assert.ok(left > 2_200_000, `${left} bytes`)
})

test('what it would write to a connection that was there is not written', { skip }, async (t) => {
  const received: string[] = []
  const server = createServer((socket) => {
    socket.on('data', (bytes) => received.push(String(bytes))).on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  start({ DATABASE: String((server.address() as AddressInfo).port) })
  assert.equal((await state()).calls.length, 1)
  assert.deepEqual(received, [])
})

test('one that fails is told in a line, and the first invocation comes', { skip }, async () => {
  start({ MOOD: 'throws' })
  assert.equal((await state()).calls.length, 1)
  assert.match(
    lambda.output,
    /WARN\tlambdabin: the rehearsal of the handler came to no end.*RangeError: not in the mood\n/,
  )
})

test('what it leaves behind fails nobody', { skip }, async () => {
  start({ MOOD: 'rejects' })
  assert.equal((await state()).calls.length, 1)
  assert.equal(lambda.output, '')
  await assertGoesOn()
})

test('one that ends its process is told in a line, and the first invocation comes', { skip }, async () => {
  start({ MOOD: 'ends' })
  assert.equal((await state()).calls.length, 1)
  assert.match(lambda.output, /: the handler calls process\.exit, and a rehearsal is not to end the process;/)
  await assertGoesOn()
})

test('one that does not come to its end is given up after 2 s, and reaches nobody later', {
  skip,
}, async () => {
  start({ MOOD: 'never settles' })
  assert.equal((await state()).calls.length, 1)
  assert.match(lambda.output, /it took over 2 s/)
  assert.equal((await invoke({ later: true })).json(), 'a rehearsal connects to nobody once it is over')
})

test('SnapStart: it is over before the snapshot is taken', { skip }, async () => {
  start({ AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' })
  assert.equal((await state()).calls.length, 1)
  assert.ok(api.requests.some(({ path }) => path.endsWith('/restore/next')))
})

const hasRehearsal = (executable: string) => readFileSync(executable).includes('"rehearsal":{')

for (const [init, title, body] of [
  ['lambda', 'ends its process', 'process.exit(0)'],
  ['build', 'ends its process', 'process.exit(0)'],
  ['lambda', 'never comes to an end', 'for (;;) {}'],
] as const) {
  test(`where the handler ${title} with an event, init at ${init}, it is not rehearsed, and told so`, {
    skip,
  }, async () => {
    const entry = join(folder, `${init}.ts`)
    writeFileSync(entry, `export const handler = async (event) => { if (event.isLast) { ${body} } return 1 }`)
    const result = await build({
      functions: [entry],
      rehearse: true,
      event: [`${folder}/event.json`, `${folder}/last.json`],
      init,
      config: false,
      outDir: folder,
    })
    const [built] = result.functions
    assert.match(String(built?.notes), /the handler is not rehearsed, since with the sample events/)
    assert.equal(hasRehearsal(join(folder, init, init)), false)
    assert.equal(hasRehearsal(fixture('rehearsed').executable), true)
  })
}

test('a rehearsal without an event is refused in a sentence', async () => {
  const result = await build({
    functions: [fixturePath('rehearsed.ts')],
    rehearse: true,
    config: false,
    outDir: folder,
  })
  assert.match(
    result.ok ? '' : result.error.message,
    /a rehearsal calls the handler with sample events, and there are none; give one with --event/,
  )
})
