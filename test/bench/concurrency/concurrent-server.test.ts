import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type ConcurrentRunOptions,
  runConcurrently,
} from '../../../scripts/bench/concurrency/concurrent-server.ts'
import { compileC, hasCommand } from '../../../scripts/bench/runtime-api-server.ts'

const FIXTURE = fileURLToPath(new URL('../../fixtures/bench/concurrent-runtime.mjs', import.meta.url))
const SLEEP_MS = 20
const skip = hasCommand('cc', '--version') ? false : 'there is no cc to compile the server with'
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(folder, { recursive: true }))
const server = skip ? '' : compileC('concurrency/concurrent-server', folder)

const events = Array.from({ length: 12 }, (_, number) => JSON.stringify({ number, sleepMs: SLEEP_MS }))

function measure(parameters: string[], options: Partial<ConcurrentRunOptions>) {
  const command = [process.execPath, FIXTURE, ...parameters] as const
  return runConcurrently(
    server,
    { command, env: {}, cwd: folder },
    { polls: 1, clients: 1, events, ...options },
  )
}

test('so many clients invoke at once and no more, each event is given once, and a latency holds what it took', {
  skip,
}, async () => {
  const run = await measure(['4'], { polls: 4, clients: 3 })
  const answers = run.answers.map((answer) => JSON.parse(answer))
  assert.deepEqual(
    answers.map(({ event }) => event.number),
    events.map((_, number) => number),
  )
  assert.equal(Math.max(...answers.map(({ running }) => running)), 3)
  for (const [index, answered] of run.answeredMs.entries()) {
    assert.ok(answered - (run.invokedMs[index] ?? 0) >= SLEEP_MS - 1)
  }
  assert.ok(run.totalMs >= (events.length / 3) * (SLEEP_MS - 1))
  assert.ok(run.allNextMs >= run.firstNextMs)
  assert.ok(run.cpuMs < run.totalMs && run.startCpuMs > 1 && run.peakKiB >= run.startPeakKiB)
})

test('an invocation waits where the runtime asks for none, and that is in its latency', {
  skip,
}, async () => {
  const { invokedMs, answeredMs, answers } = await measure(['1'], { polls: 1, clients: 3 })
  assert.ok(answers.every((answer) => JSON.parse(answer).running === 1))
  const latencies = answeredMs.map((answered, index) => answered - (invokedMs[index] ?? 0))
  assert.ok(
    latencies.slice(2).every((latency) => latency >= 3 * (SLEEP_MS - 1)),
    String(latencies),
  )
})

test('the runtime runs on the CPU that it is pinned to', { skip }, async () => {
  await measure(['1'], { cpus: [0] })
  await assert.rejects(measure(['1'], { cpus: [1000] }), /-c: Invalid argument/)
})

for (const [fault, expected] of [
  [
    'error',
    /expected a request for an invocation, or the response to a running one, and the runtime sent POST .*\/error /,
  ],
  ['twice', /expected .*, and the runtime sent POST .*\/response /],
  ['exit', /the runtime exited with status 3/],
] as const) {
  test(`what Lambda would not take is refused: ${fault}`, { skip }, async () => {
    await assert.rejects(measure(['2', fault], { polls: 2 }), expected)
  })
}
