/** Renders results as Markdown. */

import { chunks, diskMegabytes } from './cold/targets.ts'
import {
  CHUNK_DELAYS,
  type ContenderResults,
  cpuPerThousand,
  cpuPerThousandEarly,
  cpuPerThousandLate,
  type FunctionName,
  find,
  firstInvocation,
  firstInvocationCpu,
  firstNext,
  firstResponse,
  MEMORY_SIZES,
  median,
  type Phase,
  type Results,
  serverCpuPerThousand,
} from './results.ts'
import type { Measurement } from './runtime-api-server.ts'
import { evaluateTargets, type Target } from './targets.ts'

interface Column {
  readonly title: string
  readonly value: (contender: ContenderResults | undefined) => number
}

const FUNCTION_TITLES = {
  echo: 'The echo function',
  sdk: 'AWS SDK + zod',
  'get-item': 'A function that calls AWS over HTTPS',
}

const START = [
  column('first `next`, ms', 'start', firstNext),
  column('first response, ms', 'start', firstResponse),
  column('cold: first `next`, ms', 'coldStart', firstNext),
  column('cold: first response, ms', 'coldStart', firstResponse),
]
/** What a cold start has read by its first response, readahead and all: what its time follows from. */
const COLD_READ = column('cold: read, MB', 'coldStart', diskMegabytes)
/** With a disk that reads 128 KiB ahead, as the kernel does unless told otherwise, and from the chunk store. */
const COLD = [
  column('128 KiB ahead: first `next`, ms', 'coldStart128', firstNext),
  column('first response, ms', 'coldStart128', firstResponse),
  column('read, MB', 'coldStart128', diskMegabytes),
  column('as far as the disk says: first `next`, ms', 'coldStart', firstNext),
  column('read, MB', 'coldStart', diskMegabytes),
  ...CHUNK_DELAYS.map((delay) =>
    column(`${delay} ms a chunk: first \`next\`, ms`, `store${delay}`, firstNext),
  ),
  column('chunks', 'store20', chunks),
  column('of 20 invocations', 'store2', chunks),
]
const WARM = [
  column('warm p50, µs', 'warm', ({ p50Us }) => p50Us),
  column('warm p99, µs', 'warm', ({ p99Us }) => p99Us),
  column('invocations/s', 'warm', ({ perSecond }) => perSecond),
  column('CPU ms per 1,000', 'warm', cpuPerThousand),
  column('of the first 2,000', 'warm', cpuPerThousandEarly),
  column('after that', 'warm', cpuPerThousandLate),
]
const MEMORY = [
  column('peak memory after 20, MiB', 'warm', ({ peakKiBEarly }) => peakKiBEarly / 1024),
  column('peak memory, MiB', 'warm', ({ peakKiB }) => peakKiB / 1024),
]
const SIZES: Column[] = [
  { title: 'executable, MB', value: (contender) => (contender?.executableBytes || Number.NaN) / 1e6 },
  { title: 'zip, MB', value: (contender) => (contender?.zipBytes || Number.NaN) / 1e6 },
]
const ANY_CPU = [
  column('first `next`, ms', 'anyCpuStart', firstNext),
  column('first response, ms', 'anyCpuStart', firstResponse),
  column('cold: first response, ms', 'anyCpuColdStart', firstResponse),
  column('warm p50, µs', 'anyCpuWarm', ({ p50Us }) => p50Us),
  column('warm p99, µs', 'anyCpuWarm', ({ p99Us }) => p99Us),
  column('invocations/s', 'anyCpuWarm', ({ perSecond }) => perSecond),
  column('CPU ms per 1,000', 'anyCpuWarm', cpuPerThousand),
  column('peak memory, MiB', 'anyCpuWarm', ({ peakKiB }) => peakKiB / 1024),
]
const GROWTH = [START[1], START[3], SIZES[0], SIZES[1]].filter((entry) => entry !== undefined)

/** With the CPU that so much memory buys from the first invocation on. */
const withMemory = (size: (typeof MEMORY_SIZES)[number]) => {
  const phase = `memory${size}` as const
  return [
    column('init: CPU ms', phase, ({ cpuMsNext }) => cpuMsNext),
    column('ms', phase, firstNext),
    column('first invocation: CPU ms', phase, firstInvocationCpu),
    column('ms', phase, firstInvocation),
    column('second: CPU ms', phase, ({ cpuMsSecond }) => cpuMsSecond),
    column('ms', phase, ({ secondResponseMs }) => secondResponseMs),
    column('init + first invocation, ms', phase, firstResponse),
  ]
}

