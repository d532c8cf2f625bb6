/**
 * What an invocation through `lambdabin serve` costs beside the function's own time.
 *
 *     node scripts/bench/serve-overhead.ts [zip]
 *
 * Serves a deployment package (dist/echo.zip unless named) and invokes it over one kept-alive connection, one
 * invocation after the other, then over several at once. A client's time less the Duration that the REPORT line says is
 * the overhead; Duration includes the emulator's own side of the Runtime API. The same with one environment only is what
 * an emulator does that takes one request at a time, as AWS's own is documented to.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Client } from 'undici'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const WARM_UP = 500
const SEQUENTIAL = 3000
const CONCURRENT = 6000

interface Serve {
  endpoint: string
  /** Milliseconds, in the order in which invocations were reported. */
  durations: number[]
  end: () => Promise<void>
}

const zip = resolve(process.argv[2] ?? 'dist/echo.zip')
const path = `/2015-03-31/functions/${basename(zip, '.zip')}/invocations`

await measureSequential()
for (const environments of [1, 4, 8]) {
  await measureConcurrent(environments)
}

async function measureSequential(): Promise<void> {
  const serve = await start(['--concurrency', '1'])
  const client = new Client(serve.endpoint)
  await repeat(client, WARM_UP)
  serve.durations.length = 0
  const times = await repeat(client, SEQUENTIAL)
  await client.close()
  await serve.end()
  const overheads = times.map((time, index) => time - (serve.durations[index] ?? 0))
  print('one after the other, whole', times)
  print("of that, the function's Duration", serve.durations)
  print('overhead', overheads)
}

async function measureConcurrent(environments: number): Promise<void> {
  const clients = 8
  const serve = await start(['--concurrency', String(clients), '--environments', String(environments)])
  const connections = Array.from({ length: clients }, () => new Client(serve.endpoint))
  await Promise.all(connections.map((client) => repeat(client, WARM_UP / clients)))
  const started = performance.now()
  await Promise.all(connections.map((client) => repeat(client, CONCURRENT / clients)))
  const perSecond = (CONCURRENT / (performance.now() - started)) * 1000
  await Promise.all(connections.map((client) => client.close()))
  await serve.end()
  const what = environments === 1 ? '1 environment (one at a time)' : `${environments} environments`
  process.stdout.write(
    `${clients} clients, ${what}: ${perSecond.toFixed(0)} invocations/s on ${availableParallelism()} CPUs\n`,
  )
}

/** Milliseconds of each. */
async function repeat(client: Client, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const started = performance.now()
    const { statusCode, body } = await client.request({ method: 'POST', path, body: '{"text":"Hello"}' })
    await body.dump()
    times.push(performance.now() - started)
    if (statusCode !== 200) {
      throw new Error(`status ${statusCode}`)
    }
  }
  return times
}

async function start(options: string[]): Promise<Serve> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-bench-'))
  const child = spawn(process.execPath, [CLI, 'serve', zip, '--port', '0', '--state', folder, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const durations: number[] = []
  let rest = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [, duration] = /\tDuration: ([\d.]+) ms/.exec(line) ?? []
      if (duration !== undefined) {
        durations.push(Number(duration))
      }
    }
  })
  const endpoint = await readEndpoint(child)
  const end = async () => {
    const closed = new Promise((done) => child.once('close', done))
    child.kill('SIGTERM')
    await closed
    rmSync(folder, { recursive: true, force: true })
  }
  return { endpoint, durations, end }
}

async function readEndpoint(child: ChildProcess): Promise<string> {
  return await new Promise((done, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const [, endpoint] = /--endpoint-url (http:\S+)/.exec(text) ?? []
      if (endpoint !== undefined) {
        done(endpoint)
      }
    })
    child.once('close', () => reject(new Error('serve ended before it listened')))
  })
}

function print(what: string, times: readonly number[]): void {
  const sorted = [...times].sort((left, right) => left - right)
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(3)
  process.stdout.write(`${what}: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms\n`)
}
