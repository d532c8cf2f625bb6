/**
 * Many invocations at once, of which some do to their thread whatever a function can: each is answered once, and nothing is left of
 * the threads that have ended. `THREAD_FAULT_COUNT=10000` runs as many as the issue of threads asks for.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { eventually } from '../support/eventually.ts'
import { randomNumbers } from '../support/random-numbers.ts'
import { invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'
import { type LogRecord, logServer } from '../support/runtime-api/log-server.ts'
import type { Answer } from '../support/runtime-api/strict-runtime-api.ts'

// AWS's client has threads of its own, which are tested by AWS.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 32))
const COUNT = Number(process.env.THREAD_FAULT_COUNT ?? 600)
const AT_ONCE = 8
const THREADS = 2
/** Of a handler that never lets go of its thread, in milliseconds: the thread is ended soon after. */
const SHORT_DEADLINE_MS = 200

/** What an invocation asks for, how many of 1,000 do, and what it comes to where no neighbour ends its thread. */
const KINDS = [
  ['print', 400, 'response'],
  ['wait', 250, 'response'],
  ['block', 198, 'response'],
  ['throw', 120, 'error'],
  ['exit', 10, 'error'],
  ['crash', 10, 'error'],
  ['reject', 8, 'error'],
  ['heap', 2, 'error'],
  ['hang', 2, 'error'],
] as const
const SEQUENCE = KINDS.flatMap(([kind, share, expected]) =>
  Array.from({ length: share }, () => [kind, expected] as const),
)
/** Each is among the invocations, however few there are. */
const CERTAIN = ['exit', 'crash', 'reject', 'heap', 'hang', 'heap']

useFixtures('threads')

test(`${COUNT} invocations with faults: each is answered once, each line is whole and of a request, and nothing is left of threads that end (FAULT_SEED=${SEED})`, {
  skip,
}, async (t) => {
  const logs = await logServer(t)
  const temporary = temporaryFolder(t)
  startFixture('threads', 'threads', {
    AWS_LAMBDA_MAX_CONCURRENCY: String(AT_ONCE),
    AWS_LAMBDA_NODEJS_WORKER_COUNT: String(THREADS),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: logs.path,
    TMPDIR: temporary,
  })
  const random = randomNumbers(SEED)
  const wrong: string[] = []
  let responses = 0
  const one = async (number: number): Promise<void> => {
    const { kind, expected } = pick(number, random)
    const text = `${number} `.repeat(1 + Math.floor(random() * 4000))
    const deadline = kind === 'hang' && { 'Lambda-Runtime-Deadline-Ms': `${Date.now() + SHORT_DEADLINE_MS}` }
    const event = { kind, ms: Math.floor(random() * 4), text }
    const answer = await invoke(event, { requestId: `id-${number}`, headers: { ...deadline } })
    responses += answer.kind === 'response' ? 1 : 0
    if (answer.kind !== (isLost(answer) ? 'error' : expected)) {
      wrong.push(`${kind}: ${answer.kind} ${answer.request.body.toString().slice(0, 200)}`)
    }
  }
  await many(1, AT_ONCE, one)
  const left = await settledCount()
  const half = Math.floor(COUNT / 2)
  await many(AT_ONCE + 1, half, one)
  await untilQuiet(left)
  const halfway = residentMiB()
  await many(half + 1, COUNT, one)
  await untilQuiet(left)

  assert.deepEqual(wrong, [])
  assert.ok(responses > COUNT / 2, `${responses} of ${COUNT} were responses`)
  assert.deepEqual(readdirSync(temporary), [])
  // A thread that has just ended counts as one until the next begins, and its heap goes after that: what leaks does not go.
  const isFlat = (): boolean => residentMiB() <= 1.2 * halfway
  await eventually(isFlat, `memory is flat, ${halfway} MiB halfway and 1.2 times that at the end at most`)
  await invoke({ kind: 'print', text: 'last' }, { requestId: 'last' })
  const records = await logs.until(/console last/)
  assertOwnLines(records)
  const evaluations = records.filter(isOfInit).length
  assert.ok(evaluations >= THREADS + CERTAIN.length, `threads were replaced: ${evaluations} evaluations`)
  assert.equal(lambda.output, '')
})

/** Certain ones are at fixed places in both halves; all others are the seed's. */
function pick(number: number, random: () => number): { kind: string; expected: string } {
  const [kind, expected] = SEQUENCE[Math.floor(random() * SEQUENCE.length)] as (typeof SEQUENCE)[number]
  const certain = CERTAIN[((number % Math.floor(COUNT / 2)) - 20) / 40]
  return certain === undefined ? { kind, expected } : { kind: certain, expected: 'error' }
}

/** What a neighbour in the thread may have ended it with. */
function isLost({ kind, request }: Answer): boolean {
  return kind === 'error' && /ExitError|OutOfMemory|Timedout/.test(request.body.toString())
}

/** So many at once, from the first to the last of these numbers. */
async function many(first: number, last: number, one: (number: number) => Promise<void>): Promise<void> {
  let next = first
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next <= last) {
        next += 1
        await one(next - 1)
      }
    }),
  )
}

interface Left {
  readonly threads: number
  readonly files: number
}

/** What the process has. */
function countLeft(): Left {
  const count = (name: string): number => readdirSync(`/proc/${lambda.pid}/${name}`).length
  return { threads: count('task'), files: count('fd') }
}

/** The same, once it has not changed for half a second: what answered the first invocations may have more for a moment. */
async function settledCount(): Promise<Left> {
  let last = countLeft()
  let since = Date.now()
  const isSettled = (): boolean => {
    const now = countLeft()
    if (now.threads !== last.threads || now.files !== last.files) {
      last = now
      since = Date.now()
    }
    return Date.now() - since > 500
  }
  await eventually(isSettled, 'threads and descriptors stay as many')
  return last
}

/** Resolves once as many threads and descriptors are there as were before. */
async function untilQuiet({ threads, files }: Left): Promise<void> {
  const isQuiet = (): boolean => {
    const now = countLeft()
    return now.threads === threads && now.files === files
  }
  await eventually(isQuiet, `${threads} threads and ${files} descriptors`).catch((cause) => {
    throw new Error(`there are ${JSON.stringify(countLeft())}`, { cause })
  })
}

function residentMiB(): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${lambda.pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

const isOfInit = ({ message }: LogRecord) =>
  typeof message === 'string' && message.startsWith('evaluated in ')

/** What an invocation has printed says its number, and nothing else; there is no other line but of modules that are evaluated. */
function assertOwnLines(records: readonly LogRecord[]): void {
  for (const record of records) {
    const { requestId, message } = record
    if (isOfInit(record)) {
      assert.equal(requestId, '-')
      continue
    }
    assert.match(`${requestId}`, /^(id-\d+|last)$/, JSON.stringify(record).slice(0, 500))
    const numbers = typeof message === 'string' ? new Set(message.match(/\b\d+ /g)) : new Set()
    assert.ok(
      numbers.size <= 1 && [...numbers].every((number) => `id-${number}`.trim() === requestId),
      `${requestId}: ${numbers}`,
    )
  }
}
