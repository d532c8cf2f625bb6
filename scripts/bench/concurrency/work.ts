/** What invocations of the benchmark do: the events that `function.ts` is given, and what it answers. */

import { compute, type WorkEvent } from './function.ts'
import type { Work } from './results.ts'

/** How many invocations there are at once. */
export const CLIENTS = 8
/** In milliseconds, of the one that blocks its thread. */
export const BLOCK_MS = 1500
export const WAIT_MS = 20
/** Of a loop that does the same on every machine: some 25 ms of CPU, and some 5. */
const LONG_ROUNDS = 5_000_000
const SHORT_ROUNDS = 1_000_000

const COUNTS: Readonly<Record<Work, number>> = { compute: 120, wait: 600, mixed: 240, neighbours: 960 }
/** Which invocation blocks; those before it show how long the others take by themselves. */
const BLOCKING = 400

export interface PlannedWork {
  readonly events: readonly string[]
  readonly blocking: number | undefined
}

/** `scale`: how many invocations there are, for how many there usually are. */
export function planWork(work: Work, scale = 1): PlannedWork {
  const event = {
    compute: { rounds: LONG_ROUNDS },
    wait: { waitMs: WAIT_MS },
    mixed: { waitMs: WAIT_MS, rounds: SHORT_ROUNDS },
    neighbours: { waitMs: WAIT_MS },
  }[work]
  const isBlocked = work === 'neighbours'
  const count = isBlocked ? COUNTS[work] : Math.max(CLIENTS, Math.round(COUNTS[work] * scale))
  const events = Array.from({ length: count }, () => JSON.stringify(event))
  if (isBlocked) {
    events[BLOCKING] = JSON.stringify({ blockMs: BLOCK_MS })
  }
  return { events, blocking: isBlocked ? BLOCKING : undefined }
}

/** Throws where an invocation was not answered with what its event comes to, so that nobody is fast by not doing the work. */
export function checkAnswers(events: readonly string[], answers: readonly string[]): void {
  const expected = new Map<number, string>()
  for (const [index, event] of events.entries()) {
    const { rounds = 0 } = JSON.parse(event) as WorkEvent
    const answer = expected.get(rounds) ?? JSON.stringify({ rounds, result: compute(rounds) })
    expected.set(rounds, answer)
    if (answers[index] !== answer) {
      throw new Error(`expected the answer ${answer} to ${event}, and got ${answers[index]}`)
    }
  }
}
