/** Logs in both formats, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { HOSTILE } from '../support/hostile-values.ts'
import {
  api,
  assertGoesOn,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'

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

useFixtures('environment', 'logging')

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

for (const format of ['text', 'JSON']) {
  const env = { AWS_LAMBDA_LOG_FORMAT: format }

  test(`in ${format}, whatever is logged, the handler goes on, and each line is one`, async () => {
    startFixture('logging', 'logging', env)
    for (const name of Object.keys(HOSTILE)) {
      const before = lambda.output.length
      assert.equal((await invoke({ name })).json(), 'went on', name)
      const lines = lambda.output.slice(before).trimEnd().split('\n')
      assert.equal(lines.length, 10, name)
      for (const line of lines) {
        assert.match(line, format === 'JSON' ? /^\{.*\}$/ : /^\d{4}-.*\t(INFO|ERROR|TRACE|DEBUG)\t/, name)
      }
    }
  })

  for (const handler of ['throwsHostile', 'throwsHostileAtOnce']) {
    test(`in ${format}, whatever ${handler} throws is an invocation error, and the loop goes on`, async () => {
      startFixture('logging', `logging.${handler}`, env)
      for (const name of Object.keys(HOSTILE)) {
        assert.equal((await invoke({ name })).kind, 'error', name)
      }
      await assertGoesOn()
    })
  }

  test(`in ${format}, an error of Node.js's has its code in its heading`, async () => {
    startFixture('logging', 'logging.fails', env)
    await invoke({ kind: 'of Node.js' })
    assert.match(lambda.output, /TypeError \[ERR_INVALID_ARG_TYPE\]: The .*path.* argument/)
    const { trace } = (await invoke({ kind: 'of Node.js', how: 'throws' })).json<{ trace: string[] }>()
    assert.match(trace[0] ?? '', /^TypeError \[ERR_INVALID_ARG_TYPE\]: /)
  })

  for (const how of ['logs', 'throws']) {
    test(`in ${format}, what the function ${how} says why: codes, own properties, cause, errors`, async () => {
      startFixture('logging', 'logging.fails', env)
      await invoke({ kind: 'of an SDK', how })
      for (const fact of [/ThrottlingException/, /E_SLOW/, /429/, /attempts/, /E_CAUSE/]) {
        assert.match(lambda.output, fact)
      }
      await invoke({ kind: 'refused', how })
      assert.match(lambda.output, /AggregateError/)
      for (const address of ['127.0.0.1', '127.0.0.2']) {
        assert.match(lambda.output, new RegExp(`ECONNREFUSED ${address.replaceAll('.', '\\.')}:1`))
      }
    })
  }
}

test('an unhandled rejection of anything is an invocation error', async () => {
  for (const name of [
    'a revoked proxy',
    'an error behind a proxy that throws',
    'errors of each other',
    'undefined',
  ]) {
    startFixture('logging', 'logging.rejectsHostile')
    const document = (await invoke({ name })).json<{ errorType: string }>()
    assert.equal(document.errorType, 'Runtime.UnhandledPromiseRejection', name)
    assert.equal((await lambda.exit()).code, 128)
  }
})

for (const ends of [false, true]) {
  test(`stdout and console keep one order for a slow reader, whole${ends ? ', also when the process exits' : ''}`, async () => {
    const { executable, folder } = fixture('logging')
    const child = spawn(executable, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { LAMBDA_TASK_ROOT: folder, AWS_LAMBDA_RUNTIME_API: api.address, _HANDLER: 'logging.interleaves' },
    })
    const ended = once(child, 'close')
    const answered = api.invoke({ lines: 60, ends })
    // The pipe is full long before somebody reads.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const printed: string[] = []
    child.stdout?.setEncoding('utf8').on('data', (text) => printed.push(text))
    child.stderr?.resume()
    await answered
    if (!ends) {
      child.kill('SIGKILL')
    }
    await ended
    const lines = printed.join('').trimEnd().split('\n')
    const expected = Array.from({ length: 60 }, (_, line) => [
      `stdout ${line} ${'x'.repeat(5000)}`,
      ...(line % 10 === 9 ? [`console ${line}`] : []),
    ])
    const bare = lines.map((line) => line.replace(/^.*\tINFO\t/, ''))
    assert.deepEqual(bare.slice(0, -2), expected.flat())
    assert.deepEqual(bare.slice(-2), ['MARKER', 'LAST'])
  })
}

test('the standard streams are used as those of Node.js', async () => {
  startFixture('logging', 'logging.streams')
  assert.deepEqual((await invoke()).json(), {
    written: 'written',
    fd: 1,
    writable: true,
    isSame: true,
    after: true,
  })
  assert.match(lambda.output, /with a callback\ncorked, and uncorked\nafter destroy\n/)
})
