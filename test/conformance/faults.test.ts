/**
 * Faults at random on both sides: handlers that behave in every way, and a Runtime API that closes, cuts, delays and
 * refuses. Whatever happens, each invocation is answered exactly once, or its process ended.
 *
 * The seed is printed; FAULT_SEED replays it, and FAULT_COUNT sets how many invocations there are.
 */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type BuiltFunction, buildFunction } from '../support/built-function.ts'
import { LambdaProcess, within } from '../support/lambda-process.ts'
import { type Answer, type Fault, StrictRuntimeApi } from '../support/strict-runtime-api.ts'

const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 32))
const COUNT = Number(process.env.FAULT_COUNT ?? 10_000)

/** A small generator of random numbers that a seed determines: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = randomNumbers(SEED)
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T

/** Behaviours, and what answers them: a response, an error, or an error and the end of the process. */
const BEHAVIOURS = {
  echo: 'response',
  'echoes later': 'response',
  'calls back': 'response',
  throws: 'error',
  rejects: 'error',
  'throws text': 'error',
  'not JSON': 'error',
  'too large': 'error',
  'never settles': 'error',
  'throws after its answer': 'response, then the end',
  crashes: 'error, then the end',
  'rejects unhandled': 'error, then the end',
  exits: 'error, then the end',
} as const

const GENTLE = [
  'echo',
  'echo',
  'echo',
  'echoes later',
  'calls back',
  'throws',
  'rejects',
  'throws text',
  'not JSON',
  'never settles',
] as const
const RARE = ['too large', 'crashes', 'rejects unhandled', 'exits', 'throws after its answer'] as const

const DELIVERIES: Fault[] = [
  { close: 'before' },
  { close: 'after-head' },
  { close: 'mid-body' },
  { close: 'after' },
  { segment: 1 },
  { segment: 7 },
  { shout: true },
  { delayMs: 2 },
]
const REPLIES: Fault[] = [
  { close: 'before' },
  { close: 'before', accepted: true },
  { close: 'after-head' },
  { close: 'mid-body' },
  { close: 'after' },
  { status: 400 },
  { status: 403 },
  { status: 410 },
  { status: 413 },
  { segment: 1 },
  { delayMs: 2 },
]

let faulty: BuiltFunction

before(async () => {
  faulty = await buildFunction('faulty')
})
after(() => faulty.remove())

test(`${COUNT} invocations with random faults (FAULT_SEED=${SEED}): each is answered exactly once`, async (t) => {
  t.diagnostic(`FAULT_SEED=${SEED}`)
  const api = await StrictRuntimeApi.start()
  let lambda = startProcess(api)
  let restarts = 0
  const tally: Record<string, number> = {}
  try {
    for (let number = 0; number < COUNT; number++) {
      const behaviour = random() < 0.985 ? pick(GENTLE) : pick(RARE)
      // A process that has exited cannot repeat an answer that its connection lost; the platform sees the process end.
      const mayClose = (fault: Fault | undefined) =>
        fault?.close && behaviour === 'exits' ? undefined : fault
      const next = mayClose(random() < 0.1 ? pick(DELIVERIES) : undefined)
      // Where the connection that brought the invocation is closed, a reply to its answer cannot be heard, whatever it says.
      const reply = mayClose(random() < 0.1 && !next?.close ? pick(REPLIES) : undefined)
      const requestId = `id-${number}`
      const context = `FAULT_SEED=${SEED}, invocation ${number}: ${JSON.stringify({ behaviour, next, reply })}`
      // Segments are sent one a turn of the event loop: a long body in short ones would take seconds.
      const padding = 'x'.repeat(Math.floor(random() ** 8 * (next?.segment ? 100 : 100_000)))
      const event = { behaviour, padding }
      const given = api.given(requestId)
      const answered = api.invoke(event, {
        requestId,
        ...(next && { next }),
        ...(reply && { answers: [reply] }),
      })
      const isRefused = reply?.status !== undefined
      const isLost = next?.close === 'before' // It never arrived, and the platform would give it to nobody else.
      const expected = isLost || isRefused ? 'no answer' : BEHAVIOURS[behaviour]
      tally[expected] = (tally[expected] ?? 0) + 1
      if (expected === 'no answer') {
        await within(given, () => `${context}; it printed ${lambda.output.slice(-2000)}`)
        if (isRefused && !isLost) {
          await within(
            api.answerAttempt(requestId),
            () => `${context}; it printed ${lambda.output.slice(-2000)}`,
          )
        }
      } else {
        const answer: Answer = await within(
          answered,
          () => `${context}; it printed ${lambda.output.slice(-2000)}`,
        )
        const isCut = next?.close === 'after-head' || next?.close === 'mid-body'
        assert.equal(answer.kind, isCut ? 'error' : expected.split(',')[0], context)
        if (answer.kind === 'response') {
          assert.deepEqual(answer.json(), event, context)
        }
      }
      const delivered = !isLost && next?.close !== 'after-head' && next?.close !== 'mid-body'
      if (delivered && BEHAVIOURS[behaviour].endsWith('the end')) {
        const { code, signal } = await lambda.exit()
        assert.ok(signal === null && code !== 0, context)
        restarts++
        lambda = startProcess(api)
      }
      await within(
        api.idle(),
        () => `the next next after ${context}; it printed ${lambda.output.slice(-2000)}`,
      )
      const answers = api.answersTo(requestId).length
      assert.equal(answers, expected === 'no answer' ? 0 : 1, context)
      api.forget(requestId)
    }
    assert.deepEqual(api.violations, [], `FAULT_SEED=${SEED}`)
    assert.deepEqual(api.initErrors, [])
    t.diagnostic(`${JSON.stringify(tally)}, ${restarts} new processes, ${api.connections} connections`)
  } finally {
    await lambda.stop()
    await api.stop()
  }
})

function startProcess(api: StrictRuntimeApi): LambdaProcess {
  return new LambdaProcess(faulty.executable, { runtimeApi: api.address, handler: 'faulty' })
}
