/** What the benchmark of several invocations at once measured, as it is written to a file and read again to render it. */

import { middleOf } from '../results.ts'
import type { ConcurrentRun } from './concurrent-server.ts'

/** Where a runtime runs: pinned to so many CPUs, or on two with the quota of one. */
export const PLACES = { one: '1 CPU', two: '2 CPUs', quota: '2 CPUs with a quota of 1' } as const
export type Place = keyof typeof PLACES

export const CONTENDERS = {
  lambdabin: 'lambdabin',
  'lambdabin-8': 'lambdabin, 8 threads',
  'lambdabin-init': 'lambdabin --init build: one thread',
  'aws-lambda-ric': 'aws-lambda-ric 4',
} as const
export type ContenderId = keyof typeof CONTENDERS

/** What invocations do. `neighbours`: they wait, and one of them blocks its thread. */
export const WORK_TITLES = {
  compute: 'compute',
  wait: 'wait',
  mixed: 'wait, then compute',
  neighbours: 'wait, and one blocks its thread',
} as const
export type Work = keyof typeof WORK_TITLES

/** Of one process. Latencies and times are in milliseconds. */
export interface Run extends Omit<ConcurrentRun, 'invokedMs' | 'answeredMs' | 'answers'> {
  readonly invocations: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of work `neighbours` only. */
  readonly neighbours?: Neighbours
}

/**
 * What invocations took beside one that blocked its thread. Their own time is that of the second half of those before it: the first
 * half have what is done for the first time.
 */
export interface Neighbours {
  readonly ownMs: number
  readonly ownP99Ms: number
  /** Of those that were invoked while it blocked. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of those that were running as it began: the longest, and how many took more than 1.2 times their own time. */
  readonly longestMs: number
  readonly held: number
}

export interface Start {
  readonly firstNextMs: number
  readonly cpuMs: number
}

export interface ConcurrencyResults {
  readonly date: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  readonly measured: readonly {
    readonly place: Place
    readonly work: Work
    readonly contender: ContenderId
    readonly runs: readonly Run[]
  }[]
  /** With `AWS_LAMBDA_MAX_CONCURRENCY` unset, of a build of these sources and of one that has nothing of threads. */
  readonly starts: { readonly withThreads: readonly Start[]; readonly withoutThreads: readonly Start[] }
  /** One sentence for each that is left out. */
  readonly leftOut: readonly string[]
}

/** The median over the runs; NaN where there were none. */
export function medianOf(
  results: ConcurrencyResults,
  place: Place,
  work: Work,
  contender: ContenderId,
  value: (run: Run) => number,
): number {
  const found = results.measured.find(
    (each) => each.place === place && each.work === work && each.contender === contender,
  )
  return middleOf((found?.runs ?? []).map(value))
}

export function medianStart(starts: readonly Start[], value: (start: Start) => number): number {
  return middleOf(starts.map(value))
}

/** `blocking`: which of the invocations blocks its thread; undefined for none. */
export function summarise(run: ConcurrentRun, blocking?: number): Run {
  const { invokedMs, answeredMs, answers, ...facts } = run
  const latencies = answeredMs.map((answered, index) => answered - (invokedMs[index] ?? 0))
  return {
    ...facts,
    invocations: answers.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    ...(blocking !== undefined && { neighbours: neighboursOf(run, latencies, blocking) }),
  }
}

function neighboursOf(
  { invokedMs, answeredMs }: ConcurrentRun,
  latencies: readonly number[],
  blocking: number,
): Neighbours {
  const begin = invokedMs[blocking] ?? 0
  const end = answeredMs[blocking] ?? 0
  const others = latencies
    .map((latency, index) => ({
      latency,
      index,
      invoked: invokedMs[index] ?? 0,
      answered: answeredMs[index] ?? 0,
    }))
    .filter(({ index }) => index !== blocking)
  const latenciesOf = (found: typeof others): number[] => found.map(({ latency }) => latency)
  const before = latenciesOf(
    others.filter(({ index, answered }) => index >= blocking / 2 && answered <= begin),
  )
  const own = percentile(before, 0.5)
  const beside = latenciesOf(others.filter(({ invoked }) => invoked > begin && invoked < end))
  const running = latenciesOf(others.filter(({ invoked, answered }) => invoked <= begin && answered > begin))
  return {
    ownMs: own,
    ownP99Ms: percentile(before, 0.99),
    p50Ms: percentile(beside, 0.5),
    p99Ms: percentile(beside, 0.99),
    longestMs: Math.max(...running),
    held: running.filter((latency) => latency > 1.2 * own).length,
  }
}

/** The least value that so many of them do not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}
