/**
 * `lambdabin serve` under load for a long time: what it answers, what it holds, and what it leaves behind.
 *
 *     node scripts/bench/serve-soak.ts [--zip FILE] [--minutes N] [--clients N] [--environments N] [--page]
 *
 * Each client has a connection of its own and asks again as soon as it has its answer. Memory and descriptors are those of the server and of
 * its execution environments, from /proc, each quarter of a minute. At the end, the server is told to end, and what is then still
 * there is named: processes, and files in the folder that it had for its temporary ones.
 *
 * With --page, a Chromium shows the page in every second quarter of a minute, and throughput with it is compared with that without.
 * A quarter begins when the browser has done what it does as it starts.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { middleOf } from './results.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const CHROMIUM = 'chromium'
/** What a browser that has started uses of a processor, at most; and what it gets to come to that. */
const CALM = 0.15
const STARTING_S = 40
/** A tick of /proc/PID/stat, in seconds. */
const TICK_S = 0.01
const SAMPLE_MS = 15_000
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
  /** Answers per second. */
  throughput: number
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
  const samples: Sample[] = []
  const count = Math.max(2, Math.round((Number(values.minutes) * 60_000) / SAMPLE_MS))
  for (let index = 0; index < count; index++) {
    const closePage = values.page && index % 2 === 1 ? await openPage(link) : undefined
    const before = total()
    const started = performance.now()
    await delay(SAMPLE_MS)
    const throughput = ((total() - before) / (performance.now() - started)) * 1000
    const sample = { throughput, ...held(server, known) }
    samples.push(sample)
    print(index, sample, closePage !== undefined)
    await closePage?.()
  }
  return samples
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
function held(server: number, known: Set<number>): Omit<Sample, 'throughput'> {
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

/** A process and what it has started, itself first. */
function treeOf(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = Number(statusOf(Number(name), 'PPid'))
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
  }
  const found = [pid]
  for (const each of found) {
    found.push(...(parents.get(each) ?? []))
  }
  return found
}

/** A line of /proc/PID/status; empty for a process that has ended. */
function statusOf(pid: number, key: string): string {
  try {
    return new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}

function residentMb(pid: number): number {
  return Number(statusOf(pid, 'VmRSS')) / 1024
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** Resolves to what closes it, once the page is there. */
async function openPage(link: string): Promise<() => Promise<void>> {
  const profile = mkdtempSync(join(folder, 'browser-'))
  const browser = spawn(
    CHROMIUM,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ].concat(['--remote-debugging-port=0', `--user-data-dir=${join(profile, 'profile')}`, link]),
    { stdio: 'ignore', detached: true, env: { ...process.env, HOME: profile } },
  )
  const closed = once(browser, 'close')
  await delay(WARM_UP_MS / 3)
  await calm(browser.pid as number)
  return async () => {
    process.kill(-(browser.pid as number), 'SIGKILL')
    await closed
    await delay(WARM_UP_MS / 3)
  }
}

/** Resolves when what a process and its children do has become little. */
async function calm(pid: number): Promise<void> {
  let before = cpuSecondsOf(pid)
  for (let second = 0; second < STARTING_S; second++) {
    await delay(1000)
    const now = cpuSecondsOf(pid)
    if (now - before < CALM) {
      return
    }
    before = now
  }
  process.stdout.write(`the browser is still busy after ${STARTING_S} s\n`)
}

function cpuSecondsOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => sum + ticksOf(each) * TICK_S, 0)
}

/** User and system time of one process. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return 0
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

function print(index: number, sample: Sample, withPage: boolean): void {
  const { throughput, serverMb, environmentsMb, descriptors, processes } = sample
  const seconds = ((index + 1) * SAMPLE_MS) / 1000
  process.stdout.write(
    `${seconds} s: ${throughput.toFixed(0)} answers/s, server ${serverMb.toFixed(0)} MB, ` +
      `environments ${environmentsMb.toFixed(0)} MB, ${descriptors} descriptors, ${processes} processes` +
      `${withPage ? ', with the page' : ''}\n`,
  )
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
    const of = (remainder: number) =>
      middleOf(samples.filter((_, index) => index % 2 === remainder).map(({ throughput }) => throughput))
    process.stdout.write(
      `page: ${of(1).toFixed(0)} answers/s with it, ${of(0).toFixed(0)} without: ${(of(1) / of(0)).toFixed(3)}\n`,
    )
  }
}

function reportLeftovers(known: ReadonlySet<number>): void {
  const alive = [...known].filter((pid) => !['', 'Z'].includes(statusOf(pid, 'State')))
  const files = readdirSync(temporary)
  process.stdout.write(
    `left behind: ${alive.length} processes, ${files.length} temporary files ${files.join(' ')}\n`,
  )
}
