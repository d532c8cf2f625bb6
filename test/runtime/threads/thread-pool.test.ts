import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const MODULE = new URL('../../../src/runtime/threads/thread-pool.ts', import.meta.url)

/** The first thread retires when it is offered something, and goes on with what it has; others answer. */
const LAUNCHER = `
  const { workerData: { port, offers, log: { writer } } } = require('node:worker_threads')
  port.on('message', ({ kind, number }) => {
    if (kind !== 'offer') return
    if (writer === 2) {
      port.postMessage({ kind: 'retiring' })
    } else if (Atomics.compareExchange(offers, 0, number, 0) === number) {
      port.postMessage({ kind: 'response', number, body: String(writer) })
    }
  })
  port.postMessage({ kind: 'ready', shutdown: {} })`

/** In a process of its own, which its threads end with. */
const PROGRAM = `(async () => {
  const { ThreadPool } = await import(${JSON.stringify(MODULE.href)})
  const pool = new ThreadPool({
    threads: 1,
    launcher: ${JSON.stringify(LAUNCHER)},
    concurrency: 1,
    log: { lock: new Int32Array(new SharedArrayBuffer(4)), writer: 1 },
    describeFailure: (_, { message }) => ({ errorType: 'Error', errorMessage: message, trace: [] }),
    logProblem: console.error,
    threadExited: () => {},
  })
  await pool.start()
  const outcome = await pool.handle({ requestId: 'first', headers: {}, body: { text: '{}', bytes: 2 } })
  process.stdout.write(outcome.kind + ' of thread ' + outcome.body, () => process.exit())
})()`

test('what a thread was offered as it retired goes to another, however long the thread stays', async () => {
  const parameters = ['--no-warnings', '-e', PROGRAM]
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout: 20_000 })
  assert.equal(stdout, 'response of thread 3')
})
