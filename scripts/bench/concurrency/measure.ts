/** The whole of a run of several invocations at once: builds the contenders, and measures them in turn. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { AWS_CLIENT_VERSION } from '../../aws-client.ts'
import {
  buildWithLambdabin,
  bundleForAwsLambdaRic,
  copyOfNode,
  lambdaVariables,
  type Prepared,
} from '../contenders.ts'
import { type CpuShares, tryCpuShares, WHOLE_CPU_MB } from '../first-call/cpu-share.ts'
import { describeMachine } from '../measure-all.ts'
import { compileC, type Runtime, runUnderServer } from '../runtime-api-server.ts'
import { runConcurrently } from './concurrent-server.ts'
import type { ConcurrencyResults, ContenderId, Place, Run, Start, Work } from './results.ts'
import { summarise } from './results.ts'
import { copyWithoutThreads } from './without-threads.ts'
import { CLIENTS, checkAnswers, planWork } from './work.ts'

export interface ConcurrencyOptions {
  readonly rounds: number
  /** How often each build is started with `AWS_LAMBDA_MAX_CONCURRENCY` unset. */
  readonly starts: number
  /** How many invocations a run has, for how many it usually has. */
  readonly scale: number
}

interface Contender {
  readonly id: ContenderId
  readonly runtime: Omit<Runtime, 'event'>
  /** How many threads there are to be on so many CPUs; where it is undefined, the runtime finds out itself. */
  readonly threads?: (cpus: number) => number
}

/** What is measured: in each place, and on two CPUs alone what takes two threads. */
const PLAN: readonly {
  readonly place: Place
  readonly work: Work
  readonly contenders: readonly ContenderId[]
}[] = [
  ...(['one', 'two', 'quota'] as const).flatMap((place) => [
    { place, work: 'compute' as const, contenders: ['lambdabin', 'aws-lambda-ric'] as const },
    { place, work: 'wait' as const, contenders: ['lambdabin', 'lambdabin-init', 'aws-lambda-ric'] as const },
    { place, work: 'mixed' as const, contenders: ['lambdabin', 'aws-lambda-ric'] as const },
  ]),
  { place: 'two', work: 'neighbours', contenders: ['lambdabin', 'lambdabin-8', 'aws-lambda-ric'] },
]
const CPUS: Readonly<Record<Place, number>> = { one: 1, two: 2, quota: 1 }
/** Of AWS's client: what it takes where it finds out the CPUs itself. */
const AWS_THREADS_PER_CPU = 8
/** Of starts: where the pages of a file happen to be in memory makes a start faster or slower by some percent. */
const READ_ANEW_EVERY = 10
const FUNCTION = fileURLToPath(new URL('./function.ts', import.meta.url))

