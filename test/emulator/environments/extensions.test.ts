import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ExecutionEnvironment } from '../../../src/emulator/environments/execution-environment.ts'
import { createInvocation } from '../../../src/runtime-api/invocation.ts'
import { fixturePackage, temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { fixtureSandbox } from '../../support/emulator/fixture-sandbox.ts'
import { eventually } from '../../support/eventually.ts'

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:misbehaving'

/** A small extension: registers, tells what it is told, and does what the test says with it. */
const EXTENSION = (onEvent: string, before = '') => `#!${process.execPath}
const { basename } = require('node:path')
const { createServer } = require('node:http')
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API
const name = basename(process.argv[1])
const say = (text) => process.stdout.write(name + ': ' + text + '\\n')
const run = async () => {
  const registered = await fetch(api + '/2020-01-01/extension/register', {
    method: 'POST',
    headers: { 'Lambda-Extension-Name': name, 'Lambda-Extension-Accept-Feature': 'accountId' },
    body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }),
  })
  const identifier = registered.headers.get('lambda-extension-identifier')
  const headers = { 'Lambda-Extension-Identifier': identifier }
  say('registered ' + JSON.stringify(await registered.json()))
  ${before}
  for (;;) {
    const answer = await fetch(api + '/2020-01-01/extension/event/next', { headers })
    const event = await answer.json()
    say(JSON.stringify(event))
    ${onEvent}
    if (event.eventType === 'SHUTDOWN') process.exit(0)
  }
}
run()
`

interface Fixture {
  environment: ExecutionEnvironment
  logs: () => string
}

async function create(
  context: TestContext,
  extensions: Record<string, string>,
  more: { timeoutMs?: number; initTimeoutMs?: number } = {},
): Promise<Fixture> {
  const workFolder = temporaryFolder(context)
  const layersFolder = join(workFolder, 'layers')
  mkdirSync(join(layersFolder, 'extensions'), { recursive: true })
  for (const [name, text] of Object.entries(extensions)) {
    writeExecutable(join(layersFolder, 'extensions', name), text)
  }
  const chunks: Buffer[] = []
  const environment = await ExecutionEnvironment.create({
    functionName: 'misbehaving',
    version: '$LATEST',
    handler: 'misbehaving',
    memorySizeMb: 512,
    region: 'us-east-1',
    environment: {},
    taskRoot: fixturePackage(workFolder),
    layersFolder,
    workFolder,
    sandbox: fixtureSandbox(workFolder),
    timeoutMs: 60_000,
    initTimeoutMs: 60_000,
    log: (chunk) => chunks.push(Buffer.from(chunk)),
    ...more,
  })
  context.after(() => environment.shutdown())
  return { environment, logs: () => Buffer.concat(chunks).toString() }
}

async function invoke(environment: ExecutionEnvironment, event: unknown): Promise<string> {
  const { outcome, done } = environment.invoke(createInvocation(Buffer.from(JSON.stringify(event)), ARN))
  const result = await outcome
  await done
  return result.kind === 'stream' ? '' : result.body.toString()
}

test('an extension registers before the runtime starts, and is told of each invocation and of the end', async (context) => {
  const { environment, logs } = await create(context, { watcher: EXTENSION('') })
  await environment.init()
  assert.match(
    logs(),
    /watcher: registered \{"functionName":"misbehaving","functionVersion":"\$LATEST","handler":"misbehaving","accountId":"123456789012"\}/,
  )
  assert.equal(await invoke(environment, { n: 1 }), '{"n":1}')
  const [, told = '{}'] = /watcher: (\{"eventType":"INVOKE".*\})/.exec(logs()) ?? []
  const event = JSON.parse(told)
  assert.equal(event.invokedFunctionArn, ARN)
  assert.ok(event.deadlineMs > Date.now())
  assert.match(event.requestId, /^[0-9a-f-]{36}$/)
  assert.match(event.tracing.value, /^Root=1-/)
  await environment.shutdown()
  assert.match(logs(), /watcher: \{"eventType":"SHUTDOWN","shutdownReason":"spindown"/)
})

test('an invocation is over when the extensions are done with it, too; its answer does not wait for them', async (context) => {
  const slow = EXTENSION("if (event.eventType === 'INVOKE') await new Promise((r) => setTimeout(r, 500))")
  const { environment } = await create(context, { slow })
  await environment.init()
  const started = performance.now()
  const { outcome, done } = environment.invoke(createInvocation(Buffer.from('1'), ARN))
  await outcome
  const answeredMs = performance.now() - started
  const { durationMs } = await done
  assert.ok(answeredMs < durationMs, `${answeredMs} of ${durationMs} ms`)
  assert.ok(durationMs >= 490, `${durationMs} ms`)
})

test('an extension that says that it cannot start fails the init phase', async (context) => {
  const broken = EXTENSION(
    '',
    `await fetch(api + '/2020-01-01/extension/init/error', { method: 'POST', headers: { ...headers, 'Lambda-Extension-Function-Error-Type': 'Extension.NoConfiguration' } })`,
  )
  const { environment, logs } = await create(context, { broken })
  await environment.init()
  assert.match(logs(), /INIT_REPORT .*Status: error\tError Type: Extension\.NoConfiguration/)
})

test('an extension that ends fails the invocation', async (context) => {
  const dying = EXTENSION("if (event.eventType === 'INVOKE') process.exit(1)")
  const { environment, logs } = await create(context, { dying })
  await environment.init()
  await invoke(environment, { do: 'hang' })
  assert.match(logs(), /REPORT .*Status: error\tError Type: Extension\.Crash/)
})

test('after a timeout, extensions are told why it ends', async (context) => {
  const { environment, logs } = await create(context, { watcher: EXTENSION('') }, { timeoutMs: 1500 })
  await environment.init()
  assert.match(await invoke(environment, { do: 'hang' }), /Sandbox\.Timedout/)
  await eventually(() => /"shutdownReason":"timeout"/.test(logs()), 'it is told')
})

test('telemetry: an extension gets the platform’s events and the function’s log, in batches over HTTP', async (context) => {
  const subscribe = `
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += chunk })
    request.on('end', () => { say('batch ' + body); response.end() })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const subscribed = await fetch(api + '/2022-07-01/telemetry', {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({
      schemaVersion: '2022-12-13',
      types: ['platform', 'function'],
      buffering: { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 },
      destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:' + server.address().port + '/x' },
    }),
  })
  say('subscribed ' + subscribed.status)`
  const { environment, logs } = await create(context, { telemetry: EXTENSION('', subscribe) })
  await environment.init()
  await invoke(environment, { do: 'write in two pieces' })
  await invoke(environment, {})
  const events = () =>
    [...logs().matchAll(/telemetry: batch (\[.*\])/g)].flatMap(
      ([, batch = '[]']) =>
        JSON.parse(batch) as { type: string; time: string; record: Record<string, unknown> }[],
    )
  await eventually(() => events().some(({ type }) => type === 'platform.report'), 'the report has come')
  assert.match(logs(), /telemetry: subscribed 200/)
  const types = new Set(events().map(({ type }) => type))
  for (const type of ['telemetrySubscription', 'initReport', 'start', 'runtimeDone', 'report']) {
    assert.ok(types.has(`platform.${type}`), type)
  }
  const report = events().find(({ type }) => type === 'platform.report')?.record as {
    metrics: Record<string, number>
  }
  assert.equal(report.metrics.memorySizeMB, 512)
  assert.ok((report.metrics.initDurationMs ?? 0) > 0)
})
