/** Renders the results of several invocations at once as Markdown. */

import { markdownTable, section, shown, shownRatio, targetTable } from '../tables.ts'
import {
  CONTENDERS,
  type ConcurrencyResults,
  type ContenderId,
  medianOf,
  medianStart,
  PLACES,
  type Place,
  type Run,
  WORK_TITLES,
  type Work,
} from './results.ts'
import { evaluateConcurrencyTargets } from './targets.ts'
import { BLOCK_MS, CLIENTS, WAIT_MS } from './work.ts'

interface Column {
  readonly title: string
  readonly value: (run: Run) => number
}

const WORK_COLUMNS: readonly Column[] = [
  { title: 'all of them, s', value: ({ totalMs }) => totalMs / 1000 },
  { title: 'invocations/s', value: ({ invocations, totalMs }) => (invocations / totalMs) * 1000 },
  { title: 'p50, ms', value: ({ p50Ms }) => p50Ms },
  { title: 'p99, ms', value: ({ p99Ms }) => p99Ms },
  { title: 'CPU, s', value: ({ cpuMs }) => cpuMs / 1000 },
  { title: 'peak memory, MiB', value: ({ peakKiB }) => peakKiB / 1024 },
]
const START_COLUMNS: readonly Column[] = [
  { title: 'first `next`, ms', value: ({ firstNextMs }) => firstNextMs },
  { title: 'all `next`, ms', value: ({ allNextMs }) => allNextMs },
  { title: 'CPU ms', value: ({ startCpuMs }) => startCpuMs },
  { title: 'peak memory, MiB', value: ({ startPeakKiB }) => startPeakKiB / 1024 },
]
const NEIGHBOUR_COLUMNS: readonly Column[] = [
  { title: 'own p50, ms', value: ({ neighbours }) => neighbours?.ownMs ?? Number.NaN },
  { title: 'own p99, ms', value: ({ neighbours }) => neighbours?.ownP99Ms ?? Number.NaN },
  { title: 'invoked meanwhile: p50, ms', value: ({ neighbours }) => neighbours?.p50Ms ?? Number.NaN },
  { title: 'p99, ms', value: ({ neighbours }) => neighbours?.p99Ms ?? Number.NaN },
  {
    title: 'running as it began: the longest, ms',
    value: ({ neighbours }) => neighbours?.longestMs ?? Number.NaN,
  },
  { title: 'how many were held up', value: ({ neighbours }) => neighbours?.held ?? Number.NaN },
  { title: 'peak memory, MiB', value: ({ peakKiB }) => peakKiB / 1024 },
]
const WORKS = {
  compute: 'Invocations that compute, a fixed loop of some 25 ms',
  wait: `Invocations that wait, ${WAIT_MS} ms`,
  mixed: `Invocations that wait ${WAIT_MS} ms, then compute some 5 ms`,
} as const

export function renderConcurrencyReport(results: ConcurrencyResults): string {
  return [
    '# Several invocations at once: the benchmark',
    caption(results),
    ...(['compute', 'wait', 'mixed'] as const).map((work) => section(WORKS[work], workTable(results, work))),
    section(`Beside an invocation that blocks its thread for ${BLOCK_MS} ms`, neighbours(results)),
    section('From the start to the first request for an invocation, and to all', startTable(results)),
    section('A start with one invocation at a time', classicStarts(results)),
    section('Targets', targetTable(evaluateConcurrencyTargets(results))),
    section('Left out', results.leftOut.map((sentence) => `- ${sentence}`).join('\n')),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

function caption({ rounds, machine, versions, date }: ConcurrencyResults): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return (
    `\`npm run bench:concurrency -- --write\` makes this page. ${CLIENTS} clients invoke, each as soon as it has its answer ` +
    `(\`AWS_LAMBDA_MAX_CONCURRENCY=${CLIENTS}\`). Medians of ${rounds} runs, alternating, each in a process of its own, from the first ` +
    'invocation of the process on. A latency holds the time until the runtime asks for the invocation. AWS’s client has 8 threads for each CPU, as on ' +
    'Lambda, and as many in libuv’s pool, without which it asks for 4 invocations at once at most; lambdabin has one thread for each CPU. The server is a C program on the same CPUs, whose own CPU time is not counted. Memory is VmHWM. ' +
    `${machine}; ${software.join(', ')}; ${date}.`
  )
}

function workTable(results: ConcurrencyResults, work: Work): string {
  const found = table(results, work, WORK_COLUMNS)
  const run = results.measured.find((each) => each.work === work)?.runs[0]
  return run === undefined ? found : `${found}\n\n${run.invocations} invocations in each run.`
}

/** A row for each place and contender, and after each place one of ratios. */
function table(results: ConcurrencyResults, work: Work, columns: readonly Column[]): string {
  const places = (Object.keys(PLACES) as Place[]).filter((place) =>
    results.measured.some((each) => each.place === place && each.work === work),
  )
  if (places.length === 0) {
    return ''
  }
  const rows = places.flatMap((place) => {
    const ids = results.measured.filter((each) => each.place === place && each.work === work)
    const cell = (id: ContenderId, { value }: Column) => medianOf(results, place, work, id, value)
    return [
      ...ids.map(({ contender: id }) => [
        PLACES[place],
        id === 'lambdabin' ? `**${CONTENDERS[id]}**` : CONTENDERS[id],
        ...columns.map((column) => shown(cell(id, column))),
      ]),
      [
        PLACES[place],
        '*lambdabin / aws-lambda-ric 4*',
        ...columns.map((column) => shownRatio(cell('lambdabin', column) / cell('aws-lambda-ric', column))),
      ],
    ]
  })
  return markdownTable(['on', '', ...columns.map(({ title }) => title)], rows, 2)
}

function neighbours(results: ConcurrencyResults): string {
  const found = table(results, 'neighbours', NEIGHBOUR_COLUMNS)
  return found === ''
    ? ''
    : `${found}\n\nThe others ${WORK_TITLES.wait} ${WAIT_MS} ms. Those that the thread had begun with before go on when it is free again, as on one ` +
        'thread of Node.js; those that are invoked meanwhile go to the other thread. AWS’s client has a thread for each invocation, as lambdabin has with `AWS_LAMBDA_NODEJS_WORKER_COUNT=8`.'
}

function startTable(results: ConcurrencyResults): string {
  return table(results, 'compute', START_COLUMNS)
}

function classicStarts({ starts }: ConcurrencyResults): string {
  if (starts.withThreads.length === 0) {
    return ''
  }
  const row = (name: string, of: typeof starts.withThreads): string[] => [
    name,
    medianStart(of, ({ firstNextMs }) => firstNextMs).toFixed(2),
    medianStart(of, ({ cpuMs }) => cpuMs).toFixed(2),
  ]
  const found = markdownTable(
    ['', 'first `next`, ms', 'CPU ms'],
    [row('**lambdabin**', starts.withThreads), row('without the code for threads', starts.withoutThreads)],
  )
  return `${found}\n\nMedians of ${starts.withThreads.length} starts each, alternating, on 1 CPU, with \`AWS_LAMBDA_MAX_CONCURRENCY\` unset. The second is built from the same sources, but for the runtime’s file that starts threads, in whose place is one that cannot.`
}
