/**
 * Compares runtimes with the echo function, alternating in one run:
 *
 *     npm run bench -- [--starts 15] [--warm-runs 5] [--invocations 20000] [--cpu 1]
 *
 * Each start and each warm run is a process of its own, under `runtime-api-server.c`, which starts it, serves it and
 * measures; everything is pinned to one CPU, as small Lambdas have. Needs a C compiler, and what AWS's client needs.
 */

import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { installAwsClient } from '../aws-client.ts'

interface Measurement {
  firstNextMs: number
  firstResponseMs: number
  p50Us: number
  p99Us: number
  perSecond: number
  cpuMsStart: number
  cpuMsCheckpoint: number
  cpuMsAll: number
  peakKiB: number
}

interface Contender {
  readonly name: string
  readonly command: readonly string[]
  readonly env: Record<string, string>
}

const CHECKPOINT = 2000
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '15' },
    'warm-runs': { type: 'string', default: '5' },
    invocations: { type: 'string', default: '20000' },
    cpu: { type: 'string', default: String(cpus().length - 1) },
  },
})
const invocations = Number(values.invocations)
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-bench-'))
try {
  const server = compile('runtime-api-server')
  const contenders = prepare()
  const starts = await measure(server, contenders, Number(values.starts), 20)
  const warm = await measure(server, contenders, Number(values['warm-runs']), invocations)
  process.stdout.write(report(contenders, starts, warm))
} finally {
  rmSync(folder, { recursive: true })
}

function compile(name: string): string {
  const program = join(folder, name)
  execFileSync('cc', ['-O2', '-o', program, here(`./${name}.c`)], { stdio: ['ignore', 2, 2] })
  return program
}

function prepare(): Contender[] {
  const lambdabin = here('../../bin/lambdabin.js')
  const entry = here('../../src/functions/echo.ts')
  execFileSync(process.execPath, [lambdabin, 'build', entry, '--out-dir', folder], {
    stdio: ['ignore', 2, 2],
  })
  // A copy: pages of a file that was just written are mapped in larger pieces, which would count as memory in use.
  const executable = join(folder, 'echo', 'copy')
  copyFileSync(join(folder, 'echo', 'echo'), executable)
  const peers = here('./peers')
  const lambda = {
    AWS_LAMBDA_FUNCTION_NAME: 'echo',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/echo',
    AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
  }
  return [
    {
      name: 'lambdabin',
      command: [executable],
      env: { ...lambda, _HANDLER: 'echo', LAMBDA_TASK_ROOT: join(folder, 'echo') },
    },
    {
      name: 'aws-lambda-ric 4',
      command: [process.execPath, installAwsClient(), 'echo.handler'],
      env: { ...lambda, _HANDLER: 'echo.handler', LAMBDA_TASK_ROOT: peers },
    },
    { name: 'plain node:http', command: [process.execPath, join(peers, 'node-http.mjs')], env: lambda },
    { name: 'C, bare socket', command: [compile('bare-runtime')], env: lambda },
  ]
}

/** Runs each contender in turn, as often as `rounds` says, once more before that unmeasured, for the page cache. */
async function measure(server: string, contenders: readonly Contender[], rounds: number, count: number) {
  const measured = new Map<string, Measurement[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, command, env } of contenders) {
      const parameters = [
        '-c',
        values.cpu,
        server,
        String(count),
        String(Math.min(CHECKPOINT, count)),
        ...command,
      ]
      const options = { env: { PATH: process.env.PATH, ...env }, cwd: folder, timeout: 120_000 }
      const { stdout } = await promisify(execFile)('taskset', parameters, options)
      if (round > 0) measured.get(name)?.push(JSON.parse(stdout))
      process.stderr.write('.')
    }
  }
  process.stderr.write('\n')
  return measured
}

function report(
  contenders: readonly Contender[],
  starts: ReadonlyMap<string, Measurement[]>,
  warm: ReadonlyMap<string, Measurement[]>,
): string {
  const columns: [string, (name: string) => number][] = [
    ['first `next`, ms', (name) => median(starts.get(name), ({ firstNextMs }) => firstNextMs)],
    ['first response, ms', (name) => median(starts.get(name), ({ firstResponseMs }) => firstResponseMs)],
    ['warm p50, µs', (name) => median(warm.get(name), ({ p50Us }) => p50Us)],
    ['warm p99, µs', (name) => median(warm.get(name), ({ p99Us }) => p99Us)],
    ['invocations/s', (name) => median(warm.get(name), ({ perSecond }) => perSecond)],
    [
      'CPU ms per 1,000, first 2,000',
      (name) => (median(warm.get(name), ({ cpuMsCheckpoint }) => cpuMsCheckpoint) / CHECKPOINT) * 1000,
    ],
    [
      'CPU ms per 1,000, after that',
      (name) => (median(warm.get(name), ({ cpuMsAll }) => cpuMsAll) / (invocations - CHECKPOINT)) * 1000,
    ],
    ['peak memory, MiB', (name) => median(warm.get(name), ({ peakKiB }) => peakKiB) / 1024],
  ]
  const [ours, aws] = contenders as [Contender, Contender]
  const rows = [
    ['', ...columns.map(([title]) => title)],
    ['---', ...columns.map(() => '---:')],
    ...contenders.map(({ name }) => [name, ...columns.map(([, value]) => rounded(value(name)))]),
    [
      `${ours.name} / ${aws.name}`,
      ...columns.map(([, value]) => (value(ours.name) / value(aws.name)).toFixed(2)),
    ],
  ]
  const zip = (statSync(join(folder, 'echo.zip')).size / 1e6).toFixed(1)
  return [
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    `Medians of ${values.starts} starts and ${values['warm-runs']} runs of ${invocations} invocations, alternating, on one CPU;`,
    `Node.js ${process.versions.node}, ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}. The echo zip is ${zip} MB.`,
    '',
  ].join('\n')
}

function median(
  measurements: readonly Measurement[] = [],
  value: (measurement: Measurement) => number,
): number {
  const sorted = measurements.map(value).toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

function rounded(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 100 ? 0 : 1)
}
