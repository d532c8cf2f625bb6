/**
 * Faults at random on both sides: handlers that behave in every way, and a Runtime API that closes, cuts, delays and
 * refuses. Whatever happens, each invocation is answered exactly once, or its process ended.
 *
 * The seed is printed; FAULT_SEED replays it, and FAULT_COUNT sets how many invocations there are.
 */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type BuiltFunction, buildFunction } from '../support/projects/built-function.ts'
import { randomNumbers } from '../support/random-numbers.ts'
import { LambdaProcess, within } from '../support/runtime-api/lambda-process.ts'
import { type Answer, type Fault, StrictRuntimeApi } from '../support/runtime-api/strict-runtime-api.ts'

const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 32))
const COUNT = Number(process.env.FAULT_COUNT ?? 10_000)

const random = randomNumbers(SEED)
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T

/** What answers an invocation: a response, a response whose trailers tell an error, an error; and then perhaps the end. */
type Outcome = 'response' | 'half a response' | 'error'
type Behaviours = Readonly<Record<string, Outcome | `${Outcome}, then the end`>>

interface Subject {
  readonly handler: string
  readonly behaviours: Behaviours
  /** Those that end the process, or are large: one invocation in seventy. */
  readonly rare: readonly string[]
}

const BUFFERED: Subject = {
  handler: 'faulty',
  behaviours: {
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
    'rejects behind its back': 'error, then the end',
    crashes: 'error, then the end',
    'rejects unhandled': 'error, then the end',
    exits: 'error, then the end',
  },
  rare: [
    ...['too large', 'crashes', 'rejects unhandled', 'rejects behind its back', 'exits'],
    'throws after its answer',
  ],
}

const STREAMED: Subject = {
  handler: 'faulty.streams',
  behaviours: {
    streams: 'response',
    'streams in parts': 'response',
    returns: 'response',
    throws: 'error',
    'throws midway': 'half a response',
    destroys: 'error',
    'destroys midway': 'half a response',
    'never settles': 'error',
    'never settles midway': 'half a response',
    crashes: 'error, then the end',
    'crashes midway': 'half a response, then the end',
    'rejects unhandled': 'error, then the end',
    'rejects unhandled midway': 'half a response, then the end',
    exits: 'error, then the end',
    'exits midway': 'half a response, then the end',
  },
  rare: [
    ...['crashes', 'crashes midway', 'rejects unhandled', 'rejects unhandled midway'],
    ...['exits', 'exits midway'],
  ],
}

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

for (const subject of [BUFFERED, STREAMED]) {
  test(`${COUNT} invocations of ${subject.handler} with random faults (FAULT_SEED=${SEED}): each is answered exactly once`, async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`)
    const api = await StrictRuntimeApi.start()
    const run = new FaultyRun(api, subject)
    try {
      for (let number = 0; number < COUNT; number++) {
        await run.invoke(number)
      }
      assert.deepEqual(api.violations, [], `FAULT_SEED=${SEED}`)
      assert.deepEqual(api.initErrors, [])
      t.diagnostic(
        `${JSON.stringify(run.tally)}, ${run.restarts} new processes, ${api.connections} connections`,
      )
    } finally {
      await run.lambda.stop()
      await api.stop()
    }
  })
}

class FaultyRun {
  readonly #api: StrictRuntimeApi
  readonly #subject: Subject
  readonly #gentle: readonly string[]
  readonly tally: Record<string, number> = {}
  lambda: LambdaProcess
  restarts = 0

  constructor(api: StrictRuntimeApi, subject: Subject) {
    this.#api = api
    this.#subject = subject
    this.#gentle = Object.keys(subject.behaviours).filter((behaviour) => !subject.rare.includes(behaviour))
    this.lambda = this.#start()
  }

  #start(): LambdaProcess {
    const { handler } = this.#subject
    return new LambdaProcess(faulty.executable, { runtimeApi: this.#api.address, handler })
  }

  async invoke(number: number): Promise<void> {
    const api = this.#api
    const behaviour = random() < 0.985 ? pick(this.#gentle) : pick(this.#subject.rare)
    // A process that has exited cannot repeat an answer that its connection lost; the platform sees the process end.
    const mayClose = (fault: Fault | undefined) =>
      fault?.close && behaviour.startsWith('exits') ? undefined : fault
    const next = mayClose(random() < 0.1 ? pick(DELIVERIES) : undefined)
    // Where the connection that brought the invocation is closed, a reply to its answer cannot be heard, whatever it says.
    const reply = mayClose(random() < 0.1 && !next?.close ? pick(REPLIES) : undefined)
    const requestId = `id-${number}`
    const context = `FAULT_SEED=${SEED}, invocation ${number}: ${JSON.stringify({ behaviour, next, reply })}`
    const wait = <T>(promise: Promise<T>, what: string): Promise<T> =>
      within(promise, () => `${what} ${context}; it printed ${this.lambda.output.slice(-2000)}`)
    // Segments are sent one a turn of the event loop: a long body in short ones would take seconds.
    const padding = 'x'.repeat(Math.floor(random() ** 8 * (next?.segment ? 100 : 100_000)))
    const event = { behaviour, padding }
    const given = api.given(requestId)
    const options = { requestId, ...(next && { next }), ...(reply && { answers: [reply] }) }
    const answered = api.invoke(event, options)

    const isLost = next?.close === 'before' // It never arrived, and the platform would give it to nobody else.
    const isRefused = reply?.status !== undefined
    const isDelivered = !isLost && next?.close !== 'after-head' && next?.close !== 'mid-body'
    const [outcome = '', end] = this.#subject.behaviours[behaviour]?.split(', ') ?? []
    if (isLost) {
      await wait(given, 'the delivery of')
    } else if (isRefused) {
      await wait(api.answerAttempt(requestId), 'an answer to')
    } else {
      this.#check(await wait(answered, 'the answer to'), { outcome, isDelivered, reply, event, context })
    }
    const count = isLost || isRefused ? 0 : 1
    this.tally[count === 0 ? 'no answer' : outcome] =
      (this.tally[count === 0 ? 'no answer' : outcome] ?? 0) + 1
    if (isDelivered && end !== undefined) {
      const { code, signal } = await this.lambda.exit()
      assert.ok(signal === null && code !== 0, context)
      this.restarts++
      this.lambda = this.#start()
    }
    await wait(api.idle(), 'the next next after')
    assert.equal(api.answersTo(requestId).length, count, context)
    api.forget(requestId)
  }

  #check(
    answer: Answer,
    expected: {
      outcome: string
      isDelivered: boolean
      reply: Fault | undefined
      event: object
      context: string
    },
  ): void {
    const { outcome, isDelivered, reply, event, context } = expected
    // A streamed response cannot be sent again: where it was lost, the loss is the answer.
    const isLost = reply?.close === 'before' && !reply.accepted && this.#subject === STREAMED
    const kind = !isDelivered || isLost || outcome === 'error' ? 'error' : 'response'
    assert.equal(answer.kind, kind, context)
    if (kind === 'response') {
      const { trailers } = answer.request
      assert.equal('lambda-runtime-function-error-type' in trailers, outcome === 'half a response', context)
      if (outcome === 'response') {
        assert.deepEqual(answer.json(), event, context)
      }
    }
  }
}
