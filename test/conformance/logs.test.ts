/** Logs in both formats, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { api, fixture, invoke, lambda, startFixture, useFixtures } from '../support/conformance.ts'

interface Line {
  timestamp: string
  level: string
  requestId: string
  tenantId?: string
  // biome-ignore lint/suspicious/noExplicitAny: text, or whatever was logged.
  message: any
  errorType?: string
  errorMessage?: string
  stackTrace?: string[]
}

useFixtures('environment')

const start = (name: string, env: Record<string, string> = {}) =>
  startFixture('environment', `environment.${name}`, env)

async function jsonLines(): Promise<Line[]> {
  await lambda.printed(/self/)
  return lambda.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('in JSON, every line is an object with the time, the level, the request and the tenant', async () => {
  start('logs', { AWS_LAMBDA_LOG_FORMAT: 'JSON' })
  await invoke({}, { requestId: 'the-id', headers: { 'Lambda-Runtime-Aws-Tenant-Id': 'the-tenant' } })
  const lines = await jsonLines()
  for (const { timestamp, requestId, tenantId } of lines) {
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual([requestId, tenantId], ['the-id', 'the-tenant'])
  }
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['INFO', 'INFO', 'DEBUG', 'ERROR', 'WARN', 'FATAL', 'TRACE', 'INFO'],
  )
})

test('in JSON, a single object stays structured, and several parameters become text', async () => {
  start('logs', { AWS_LAMBDA_LOG_FORMAT: 'JSON' })
  await invoke({})
  const [text, structured, , , , fatal] = await jsonLines()
  assert.equal(text?.message, "a line with a value { and: 'more' }")
  assert.deepEqual(structured?.message, { structured: true, nested: { list: [1, 2] } })
  assert.equal(fatal?.message, 'two\nlines')
})

test('in JSON, an error has its type, message, stack of TypeScript lines, and cause', async () => {
  start('logs', { AWS_LAMBDA_LOG_FORMAT: 'JSON' })
  await invoke({})
  const [, , , single, among] = await jsonLines()
  assert.equal(single?.message.errorType, 'TypeError')
  assert.equal(single?.message.errorMessage, 'an error')
  assert.match(single?.message.stackTrace[1], /environment\.ts:\d+/)
  assert.equal(single?.message.cause.errorMessage, 'its cause')
  assert.deepEqual([among?.errorType, among?.errorMessage], ['RangeError', 'too far'])
  assert.match(among?.stackTrace?.[1] ?? '', /environment\.ts:\d+/)
  assert.match(among?.message, /^with an error: RangeError: too far/)
})

test('in JSON, what JSON cannot express is written as text', async () => {
  start('logs', { AWS_LAMBDA_LOG_FORMAT: 'JSON' })
  await invoke({})
  assert.match((await jsonLines()).at(-1)?.message, /\[Circular \*1\]/)
})

test('lines below the level are left out', async () => {
  start('logs', { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'warn' })
  await invoke({})
  await lambda.printed(/FATAL/)
  const levels = [...lambda.output.matchAll(/"level":"(\w+)"/g)].map(([, level]) => level)
  assert.deepEqual(levels, ['ERROR', 'WARN', 'FATAL'])
})

test('in text, an error is written with its cause and its stack of TypeScript lines', async () => {
  start('logs')
  await invoke({})
  await lambda.printed(/self/)
  const line = lambda.output.split('\n').find((text) => text.includes('TypeError: an error'))
  assert.match(line ?? '', /environment\.ts:\d+[\s\S]*\[cause\]: Error: its cause/)
})

test('nothing is lost when the process exits right after a log', async () => {
  start('logsAndExits')
  void api.invoke({})
  assert.equal((await lambda.exit())?.code, 5)
  assert.equal(lambda.output.match(/line \d+ x{100}\n/g)?.length, 2000)
})

for (const [format, base] of [
  ['text', 0xa55a0003],
  ['JSON', 0xa55a0002],
] as const) {
  test(`the telemetry descriptor gets ${format} in frames, and its variable is taken away`, async () => {
    const child = spawn(fixture('environment').executable, {
      cwd: fixture('environment').folder,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: {
        LAMBDA_TASK_ROOT: fixture('environment').folder,
        AWS_LAMBDA_RUNTIME_API: api.address,
        _HANDLER: 'environment.descriptor',
        _LAMBDA_TELEMETRY_LOG_FD: '3',
        AWS_LAMBDA_LOG_FORMAT: format,
      },
    })
    const received: Buffer[] = []
    child.stdio[3]?.on('data', (bytes: Buffer) => received.push(bytes))
    let printed = ''
    child.stdout?.on('data', (text) => {
      printed += text
    })
    const before = Date.now()
    assert.equal((await invoke({})).json(), 'gone')
    child.kill('SIGKILL')
    await once(child, 'close')
    const bytes = Buffer.concat(received)
    const frames: { type: number; micros: number; text: string }[] = []
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readInt32BE(at + 4)
      const text = bytes.toString('utf8', at + 16, at + 16 + length)
      frames.push({ type: bytes.readUInt32BE(at), micros: Number(bytes.readBigInt64BE(at + 8)), text })
      at += 16 + length
    }
    assert.deepEqual(
      frames.map(({ type }) => type - base),
      [12, 20],
    )
    for (const { micros } of frames) {
      assert.ok(micros / 1000 >= before - 1 && micros / 1000 <= Date.now() + 1)
    }
    const [first] = frames
    assert.match(first?.text ?? '', format === 'JSON' ? /"message":"framed\\nline"/ : /\tINFO\tframed\nline$/)
    assert.equal(printed, '')
  })
}
