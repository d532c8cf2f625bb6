import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { EnvironmentPool } from '../../../src/emulator/environments/environment-pool.ts'
import { TooManyRequestsException } from '../../../src/emulator/lambda-error.ts'
import type { LocalLambda } from '../../../src/emulator/local-lambda.ts'
import { processesKnowing } from '../../support/emulator/environment-processes.ts'
import {
  fixtureZip,
  type LocalEmulator,
  type LocalEmulatorOptions,
  order,
  startEmulator,
} from '../../support/emulator/local-emulator.ts'
import { eventually } from '../../support/eventually.ts'

async function start(context: TestContext, options: LocalEmulatorOptions): Promise<LocalEmulator> {
  const emulator = await startEmulator(context, options)
  await create(emulator.lambda, 'orders')
  return emulator
}

async function create(lambda: LocalLambda, functionName: string): Promise<void> {
  const configuration = {
    functionName,
    runtime: 'provided.al2023',
    role: 'arn:aws:iam::123456789012:role/any',
    handler: 'misbehaving',
    description: '',
    timeout: 120,
    memorySize: 512,
    environment: {},
    architecture: 'x86_64' as const,
    ephemeralStorage: 512,
    loggingConfig: {},
    tags: {},
    others: {},
    lastModified: '2026-11-23T00:00:00.000+0000',
    revisionId: 'a',
  }
  await lambda.changes.create(configuration, await fixtureZip())
}

async function invoke(
  lambda: LocalLambda,
  event: unknown,
  name = 'orders',
  signal?: AbortSignal,
): Promise<string> {
  const { outcome, logTail } = await lambda.invoker.invoke(name, { event: order(event), signal })
  const result = await outcome
  await logTail
  assert.notEqual(result.kind, 'stream')
  return result.kind === 'stream' ? '' : result.body.toString()
}

async function post(endpoint: string, event: unknown): Promise<string> {
  const answer = await fetch(`${endpoint}/2015-03-31/functions/orders/invocations`, {
    method: 'POST',
    body: order(event),
  })
  assert.equal(answer.status, 200)
  return await answer.text()
}

function count(logs: string, pattern: RegExp): number {
  return logs.match(pattern)?.length ?? 0
}

/** Environments that were started: each tells its init duration once. */
function starts(logs: string): number {
  return count(logs, /\tInit Duration: /g)
}

test('64 requests at once through 8 environments are each answered with their own event', async (context) => {
  const { lambda, logs } = await start(context, { concurrency: 64, environments: 8 })
  const events = Array.from({ length: 64 }, (_, index) => ({ index, text: 'x'.repeat(index) }))
  const answers = await Promise.all(events.map((event) => invoke(lambda, event)))
  assert.deepEqual(
    answers,
    events.map((event) => JSON.stringify(event)),
  )
  assert.equal(starts(logs()), 8)
})

test('one invocation after the other goes through one environment', async (context) => {
  const { lambda, logs } = await start(context, {})
  for (let index = 0; index < 200; index++) {
    const { outcome } = await lambda.invoker.invoke('orders', { event: order(index) })
    const result = await outcome
    // The next one follows upon the answer, before the environment is free.
    assert.equal(result.kind === 'response' && result.body.toString(), String(index))
  }
  assert.equal(starts(logs()), 1)
})

test('with a limit of one, an invocation right after an answer is not throttled', async (context) => {
  const { lambda } = await start(context, { concurrency: 1, environments: 1 })
  for (let index = 0; index < 50; index++) {
    const { outcome } = await lambda.invoker.invoke('orders', { event: order(index) })
    await outcome
  }
})

test('a request over the concurrency limit is throttled, and one after that is not', async (context) => {
  const { lambda } = await start(context, { concurrency: 2, environments: 2 })
  const slow = [1, 2].map(() => invoke(lambda, { do: 'take its time', ms: 1500 }))
  await assert.rejects(invoke(lambda, 'too many'), (error) => {
    assert.ok(error instanceof TooManyRequestsException)
    assert.equal(error.details.Reason, 'ConcurrentInvocationLimitExceeded')
    return true
  })
  assert.deepEqual(await Promise.all(slow), ['"at last"', '"at last"'])
  assert.equal(await invoke(lambda, 'again'), '"again"')
})

test('an idle environment makes room for another function', async (context) => {
  const { lambda, state } = await start(context, { concurrency: 5, environments: 1 })
  await create(lambda, 'other')
  assert.equal(await invoke(lambda, 1, 'orders'), '1')
  assert.equal(await invoke(lambda, 2, 'other'), '2')
  assert.equal(await invoke(lambda, 3, 'orders'), '3')
  assert.equal(readdirSync(state.work).filter((name) => name.startsWith('environment-')).length, 1)
})

test('a request that waits for another function to be done gets its room', async (context) => {
  const { lambda } = await start(context, { concurrency: 5, environments: 1 })
  await create(lambda, 'other')
  const slow = invoke(lambda, { do: 'take its time', ms: 300 }, 'orders')
  assert.equal(await invoke(lambda, 2, 'other'), '2')
  assert.equal(await slow, '"at last"')
})

test('who has gone does not keep the place in the line', async (context) => {
  const { lambda, logs } = await start(context, { concurrency: 5, environments: 1 })
  const slow = invoke(lambda, { do: 'take its time', ms: 500 })
  const controller = new AbortController()
  const waiting = invoke(lambda, 'gone', 'orders', controller.signal)
  controller.abort(new Error('gone'))
  await assert.rejects(waiting, /^Error: gone$/)
  await slow
  assert.equal(await invoke(lambda, 'here'), '"here"')
  assert.equal(count(logs(), /^START /gm), 2)
})

test('an idle environment is ended after a while, and its folder deleted', async (context) => {
  const { lambda, state } = await start(context, { idleMs: 50 })
  await invoke(lambda, 1)
  await eventually(() => readdirSync(state.work).length === 0, 'the folder is deleted')
  assert.equal(await invoke(lambda, 'again'), '"again"')
})

test('an environment whose process has ended between two invocations is not used again', async (context) => {
  const { lambda, state } = await start(context, {})
  await invoke(lambda, 1)
  for (const pid of processesKnowing(state.work)) {
    process.kill(pid, 'SIGKILL')
  }
  await eventually(() => processesKnowing(state.work).length === 0, 'it has ended')
  // The system tells of the end a moment after it.
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(await invoke(lambda, 2), '2')
})

test('10,000 requests to a function that crashes at random are all answered, and leave nothing behind', async (context) => {
  const { endpoint, state, pool, close } = await start(context, { concurrency: 64, environments: 4 })
  const total = 10_000
  const random = seeded(20_261_123)
  let next = 0
  let crashes = 0
  const worker = async () => {
    for (let index = next++; index < total; index = next++) {
      const crash = random() < 0.03
      const answer = await post(endpoint, crash ? { do: 'exit', status: 7, index } : { index })
      if (crash) {
        crashes++
        assert.match(answer, /"Runtime\.ExitError".*exit status 7/)
      } else {
        assert.equal(answer, `{"index":${index}}`)
      }
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  assert.ok(crashes > 200, `${crashes} crashes`)
  assert.ok(readdirSync(state.work).length <= 4)
  await endsAll(pool, state.work)
  await close()
})

async function endsAll(pool: EnvironmentPool, workFolder: string): Promise<void> {
  await pool.close()
  assert.deepEqual(readdirSync(workFolder), [])
  assert.deepEqual(processesKnowing(workFolder), [])
}

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
}
