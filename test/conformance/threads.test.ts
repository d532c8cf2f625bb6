/** Threads for several invocations at once: whatever a handler does to its thread, each invocation is answered once. */

import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, test } from 'node:test'
import { api, invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'
import { logServer } from '../support/runtime-api/log-server.ts'
import type { Answer } from '../support/runtime-api/strict-runtime-api.ts'

// AWS's client has threads of its own, which are tested by AWS.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

/** Longer than any invocation of the same turn is under way, and shorter than any patience. */
const BLOCK_MS = 1500

useFixtures('threads')

interface Facts {
  thread: number
  isMainThread: boolean
  count: number
  id: string
}

function start({ handler = 'threads', env = {} as Record<string, string | undefined> } = {}): void {
  startFixture('threads', handler, {
    AWS_LAMBDA_MAX_CONCURRENCY: '8',
    AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    ...env,
  })
}

const bodyOf = ({ request }: Answer) => request.body.toString()
const errorType = (answer: Answer) => [answer.kind, answer.json<{ errorType?: string }>().errorType]
const threadsOf = (answers: Answer[]) => new Set(answers.map((answer) => answer.json<Facts>().thread))
const deadlineIn = (ms: number) => ({ 'Lambda-Runtime-Deadline-Ms': `${Date.now() + ms}` })
const evaluations = () => lambda.output.match(/evaluated in \d+/g)?.length

describe('threads', { skip }, () => {
  test('are as many as the environment says; the module is evaluated once in each, and all handle invocations', async () => {
    start()
    const answers = await Promise.all(Array.from({ length: 8 }, () => invoke({ kind: 'block', ms: 20 })))
    assert.equal(threadsOf(answers).size, 2)
    assert.deepEqual(new Set(answers.map((answer) => answer.json<Facts>().isMainThread)), new Set([false]))
    assert.equal(evaluations(), 2)
    assert.equal(api.connections, 8)
  })

  test('are no more than there may be invocations', async () => {
    start({ env: { AWS_LAMBDA_MAX_CONCURRENCY: '1', AWS_LAMBDA_NODEJS_WORKER_COUNT: '16' } })
    await invoke()
    assert.equal(evaluations(), 1)
  })

  for (const kind of ['block', 'block later']) {
    test(`one that is busy gets no invocation that another could take: ${kind}`, async () => {
      start()
      const blocked = invoke({ kind, ms: BLOCK_MS }).then(() => 'blocked')
      await lambda.printed(/blocks/)
      const others = Array.from({ length: 14 }, () => invoke({ kind: 'wait', ms: 30 }))
      const first = await Promise.race([blocked, Promise.all(others).then(() => 'others')])
      assert.equal(first, 'others')
      await blocked
      assert.equal(evaluations(), 2, 'no thread was ended')
    })
  }

  for (const [kind, expected] of [
    ['exit', ['error', 'Runtime.ExitError']],
    ['crash', ['error', 'RangeError']],
    ['reject', ['error', 'Runtime.UnhandledPromiseRejection']],
    ['heap', ['error', 'Runtime.OutOfMemory']],
  ] as const) {
    test(`one that ends is replaced, and the process goes on: ${kind}`, async () => {
      start()
      const others = [invoke({ kind: 'wait', ms: 1 }), invoke({ kind: 'wait', ms: 1 })]
      await Promise.all(others)
      assert.deepEqual(errorType(await invoke({ kind })), expected)
      await lambda.printed(/(evaluated in \d+[\s\S]*){3}/)
      const answers = await Promise.all(Array.from({ length: 8 }, () => invoke({ kind: 'block', ms: 20 })))
      assert.equal(threadsOf(answers).size, 2)
    })
  }

  for (const kind of ['block', 'wait for memory', 'wait for child']) {
    test(`one that is blocked beyond the deadline is replaced, and its invocation answered: ${kind}`, async () => {
      start({ env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' } })
      const started = performance.now()
      // A child process stays as long as it wants to, which is not waited for.
      const ms = 15_000
      const blocked = invoke({ kind, ms }, { headers: deadlineIn(200) })
      assert.deepEqual(errorType(await blocked), ['error', 'Sandbox.Timedout'])
      assert.equal((await invoke()).kind, 'response')
      assert.ok(performance.now() - started < ms)
    })
  }

  for (const [kind, expected, ends] of [
    ['exit finally', ['error', 'Runtime.ExitError'], true],
    ['reject later', ['response', undefined], true],
    ['abort', ['error', 'TypeError'], false],
    ['overflow', ['error', 'RangeError'], false],
    ['own worker', ['response', undefined], false],
  ] as const) {
    test(`one ${ends ? 'ends, and is replaced' : 'goes on'} after: ${kind}`, async () => {
      start({ env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' } })
      assert.deepEqual(errorType(await invoke({ kind })), expected)
      if (ends) {
        await lambda.printed(/(evaluated in \d+[\s\S]*){2}/)
      }
      const answers = await Promise.all(Array.from({ length: 8 }, () => invoke({ kind: 'wait', ms: 1 })))
      assert.deepEqual(new Set(answers.map(({ kind: how }) => how)), new Set(['response']))
      assert.equal(evaluations(), ends ? 2 : 1)
    })
  }

  test('two whose heaps are full at once are replaced both', async () => {
    start({ env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '96' } })
    await Promise.all(Array.from({ length: 2 }, () => invoke({ kind: 'block', ms: 20 })))
    const full = await Promise.all([invoke({ kind: 'heap' }), invoke({ kind: 'heap' })])
    for (const answer of full) {
      assert.deepEqual(errorType(answer), ['error', 'Runtime.OutOfMemory'])
    }
    assert.equal((await invoke()).kind, 'response')
  })

  test('streams that are open as a neighbour ends their thread are answered once each', async () => {
    start({
      handler: 'threads.streams',
      env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '64' },
    })
    await invoke({ kind: 'end' })
    for (const kind of ['exit', 'heap', 'wait for child']) {
      const open = Array.from({ length: 3 }, () => invoke({ kind: 'end', ms: 3_600_000 }))
      // What it ends with depends on whether half a response has arrived.
      const answers = await Promise.all([...open, invoke({ kind, ms: 50 }, { headers: deadlineIn(1000) })])
      assert.equal(answers.length, 4)
      assert.equal((await invoke({ kind: 'end' })).kind, 'response')
    }
  })

  for (const count of ['0', '-1', 'many', '1.5', '99999999999999999999', '']) {
    test(`are one for each CPU where their number says nothing: ${JSON.stringify(count)}`, async () => {
      const cpus = Math.min(8, availableParallelism())
      start({ env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: count } })
      await Promise.all(Array.from({ length: 8 }, () => invoke()))
      assert.equal(evaluations(), cpus)
    })
  }

  test('hooks of onInit and onShutdown run in each, and the process ends well once they have', async () => {
    start({ env: { HOOKS: 'init,shutdown' } })
    await invoke()
    assert.equal(lambda.output.match(/initialised in \d/g)?.length, 2)
    assert.equal(api.registrations.length, 1)
    lambda.signal('SIGTERM')
    assert.deepEqual(await lambda.exit(), { code: 0, signal: null })
    assert.equal(lambda.output.match(/shut down in \d/g)?.length, 2)
  })

  test('a hook of onInit that fails is one init error', async () => {
    start({ env: { HOOKS: 'failing init' } })
    assert.equal((await lambda.exit()).code, 1)
    assert.equal(api.initErrors.length, 1)
    assert.match(String(api.initErrors[0]?.body), /no table/)
  })

  test('a module that ends the process is one init error, which says so', async () => {
    start({ env: { HOOKS: 'exit' } })
    assert.equal((await lambda.exit()).code, 1)
    assert.equal(api.initErrors.length, 1)
    assert.match(String(api.initErrors[0]?.body), /Runtime\.ExitError.*exit status 4 in the init phase/)
  })

  test('a listener to SIGTERM is called in each, and the process ends once all of these have ended theirs', async () => {
    start({ env: { HOOKS: 'signal' } })
    await invoke()
    assert.equal(api.registrations.length, 0)
    lambda.signal('SIGTERM')
    assert.deepEqual(await lambda.exit(), { code: 0, signal: null })
    assert.equal(lambda.output.match(/SIGTERM in \d/g)?.length, 2)
    assert.equal(evaluations(), 2, 'no thread is replaced')
  })

  test('SIGTERM ends the process where nobody listens to it', async () => {
    start()
    await invoke()
    lambda.signal('SIGTERM')
    assert.deepEqual(await lambda.exit(), { code: null, signal: 'SIGTERM' })
  })

  test('a stream is answered by its thread, and one that its thread cuts off is told as an error', async () => {
    start({ handler: 'threads.streams' })
    for (const [kind, expected] of [
      ['end', 'response'],
      ['throw', 'response'],
      ['end', 'response'],
    ] as const) {
      const answer = await invoke({ kind })
      assert.equal(answer.kind, expected)
      assert.match(bodyOf(answer), kind === 'end' ? /^half of \d+$/ : /^half $/)
    }
    await invoke({ kind: 'exit' })
    assert.equal((await invoke({ kind: 'end' })).kind, 'response')
  })

  test('a module that cannot be evaluated is one init error', async () => {
    start({ handler: 'threads.missing' })
    assert.equal((await lambda.exit()).code, 1)
    assert.equal(api.initErrors.length, 1)
    assert.match(String(api.initErrors[0]?.body), /Runtime\.HandlerNotFound/)
  })

  test('logs go to the socket that Lambda names, as JSON, whatever they were written with', async (t) => {
    const logs = await logServer(t)
    start({ env: { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: logs.path } })
    const headers = { 'Lambda-Runtime-Aws-Tenant-Id': 'tenant' }
    await invoke({ kind: 'print', text: 'x' }, { requestId: 'id-x', headers })
    await invoke({ kind: 'throw', text: 'x' }, { requestId: 'id-y' })
    await invoke({ kind: 'exit' }, { requestId: 'id-z' })
    const records = await logs.until(/id-z/)
    const of = (id: string) =>
      records
        .filter(({ requestId }) => requestId === id)
        .map(({ level, message, tenantId }) => [
          level,
          typeof message === 'string' ? message : message.errorType,
          tenantId,
        ])
    assert.deepEqual(of('id-x'), [
      ['INFO', 'out x', 'tenant'],
      ['ERROR', 'error x', 'tenant'],
      ['INFO', 'console x', 'tenant'],
    ])
    assert.deepEqual(of('id-y'), [['ERROR', 'TypeError', undefined]])
    assert.deepEqual(of('id-z'), [['ERROR', 'Runtime.ExitError', undefined]])
    assert.equal(lambda.output, '')
  })
})