/** Rejects where a contender does not do its work, or a build of lambdabin's fails. */
export async function measureConcurrency(options: ConcurrencyOptions): Promise<ConcurrencyResults> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-bench-'))
  const leftOut: string[] = []
  const shares = tryCpuShares('A quota of 1 CPU: it takes root and a cgroup', leftOut)
  try {
    return await measureIn(folder, options, shares, leftOut)
  } finally {
    await shares?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureIn(
  folder: string,
  options: ConcurrencyOptions,
  shares: CpuShares | undefined,
  leftOut: string[],
): Promise<ConcurrencyResults> {
  const hasTwo = availableParallelism() > 1
  if (!hasTwo) {
    leftOut.push('2 CPUs: there is one.')
  }
  const plan = PLAN.filter(
    ({ place }) => place === 'one' || (hasTwo && (place === 'two' || shares !== undefined)),
  )
  process.stderr.write('building\n')
  const contenders = await prepare(folder)
  const withoutThreads = buildWithoutThreads(folder)
  const server = compileC('concurrency/concurrent-server', folder)
  const measured = plan.map((each) => ({
    ...each,
    runs: each.contenders.map((contender) => ({ contender, runs: [] as Run[] })),
  }))
  for (let round = 0; round < options.rounds; round++) {
    process.stderr.write(`round ${round + 1} of ${options.rounds}\n`)
    for (const { place, work, runs } of measured) {
      for (const each of runs) {
        const contender = contenders[each.contender]
        each.runs.push(await measureOnce({ server, contender, place, work, shares, scale: options.scale }))
      }
    }
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(folder),
    versions: { 'Node.js': process.versions.node, 'aws-lambda-ric': AWS_CLIENT_VERSION },
    rounds: options.rounds,
    measured: measured.flatMap(({ place, work, runs }) => runs.map((each) => ({ place, work, ...each }))),
    starts: await measureStarts(folder, [contenders.lambdabin.runtime, withoutThreads], options.starts),
    leftOut,
  }
}

function runtimeOf(cwd: string, { command, env }: Prepared): Contender['runtime'] {
  // As much memory as the smallest of such environments has.
  return {
    command,
    cwd,
    env: { ...lambdaVariables('echo'), AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048', ...env },
  }
}

async function prepare(folder: string): Promise<Readonly<Record<ContenderId, Contender>>> {
  const place = (name: string): string => {
    const own = join(folder, name)
    mkdirSync(own)
    return own
  }
  const [ours, initialised, theirs] = [place('lambdabin'), place('lambdabin-init'), place('aws-lambda-ric')]
  const runtime = runtimeOf(ours, buildWithLambdabin(FUNCTION, ours, []))
  return {
    lambdabin: { id: 'lambdabin', runtime },
    'lambdabin-8': { id: 'lambdabin-8', runtime, threads: () => CLIENTS },
    'lambdabin-init': {
      id: 'lambdabin-init',
      runtime: runtimeOf(initialised, buildWithLambdabin(FUNCTION, initialised, ['--init', 'build'])),
    },
    'aws-lambda-ric': {
      id: 'aws-lambda-ric',
      runtime: runtimeOf(theirs, await bundleForAwsLambdaRic(FUNCTION, theirs, copyOfNode(folder))),
      threads: (cpuCount) => AWS_THREADS_PER_CPU * cpuCount,
    },
  }
}

interface Measured {
  readonly server: string
  readonly contender: Contender
  readonly place: Place
  readonly work: Work
  readonly shares: CpuShares | undefined
  readonly scale: number
}

async function measureOnce({ server, contender, place, work, shares, scale }: Measured): Promise<Run> {
  const { events, blocking } = planWork(work, scale)
  const threads = contender.threads?.(CPUS[place])
  const isAws = contender.id === 'aws-lambda-ric'
  const env = {
    ...contender.runtime.env,
    AWS_LAMBDA_MAX_CONCURRENCY: String(CLIENTS),
    ...(threads !== undefined && { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads) }),
    // Its requests for invocations each take a thread of libuv's pool, which has 4 otherwise.
    ...(isAws && { UV_THREADPOOL_SIZE: String(threads) }),
  }
  const last = cpus().length - 1
  setQuota(shares, place === 'quota')
  const run = await runConcurrently(
    server,
    { ...contender.runtime, env },
    {
      polls: isAws && threads !== undefined ? threads : CLIENTS,
      clients: CLIENTS,
      events,
      cpus: place === 'one' ? [last] : [last - 1, last],
      group: place === 'quota' ? shares?.folder : undefined,
    },
  )
  checkAnswers(events, run.answers)
  return summarise(run, blocking)
}

/** From the start on: the runtime is to find it there. */
function setQuota(shares: CpuShares | undefined, isSet: boolean): void {
  shares?.lift()
  if (shares !== undefined && isSet) {
    const [file = '', text = ''] = shares.quota(WHOLE_CPU_MB).split('=')
    writeFileSync(join(shares.folder, file), text)
  }
}

function buildWithoutThreads(folder: string): Contender['runtime'] {
  const cwd = join(folder, 'without-threads')
  const command = copyWithoutThreads(cwd)
  return runtimeOf(cwd, buildWithLambdabin(FUNCTION, join(cwd, 'dist'), [], command))
}

/** Starts both builds in turn, on one CPU. */
async function measureStarts(
  folder: string,
  [withThreads, withoutThreads]: readonly [Contender['runtime'], Contender['runtime']],
  count: number,
): Promise<ConcurrencyResults['starts']> {
  const server = compileC('runtime-api-server', folder)
  const starts: { withThreads: Start[]; withoutThreads: Start[] } = { withThreads: [], withoutThreads: [] }
  const cpu = cpus().length - 1
  process.stderr.write('starts\n')
  for (let index = 0; starts.withoutThreads.length < count; index++) {
    const isReadAnew = index % READ_ANEW_EVERY === 0
    const builds = Object.entries({ withThreads, withoutThreads })
    for (const [key, runtime] of index % 2 === 0 ? builds : builds.toReversed()) {
      const options = { invocations: 1, cpu, isReadAnew }
      const { firstNextMs, cpuMsNext } = await runUnderServer(server, { ...runtime, event: '{}' }, options)
      if (!isReadAnew) {
        starts[key as keyof typeof starts].push({ firstNextMs, cpuMs: cpuMsNext })
      }
    }
  }
  return starts
}
