import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { processesKnowing } from '../support/emulator/environment-processes.ts'
import { fixturePackage, temporaryFolder } from '../support/emulator/fixture-package.ts'
import { createFixture, fixtureZip } from '../support/emulator/local-emulator.ts'
import { type ServeProcess, startServe } from '../support/emulator/serve-process.ts'
import { eventually } from '../support/eventually.ts'
import { runLambdabin } from '../support/projects/command.ts'

async function create({ endpoint }: ServeProcess, functionName: string): Promise<void> {
  const client = new LambdaClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  })
  await createFixture(client, functionName)
  client.destroy()
}

async function startIn(context: TestContext, ...args: string[]): Promise<ServeProcess & { folder: string }> {
  const folder = temporaryFolder(context)
  return { ...(await startServe(context, folder, args)), folder }
}

test('a folder or a zip on the command line is served under its name, with the options given', async (context) => {
  const folder = temporaryFolder(context)
  const zip = join(folder, 'orders.zip')
  writeFileSync(zip, await fixtureZip('orders'))
  const packaged = fixturePackage(folder)
  writeFileSync(join(folder, 'variables'), 'FROM_FILE=one\n')
  const options = ['--timeout', '60', '--memory', '512', '--env', 'STAGE=test', '--env-file', 'variables']
  const serve = await startServe(context, folder, [zip, packaged, ...options])
  assert.equal(await (await serve.invoke('orders', { n: 1 })).text(), '{"n":1}')
  const described = await serve.invoke('misbehaving', { do: 'describe its environment' })
  const { environment } = (await described.json()) as { environment: Record<string, string> }
  assert.equal(environment.STAGE, 'test')
  assert.equal(environment.FROM_FILE, 'one')
  assert.equal(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, '512')
  assert.equal(environment.HOME, undefined, "nothing of the host's")
  assert.equal(environment.AWS_LAMBDA_RUNTIME_API?.split(':')[0], '127.0.0.1')
  assert.match(serve.stderr(), /^orders START RequestId: /m)
  assert.ok(!serve.stderr().includes('\u001b'), 'no colours: it is no terminal')
  assert.deepEqual(readdirSync(join(folder, '.lambdabin/functions')), [], 'it ends with the emulator')
})

test('SIGTERM ends it in good order: status 0, no process and no folder left', async (context) => {
  const serve = await startIn(context)
  await create(serve, 'orders')
  await serve.invoke('orders', 1)
  const work = join(serve.folder, '.lambdabin/work')
  assert.equal(processesKnowing(work).length, 1)
  assert.deepEqual(await serve.end('SIGTERM'), { status: 0, signal: null })
  assert.deepEqual(processesKnowing(work), [])
  assert.ok(!existsSync(work))
})

test('killed in mid-flight and started again, it has its functions and its queued events, and no strays', async (context) => {
  const folder = temporaryFolder(context)
  const work = join(folder, '.lambdabin/work')
  const first = await startServe(context, folder)
  await create(first, 'orders')
  await create(first, 'billing')
  const inFlight = first.invoke('orders', { do: 'hang' }).catch(() => 'cut')
  const event = { 'X-Amz-Invocation-Type': 'Event' }
  const queued = await Promise.all(
    Array.from({ length: 5 }, (_, n) => first.invoke('billing', { do: 'hang', n }, event)),
  )
  const requestIds = queued.map((answer) => answer.headers.get('x-amzn-requestid') ?? '')
  await eventually(() => first.stderr().split('hanging').length > 3, 'functions are running')
  const strays = processesKnowing(work)
  assert.ok(strays.length > 0)
  await first.end('SIGKILL')
  assert.equal(await inFlight, 'cut')

  const second = await startServe(context, folder)
  assert.deepEqual(
    processesKnowing(work).filter((pid) => strays.includes(pid)),
    [],
  )
  assert.equal(await (await second.invoke('orders', 'still here')).text(), '"still here"')
  await eventually(
    () => requestIds.every((requestId) => second.stderr().includes(`START RequestId: ${requestId}`)),
    'the queued events are run',
  )
  await second.end('SIGTERM')
})

test('a second emulator is told that the folder is taken', async (context) => {
  const serve = await startIn(context)
  const second = await runLambdabin(['serve', '--port', '0'], { cwd: serve.folder })
  assert.equal(second.status, 2)
  assert.match(second.stderr, /^lambdabin: [^\n]+ uses the folder .*; .*--state\n$/)
  assert.ok(
    second.stderr.startsWith(`lambdabin: lambdabin serve, process ${serve.pid}, uses the folder`),
    second.stderr,
  )
})

test('a port that is taken is told in one sentence', async (context) => {
  const serve = await startIn(context)
  const { port } = new URL(serve.endpoint)
  const second = await runLambdabin(['serve', '--port', port, '--state', 'other'], { cwd: serve.folder })
  assert.equal(second.status, 2)
  assert.match(
    second.stderr,
    new RegExp(
      `^lambdabin: expected to listen on 127\\.0\\.0\\.1 port ${port}, but lambdabin serve, process ${serve.pid}, listens there; .*--port`,
    ),
  )
})

test('mistakes in its use are told in one sentence each, with status 2', async (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'orders.ts'), 'export const handler = () => 1\n')
  const cases: [string[], RegExp][] = [
    [['orders.ts'], /--watch orders\.ts/],
    [['nowhere.zip'], /cannot read nowhere\.zip/],
    [['--watch', 'nowhere.ts'], /nowhere\.ts cannot be read/],
    [['--inspect'], /--inspect --watch/],
    [['--port', 'http'], /--port with a whole number/],
    [['--concurrency', '0'], /--concurrency with a whole number from 1/],
    [['--region', 'Mars'], /--region/],
    [['--invoke-mode', 'FAST'], /RESPONSE_STREAM/],
    [['--concurency', '1'], /did you mean --concurrency\?/],
    [['--memory', '64'], /--memory in whole MB, from 128/],
  ]
  for (const [args, message] of cases) {
    const { status, stderr, stdout } = await runLambdabin(['serve', ...args], { cwd: folder })
    assert.equal(status, 2, args.join(' '))
    assert.match(stderr, message)
    assert.match(stderr, /^lambdabin: [^\n]+\n$/)
    assert.equal(stdout, '')
  }
})
