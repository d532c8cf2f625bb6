/**
 * `lambdabin serve` under load for a long time: what it answers, what it holds, and what it leaves behind.
 *
 *     node scripts/bench/serve-soak.ts [--zip FILE] [--minutes N] [--clients N] [--environments N] [--page]
 *
 * Each client has a connection of its own and asks again as soon as it has its answer. Memory and descriptors are those of the server and of
 * its execution environments, from /proc, each quarter of a minute. At the end, the server is told to end, and what is then still
 * there is named: processes, and files in the folder that it had for its temporary ones.
 *
 * With --page, samples are shorter and have a Chromium beside them in turn: stopped, with an empty page, and with the page. Each round of
 * the three is compared in itself, as a machine's speed changes over minutes. Beside throughput, which differs by a tenth between two samples of the
 * same, is what the browser used of the processors, as that is what the others could not use, and what an answer took of the server's time.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { cpuSecondsOf, descriptorsOf, residentMb, statusOf, treeOf } from './processes.ts'
import { middleOf } from './results.ts'
import { type Shown, ShownPage } from './shown-page.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const SAMPLE_MS = 15_000
/** The same with --page. */
const PAGE_SAMPLE_MS = 5000
const ROUND: readonly Shown[] = ['none', 'empty', 'page']
const WARM_UP_MS = 15_000
/** What a server that was told to end gets for it. */
const ENDING_MS = 20_000

const { values } = parseArgs({
  options: {
    zip: { type: 'string', default: 'dist/echo.zip' },
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '64' },
    environments: { type: 'string', default: '8' },
    page: { type: 'boolean', default: false },
  },
})
const zip = resolve(values.zip)
const path = `/2015-03-31/functions/${basename(zip, '.zip')}/invocations`
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-soak-'))
const temporary = join(folder, 'tmp')
const answers = new Map<string, number>()

interface Sample {
  shown: Shown
  /** Answers per second. */
  throughput: number
  /** Of the server's processor time, in microseconds. */
  serverUsPerAnswer: number
  /** Of one processor, what the browser used. */
  browserShare: number
  serverMb: number
  environmentsMb: number
  descriptors: number
  processes: number
}

