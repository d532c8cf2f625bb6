import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConcurrentRun } from '../../../scripts/bench/concurrency/concurrent-server.ts'
import { handler } from '../../../scripts/bench/concurrency/function.ts'
import { renderConcurrencyReport } from '../../../scripts/bench/concurrency/report.ts'
import {
  type ConcurrencyResults,
  type ContenderId,
  percentile,
  summarise,
} from '../../../scripts/bench/concurrency/results.ts'
import { evaluateConcurrencyTargets } from '../../../scripts/bench/concurrency/targets.ts'
import { checkAnswers, planWork } from '../../../scripts/bench/concurrency/work.ts'

/** Of latencies, each invoked as the one before is answered. */
function madeUpRun(latencies: readonly number[], peakMiB = 50): ConcurrentRun {
  let time = 0
  const invokedMs: number[] = []
  const answeredMs = latencies.map((latency) => {
    invokedMs.push(time)
    time += latency
    return time
  })
  return {
    ...{ firstNextMs: 30, allNextMs: 40, startCpuMs: 50, startPeakKiB: 20 * 1024, serverCpuMs: 1 },
    ...{ totalMs: time, cpuMs: time / 2, peakKiB: peakMiB * 1024, invokedMs, answeredMs },
    answers: latencies.map(() => ''),
  }
}

function madeUpResults(ours: readonly number[], theirs: readonly number[]): ConcurrencyResults {
  const of = (contender: ContenderId, latencies: readonly number[], peakMiB: number) => ({
    place: 'two' as const,
    work: 'compute' as const,
    contender,
    runs: [1, 9, 2].map((scale) =>
      summarise(
        madeUpRun(
          latencies.map((each) => each * scale),
          peakMiB,
        ),
      ),
    ),
  })
  const starts = (firstNextMs: number) => [{ firstNextMs, cpuMs: firstNextMs / 2 }]
  return {
    ...{ date: '2026-01-02', machine: '2 CPUs (made up)', versions: { 'Node.js': '24.0.0' }, rounds: 3 },
    measured: [of('lambdabin', ours, 50), of('aws-lambda-ric', theirs, 100)],
    starts: { withThreads: starts(20.1), withoutThreads: starts(20) },
    leftOut: ['A quota of 1 CPU: made up.'],
  }
}

const targets = (results: ConcurrencyResults) =>
  new Map(evaluateConcurrencyTargets(results).map(({ what, measured, isMet }) => [what, { measured, isMet }]))

test('a target is met or not by the ratio of medians, and what was not measured is neither', () => {
  const met = targets(madeUpResults([10, 30], [20, 40]))
  assert.deepEqual(met.get('compute: time, 2 CPUs'), { measured: '0.67', isMet: true })
  assert.deepEqual(met.get('compute: time, 1 CPU'), { measured: '', isMet: undefined })
  assert.equal(met.get('start with one invocation at a time: first `next`')?.isMet, true)
  assert.deepEqual(targets(madeUpResults([20, 50], [20, 40])).get('compute: time, 2 CPUs'), {
    measured: '1.17',
    isMet: false,
  })
})

test('a report has a row for each contender, one of ratios, what was met, and what is left out', () => {
  const report = renderConcurrencyReport(madeUpResults([10, 30], [20, 40]))
  assert.match(
    report,
    /^\| 2 CPUs \| \*\*lambdabin\*\* \| 0\.1 \| 25\.0 \| 20\.0 \| 60\.0 \| 0\.0 \| 50\.0 \|$/m,
  )
  assert.match(report, /^\| 2 CPUs \| \*lambdabin \/ aws-lambda-ric 4\* \| \*0\.67\* \|/m)
  assert.match(report, /^\| compute: time, 2 CPUs \|.*\| ≤ 1\.00 \| 0\.67 \| met \|$/m)
  assert.match(report, /^\| compute: time, 1 CPU \|.*\| not measured \| {2}\|$/m)
  assert.match(report, /^- A quota of 1 CPU: made up\.$/m)
})

test('neighbours are told apart: those before, those that are running as another blocks, and those that are invoked meanwhile', () => {
  const run: ConcurrentRun = {
    ...madeUpRun([]),
    // The first three, three before, one that is running, the one that blocks, two meanwhile, one after.
    invokedMs: [...[0, 0, 0], ...[80, 80, 80], ...[115, 120], ...[130, 160], 1700],
    answeredMs: [...[90, 90, 90], ...[100, 102, 104], ...[1635, 1620], ...[150, 184], 1800],
    answers: Array.from({ length: 11 }, () => ''),
  }
  assert.deepEqual(summarise(run, 7).neighbours, {
    ownMs: 22,
    ownP99Ms: 24,
    p50Ms: 20,
    p99Ms: 24,
    longestMs: 1520,
    held: 1,
  })
})

test('a percentile is the least value that so many do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index)
  assert.deepEqual(
    [percentile(values, 0.5), percentile(values, 0.99), percentile([], 0.5)],
    [100, 198, Number.NaN],
  )
})

test('an answer that is not what the event comes to is refused', async () => {
  const { events } = planWork('mixed', 0.01)
  const answers = await Promise.all(
    events.map(async (event) => JSON.stringify(await handler(JSON.parse(event)))),
  )
  checkAnswers(events, answers)
  assert.throws(() => checkAnswers(events, answers.with(3, '{"rounds":0,"result":1}')), /expected the answer/)
})
