/** What several invocations at once are to reach, as ratios in one run, and whether they do. */

import { evaluateTarget, type Goal, type Target } from '../targets.ts'
import {
  type ConcurrencyResults,
  type ContenderId,
  medianOf,
  medianStart,
  PLACES,
  type Place,
  type Run,
  type Work,
} from './results.ts'

const AWS = 'aws-lambda-ric 4, same Node.js'
const ALL_PLACES = Object.keys(PLACES) as Place[]
const totalMs = ({ totalMs: time }: Run) => time

interface Definition extends Goal {
  readonly value: (results: ConcurrencyResults) => number
}

const DEFINITIONS: readonly Definition[] = [
  ...ALL_PLACES.map((place): Definition => {
    const value = ratio(place, 'compute', 'aws-lambda-ric', totalMs)
    return {
      what: `compute: time, ${PLACES[place]}`,
      against: AWS,
      limit: { atMost: 1 },
      unit: 'ratio',
      value,
    }
  }),
  ...ALL_PLACES.map(
    (place): Definition => ({
      what: `peak memory, the worst of the three, ${PLACES[place]}`,
      against: AWS,
      limit: { atMost: 0.6 },
      unit: 'ratio',
      value: (results) =>
        Math.max(
          ...(['compute', 'wait', 'mixed'] as const).map((work) =>
            ratio(place, work, 'aws-lambda-ric', ({ peakKiB }) => peakKiB)(results),
          ),
        ),
    }),
  ),
  ...(['aws-lambda-ric', 'lambdabin-init'] as const).flatMap((other) =>
    ALL_PLACES.map(
      (place): Definition => ({
        what: `wait: time, ${PLACES[place]}`,
        against: other === 'aws-lambda-ric' ? AWS : 'our own loops in one thread',
        // No slower than before there were threads; AWS's client is for comparison.
        ...(other === 'lambdabin-init' && { limit: { atMost: 1.01 } }),
        unit: 'ratio',
        value: ratio(place, 'wait', other, totalMs),
      }),
    ),
  ),
  ...ALL_PLACES.map((place): Definition => {
    const value = ratio(place, 'mixed', 'aws-lambda-ric', totalMs)
    return { what: `wait, then compute: time, ${PLACES[place]}`, against: AWS, unit: 'ratio', value }
  }),
  {
    what: 'invoked while another blocks its thread: p50',
    against: 'their own p50',
    limit: { atMost: 1.2 },
    unit: 'ratio',
    value: (results) => ofNeighbours(results, ({ p50Ms, ownMs }) => p50Ms / ownMs),
  },
  {
    what: 'invoked while another blocks its thread: p99',
    against: 'their own p99',
    limit: { atMost: 1.2 },
    unit: 'ratio',
    value: (results) => ofNeighbours(results, ({ p99Ms, ownP99Ms }) => p99Ms / ownP99Ms),
  },
  // What a handler does to its own thread costs those that run in it, by design: it is told, and has no limit.
  {
    what: 'running in the same thread as it began: the longest',
    against: 'their own p50',
    unit: 'ratio',
    value: (results) => ofNeighbours(results, ({ longestMs, ownMs }) => longestMs / ownMs),
  },
  {
    what: 'the same with 8 threads',
    against: 'their own p50',
    limit: { atMost: 1.2 },
    unit: 'ratio',
    value: (results) => ofNeighbours(results, ({ longestMs, ownMs }) => longestMs / ownMs, 'lambdabin-8'),
  },
  {
    what: 'start with one invocation at a time: first `next`',
    against: 'a build without the code for threads',
    limit: { atMost: 1.01 },
    unit: 'ratio',
    value: ({ starts }) =>
      medianStart(starts.withThreads, ({ firstNextMs }) => firstNextMs) /
      medianStart(starts.withoutThreads, ({ firstNextMs }) => firstNextMs),
  },
]

export function evaluateConcurrencyTargets(results: ConcurrencyResults): Target[] {
  return DEFINITIONS.map((definition) => evaluateTarget(definition, definition.value(results)))
}

function ratio(
  place: Place,
  work: Work,
  other: ContenderId,
  value: (run: Run) => number,
): (results: ConcurrencyResults) => number {
  return (results) =>
    medianOf(results, place, work, 'lambdabin', value) / medianOf(results, place, work, other, value)
}

function ofNeighbours(
  results: ConcurrencyResults,
  value: (neighbours: NonNullable<Run['neighbours']>) => number,
  contender: ContenderId = 'lambdabin',
): number {
  return medianOf(results, 'two', 'neighbours', contender, ({ neighbours }) =>
    neighbours === undefined ? Number.NaN : value(neighbours),
  )
}
