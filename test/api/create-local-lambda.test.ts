/** `createLocalLambda` of the API: a Lambda for tests and tools. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { createLocalLambda, type LocalLambdaOptions } from '../../src/api.ts'
import { fixturePackage, temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

function project(t: TestContext): string {
  const folder = temporaryFolder(t)
  writeFiles(folder, {
    'package.json': {},
    'lambdabin.config.json': {
      functions: {
        orders: { entry: 'src/orders.ts', include: ['data.txt'], env: { STAGE: 'orders' } },
        misbehaving: 'src/orders.ts',
      },
      esbuild: { define: { GREETING: '"hello"' } },
      timeout: 60,
    },
    'data.txt': 'included',
    'src/orders.ts': `
      import { readFileSync } from 'node:fs'
      import query from './query.sql'
      declare const GREETING: string
      export const handler = async (event: { fail?: boolean }) => {
        if (event.fail) throw new RangeError('asked to')
        return [event, process.env.STAGE, GREETING, query, readFileSync('data.txt', 'utf8')]
      }`,
    'src/query.sql': 'select 1',
  })
  mkdirSync(join(folder, 'dist'))
  fixturePackage(join(folder, 'dist'))
  return folder
}

async function start(t: TestContext, options: LocalLambdaOptions) {
  const created = await createLocalLambda({ timeout: 60, ...options })
  assert.ok(created.ok, created.ok ? '' : created.error.stack)
  t.after(() => created.lambda.close())
  return created.lambda
}

test('a local Lambda runs configured functions from source, and packages, for callers and over HTTP', async (t) => {
  const cwd = project(t)
  const lambda = await start(t, { cwd, watch: ['orders'], functions: ['misbehaving'] })
  assert.deepEqual([...lambda.functions].sort(), ['misbehaving', 'orders'])

  const result = await lambda.invoke('orders', { n: 1 })
  assert.ok(result.ok, result.ok ? '' : result.error.stack)
  assert.deepEqual(result.payload, [{ n: 1 }, 'orders', 'hello', 'select 1', 'included'])
  assert.match(result.logs, /REPORT RequestId/)

  const failed = await lambda.invoke('orders', { fail: true })
  assert.equal(failed.ok, false)
  assert.equal(failed.error.code, 'FUNCTION')
  assert.equal(failed.error.document?.errorType, 'RangeError')

  const gone = await lambda.invoke('nobody')
  assert.equal(gone.ok, false)
  assert.equal(gone.error.code, 'USAGE')
  assert.equal(
    gone.error.message,
    'Function not found: expected the name of a function, but got nobody; there are misbehaving, orders',
  )
  const unpublished = await lambda.invoke('orders', 1, { qualifier: '7' })
  assert.equal(!unpublished.ok && unpublished.error.code, 'USAGE')
  assert.match(
    unpublished.ok ? '' : unpublished.error.message,
    /^Function not found: orders has no version or alias 7; /,
  )

  const client = new LambdaClient({
    endpoint: lambda.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  t.after(() => client.destroy())
  const { Payload } = await client.send(new InvokeCommand({ FunctionName: 'misbehaving', Payload: '[1]' }))
  assert.equal(Payload?.transformToString(), '[1]')
  const response = await fetch(lambda.url('misbehaving'), { method: 'POST', body: 'text' })
  assert.equal(response.status, 200)
  assert.match(await response.text(), /"body":"text"/)
})

test('a local Lambda that is closed, by hand, by a signal or by its end of scope, leaves nothing', async (t) => {
  const cwd = project(t)
  const before = readdirSync(tmpdir())
  const controller = new AbortController()
  const byHand = await start(t, { cwd, functions: ['misbehaving'] })
  const bySignal = await start(t, { cwd, functions: ['misbehaving'], signal: controller.signal })
  {
    await using byScope = await start(t, { cwd, functions: ['misbehaving'] })
    assert.equal((await byScope.invoke('misbehaving', 1)).ok, true)
  }
  assert.equal((await byHand.invoke('misbehaving', 1)).ok, true)
  await byHand.close()
  const late = await byHand.invoke('misbehaving', 1)
  assert.equal(!late.ok && late.error.code, 'USAGE')
  assert.match(late.ok ? '' : late.error.message, /a local Lambda that is open, but this one is closed/)
  controller.abort()
  await bySignal.close()
  for (const { endpoint } of [byHand, bySignal]) {
    await assert.rejects(fetch(endpoint))
  }
  const left = readdirSync(tmpdir()).filter(
    (name) => /^lambdabin-\w{6}$/.test(name) && !before.includes(name),
  )
  assert.deepEqual(left, [])
  assert.equal(existsSync(join(cwd, '.lambdabin')), false)
})

test('what hears the logs of a local Lambda may throw: it is told so, and hears no more, and functions are invoked', async (t) => {
  const notices: string[] = []
  const lambda = await start(t, {
    cwd: project(t),
    functions: ['misbehaving'],
    onNotice: (notice) => notices.push(notice),
    openLog: () => () => {
      throw new Error('no disk')
    },
  })
  for (const event of [1, 2]) {
    const result = await lambda.invoke('misbehaving', event)
    assert.ok(result.ok, result.ok ? '' : result.error.stack)
    assert.equal(result.payload, event)
  }
  assert.deepEqual(notices, [
    'expected openLog to take what it hears, but it has thrown: no disk; catch that in it',
  ])
})

test('a configuration that is a function is called once, for however many functions, and not for paths', async (t) => {
  const cwd = project(t)
  let calls = 0
  const config = () => {
    calls += 1
    return { functions: { orders: 'src/orders.ts', users: 'src/orders.ts', misbehaving: 'src/orders.ts' } }
  }
  const lambda = await start(t, { cwd, config, watch: ['orders', 'users'], functions: ['misbehaving'] })
  assert.deepEqual([...lambda.functions].sort(), ['misbehaving', 'orders', 'users'])
  assert.equal(calls, 1)
  await start(t, { cwd, config, functions: ['dist/misbehaving'] })
  assert.equal(calls, 1)
})

for (const [options, message] of [
  [{ functions: ['gone.zip'] }, /expected a deployment package/],
  [{ watch: ['gone.ts'] }, /expected the file of a function after --watch, and gone\.ts cannot be read/],
  [{ watch: ['ordrs'] }, /has no function ordrs; did you mean orders\?/],
  [{ functions: ['misbehaving', 'dist/misbehaving'] }, /there are two called misbehaving/],
  [{ memory: 1 }, /expected memory in whole MB, from 128 to 10240, but got 1/],
] as const) {
  test(`a mistake in use is a value: ${JSON.stringify(options)}`, async (t) => {
    const created = await createLocalLambda({ cwd: project(t), ...options })
    assert.equal(created.ok, false)
    assert.equal(created.error.code, 'USAGE', created.error.stack)
    assert.match(created.error.message, message)
  })
}