/** The whole report. `chart` is the path of the picture, from where the report will be. */
export function renderReport(results: Results, chart: string): string {
  return [
    '# The benchmark',
    caption(results),
    `![How fast it starts, and what an invocation takes](${chart})`,
    ...(['echo', 'sdk'] as const).flatMap((name) => [
      section(
        `${FUNCTION_TITLES[name]}, on one CPU`,
        comparison(results, name, [...START, COLD_READ, ...WARM, ...MEMORY, ...SIZES]),
      ),
      section(`${FUNCTION_TITLES[name]}, on any CPU`, anyCpu(results, name)),
      section(`${FUNCTION_TITLES[name]}, with nothing in memory`, coldTable(results, name)),
    ]),
    ...MEMORY_SIZES.map((size) =>
      section(`${FUNCTION_TITLES['get-item']}, ${shown(size)} MB`, memoryTable(results, size)),
    ),
    section('What bundled code costs that is not used', growthTable(results)),
    section('Targets, as ratios in this run, on one CPU', targetTable(evaluateTargets(results))),
    section("What the benchmark's own side takes", serverSide(results)),
    section('How each is built and started', notes(results)),
    section('Left out', results.leftOut.map((sentence) => `- ${sentence}`).join('\n')),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

/** The chart, as a document shows it. */
export function renderChartReference(chart: string): string {
  return `![How fast it starts, and what an invocation takes](${chart})`
}

/** The part of the documentation that shows the results. */
export function renderTables(results: Results, chart: string, report: string): string {
  const columns = [...START, ...WARM.slice(0, 5), ...MEMORY, ...SIZES.slice(1)]
  return [
    renderChartReference(chart),
    `${FUNCTION_TITLES.echo}, on one CPU:`,
    comparison(results, 'echo', columns),
    "A function with the AWS SDK's DynamoDB document client and zod, on one CPU:",
    comparison(results, 'sdk', [...START, ...WARM.slice(0, 4), ...MEMORY.slice(1), ...SIZES.slice(1)]),
    `${caption(results)} More is in [the whole report](${report}).`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** A GitHub table, whose first `texts` columns are text, and the others numbers. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
): string {
  const rule = header.map((_, index) => (index < texts ? '---' : '---:'))
  const lines = [header, rule, ...rows]
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

function comparison(results: Results, name: FunctionName, wanted: readonly Column[]): string {
  const contenders = results.contenders.filter((contender) => contender.function === name)
  const columns = wanted.filter(({ value }) =>
    contenders.some((contender) => Number.isFinite(value(contender))),
  )
  if (columns.length === 0) {
    return ''
  }
  const ratios = ['aws-lambda-ric', 'bun-bytecode'].flatMap((id) => {
    const [ours, other] = [find(results, name, 'lambdabin'), find(results, name, id)]
    if (ours === undefined || other === undefined) {
      return []
    }
    const cells = columns.map(({ value }) => shownRatio(value(ours) / value(other)))
    return [[`*lambdabin / ${other.name}*`, ...cells]]
  })
  return markdownTable(
    ['', ...columns.map(({ title }) => title)],
    [
      ...contenders.map((contender) => [
        contender.id === 'lambdabin' ? `**${contender.name}**` : contender.name,
        ...columns.map(({ value }) => shown(value(contender))),
      ]),
      ...ratios,
    ],
  )
}

/** Beside the table, why its warm part is to be read with care. */
function anyCpu(results: Results, name: FunctionName): string {
  const table = comparison(results, name, ANY_CPU)
  return table === ''
    ? ''
    : `${table}\n\nWhether the two sides of the socket share a CPU is up to the system here, and where they do not, waking the ` +
        'other CPU takes longer than a fast runtime does: compare warm figures on one CPU.'
}

function memoryTable(results: Results, size: (typeof MEMORY_SIZES)[number]): string {
  const table = comparison(results, 'get-item', withMemory(size))
  return table === ''
    ? ''
    : `${table}\n\nOne GetItem of the AWS SDK's document client, to a stub on loopback on another CPU. A whole CPU up to the first ` +
        `\`next\`, then ${size} / 1,769 of one, in periods of 20 ms.`
}

/** Beside the table, what is simulated. */
function coldTable(results: Results, name: FunctionName): string {
  const table = comparison(results, name, COLD)
  return table === ''
    ? ''
    : `${table}\n\nThe last columns are of a file system whose files are fetched in chunks of 512 KiB when they are first touched, in so many ` +
        'milliseconds each, several at once; the libraries of the system are on the disk. How many chunks is up to the first response, and then up to the twentieth.'
}

function growthTable(results: Results): string {
  const contenders = results.contenders.filter((contender) => contender.function === 'growth')
  if (contenders.length === 0) {
    return ''
  }
  const relative = (contender: ContenderResults, { value }: Column) => {
    const without = find(results, 'growth', contender.id.startsWith('aws-') ? 'aws-none' : 'none')
    return contender === without || without === undefined ? '' : shownRatio(value(contender) / value(without))
  }
  const [start, cold] = GROWTH as [Column, Column]
  const table = markdownTable(
    ['', start.title, 'ratio', cold.title, 'ratio', ...GROWTH.slice(2).map(({ title }) => title)],
    contenders.map((contender) => [
      contender.name,
      shown(start.value(contender)),
      relative(contender, start),
      shown(cold.value(contender)),
      relative(contender, cold),
      ...GROWTH.slice(2).map(({ value }) => shown(value(contender))),
    ]),
  )
  return `${table}\n\nThe code is ${(results.growthBytes / 1e6).toFixed(1)} MB once it is minified, generated, and the same each time.`
}

export function targetTable(targets: readonly Target[]): string {
  const marks = new Map([
    [true, 'met'],
    [false, '**not met**'],
  ])
  return markdownTable(
    ['', 'against', 'target', 'measured', ''],
    targets.map(({ what, against, goal, measured, isMet }) => [
      what,
      against,
      goal,
      measured === '' ? 'not measured' : measured,
      isMet === undefined ? '' : (marks.get(isMet) ?? ''),
    ]),
    5,
  )
}

function serverSide(results: Results): string {
  const contenders = results.contenders.filter((contender) => contender.measurements.warm?.length)
  if (contenders.length === 0) {
    return ''
  }
  const own = column('server, CPU ms per 1,000', 'warm', serverCpuPerThousand)
  const theirs = column('runtime, CPU ms per 1,000', 'warm', cpuPerThousand)
  return [
    'The other side of the socket is a C program that takes one `poll`, one `read` and one `write` for each request, and ' +
      'measures the CPU time of both sides. The runtime in C, which is as plain as can be, shows the least that a latency ' +
      'can be, and the most invocations a second: what another runtime has above that is its own.',
    markdownTable(
      ['', own.title, theirs.title, "the server's part"],
      contenders.map((contender) => {
        const [server, runtime] = [own.value(contender), theirs.value(contender)]
        const part = `${((server / (server + runtime)) * 100).toFixed(0)} %`
        const name = contender.function === 'sdk' ? `${contender.name}, AWS SDK` : contender.name
        return [name, shown(server), shown(runtime), part]
      }),
    ),
  ].join('\n\n')
}

/** One line for each contender, with what is to be known about it. */
function notes(results: Results): string {
  const lines = results.contenders
    .filter(({ note }) => note !== '')
    .map(({ name, note }) => `- ${name}: ${note}.`)
  return [...new Set(lines)].join('\n')
}

/** How it was measured, and where and when. */
export function caption({ machine, versions, date, counts, invocations }: Results): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return (
    `Medians of ${counts.start} starts, ${counts.coldStart} with a cold page cache, and ${counts.warm} runs of ` +
    `${invocations.toLocaleString('en-US')} invocations, alternating, each in a process of its own. ` +
    `Peak memory is VmHWM, after all invocations of a run. ${machine}; ${software.join(', ')}; ${date}.`
  )
}

export function section(title: string, content: string): string {
  return content === '' ? '' : `## ${title}\n\n${content}`
}

function column(title: string, phase: Phase, value: (measurement: Measurement) => number): Column {
  return { title, value: (contender) => median(contender, phase, value) }
}

export function shown(value: number): string {
  if (!Number.isFinite(value)) {
    return ''
  }
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 100 ? 0 : 1)
}

export function shownRatio(value: number): string {
  return Number.isFinite(value) ? `*${value.toFixed(2)}*` : ''
}