try {
  await measure()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  mkdirSync(temporary)
  const args = ['--port', '0', '--state', join(folder, 'state'), '--environments', values.environments]
  const server = spawn(
    process.execPath,
    ['--', CLI, 'serve', zip, '--concurrency', values.clients, ...args],
    {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const { endpoint, link } = await readLinks(server)
  const stop = new AbortController()
  const clients = Promise.all(
    Array.from({ length: Number(values.clients) }, () => askUntil(endpoint, stop.signal)),
  )
  await delay(WARM_UP_MS)
  const known = new Set<number>()
  const samples = await takeSamples(server.pid as number, link, known)
  stop.abort()
  await clients
  report(samples)
  const closed = once(server, 'close')
  server.kill('SIGTERM')
  await Promise.race([closed, delay(ENDING_MS, undefined, { ref: false })])
  reportLeftovers(known)
}

async function takeSamples(server: number, link: string, known: Set<number>): Promise<Sample[]> {
  const browser = values.page ? await ShownPage.start(link, folder) : undefined
  const samples: Sample[] = []
  const started = performance.now()
  try {
    for (let round = 0; performance.now() - started < Number(values.minutes) * 60_000; round++) {
      // Whatever changes in a round changes for the first and for the last.
      const order = browser === undefined ? (['none'] as const) : round % 2 === 0 ? ROUND : ROUND.toReversed()
      for (const shown of order) {
        await browser?.show(shown)
        const sample = await takeSample(server, shown, browser, known)
        samples.push(sample)
        print(performance.now() - started, sample)
      }
    }
  } finally {
    await browser?.close()
  }
  return samples
}

async function takeSample(
  server: number,
  shown: Shown,
  browser: ShownPage | undefined,
  known: Set<number>,
): Promise<Sample> {
  const used = () => ({ server: cpuSecondsOf([server]), browser: browser?.cpuSeconds ?? 0 })
  const [began, answered, before] = [performance.now(), total(), used()]
  await delay(browser === undefined ? SAMPLE_MS : PAGE_SAMPLE_MS)
  const [seconds, count, after] = [(performance.now() - began) / 1000, total() - answered, used()]
  return {
    shown,
    throughput: count / seconds,
    serverUsPerAnswer: ((after.server - before.server) / count) * 1e6,
    browserShare: (after.browser - before.browser) / seconds,
    ...held(server, known),
  }
}

function total(): number {
  return [...answers.values()].reduce((sum, count) => sum + count, 0)
}

async function askUntil(endpoint: string, stop: AbortSignal): Promise<void> {
  const client = new Client(endpoint)
  while (!stop.aborted) {
    const answer = await ask(client)
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }
  await client.close()
}

/** Resolves to the status, with the type of an error. */
async function ask(client: Client): Promise<string> {
  try {
    const { statusCode, headers, body } = await client.request({
      method: 'POST',
      path,
      body: '{"text":"Hello"}',
    })
    await body.dump()
    const failure = headers['x-amzn-errortype'] ?? headers['x-amz-function-error']
    return failure === undefined ? String(statusCode) : `${statusCode} ${failure}`
  } catch (error) {
    return String(error)
  }
}

/** What the processes below `server` hold; they are added to `known`. */
function held(
  server: number,
  known: Set<number>,
): Pick<Sample, 'serverMb' | 'environmentsMb' | 'descriptors' | 'processes'> {
  const processes = treeOf(server)
  const memory = processes.map(residentMb)
  for (const pid of processes) {
    known.add(pid)
  }
  const [serverMb = 0, ...others] = memory
  return {
    serverMb,
    environmentsMb: others.reduce((sum, each) => sum + each, 0),
    descriptors: processes.reduce((sum, pid) => sum + descriptorsOf(pid), 0),
    processes: processes.length,
  }
}

async function readLinks(server: ChildProcess): Promise<{ endpoint: string; link: string }> {
  const found = Promise.withResolvers<{ endpoint: string; link: string }>()
  let said = ''
  const look = (text: string) => {
    if (said.length < 10_000) {
      said += text
      const [, endpoint] = /--endpoint-url (http:\S+)/.exec(said) ?? []
      const [, link] = /a page to see it by: (\S+)/.exec(said) ?? []
      if (endpoint !== undefined && link !== undefined) {
        found.resolve({ endpoint, link })
      }
    }
  }
  server.stdout?.setEncoding('utf8').on('data', look)
  server.stderr?.setEncoding('utf8').on('data', look)
  server.once('close', () => found.reject(new Error(`serve ended before it listened: ${said}`)))
  return await found.promise
}

function print(ms: number, sample: Sample): void {
  const { throughput, serverMb, environmentsMb, descriptors, processes, shown } = sample
  const beside =
    shown === 'none'
      ? ''
      : `, with a browser on ${shown === 'page' ? 'the page' : 'an empty page'}: ${percent(sample.browserShare)} of a processor`
  process.stdout.write(
    `${(ms / 1000).toFixed(0)} s: ${throughput.toFixed(0)} answers/s, server ${serverMb.toFixed(0)} MB, ` +
      `environments ${environmentsMb.toFixed(0)} MB, ${descriptors} descriptors, ${processes} processes${beside}\n`,
  )
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)}%`
}

function report(samples: readonly Sample[]): void {
  process.stdout.write(`answers: ${JSON.stringify(Object.fromEntries(answers))}\n`)
  const half = Math.floor(samples.length / 2)
  for (const key of ['serverMb', 'environmentsMb', 'descriptors'] as const) {
    const of = (part: readonly Sample[]) => middleOf(part.map((sample) => sample[key]))
    process.stdout.write(
      `${key}: median ${of(samples.slice(0, half)).toFixed(0)} in the first half, ${of(samples.slice(half)).toFixed(0)} in the second\n`,
    )
  }
  if (values.page) {
    reportPage(samples)
  }
}

function reportPage(samples: readonly Sample[]): void {
  const rounds = Array.from({ length: samples.length / ROUND.length }, (_, round) =>
    samples.slice(round * ROUND.length, (round + 1) * ROUND.length),
  )
  const compared = (key: 'throughput' | 'serverUsPerAnswer', to: Shown) =>
    middleOf(
      rounds.map((round) => {
        const of = (wanted: Shown) => round.find(({ shown }) => shown === wanted)?.[key] ?? Number.NaN
        return of('page') / of(to)
      }),
    ).toFixed(3)
  const share = (wanted: Shown) =>
    middleOf(samples.filter(({ shown }) => shown === wanted).map(({ browserShare }) => browserShare))
  process.stdout.write(
    `page: throughput ${compared('throughput', 'none')} of that without a browser, ${compared('throughput', 'empty')} of that with an empty page\n` +
      `page: the server takes ${compared('serverUsPerAnswer', 'none')} and ${compared('serverUsPerAnswer', 'empty')} of its time for an answer\n` +
      `page: the browser takes ${percent(share('page'))} of a processor, ${percent(share('empty'))} with an empty page; ` +
      `of all ${availableParallelism()}, ${percent(share('page') / availableParallelism())}\n`,
  )
}

function reportLeftovers(known: ReadonlySet<number>): void {
  const alive = [...known].filter((pid) => !['', 'Z'].includes(statusOf(pid, 'State')))
  const files = readdirSync(temporary)
  process.stdout.write(
    `left behind: ${alive.length} processes, ${files.length} temporary files ${files.join(' ')}\n`,
  )
}
