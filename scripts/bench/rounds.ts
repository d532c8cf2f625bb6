/** Measures contenders in turn, so that what the machine does meanwhile falls on all of them. */

import process from 'node:process'
import { fromChunkStore } from './cold/chunk-store.ts'
import type { Contender } from './contenders.ts'
import { checkResponse } from './expected-responses.ts'
import type { CpuShares } from './first-call/cpu-share.ts'
import { CHUNK_DELAYS, MEMORY_SIZES, type Phase } from './results.ts'
import { EARLY, type Measurement, type RunOptions, runUnderServer } from './runtime-api-server.ts'

export interface RoundsOptions {
  readonly server: string
  readonly cpu: number
  /** Of a warm run. */
  readonly invocations: number
  /** A slow contender's warm run ends after so long. */
  readonly seconds: number
  /** Undefined where CPU quotas cannot be had. */
  readonly shares?: CpuShares | undefined
  /** The chunk store, compiled; undefined where it cannot be mounted. */
  readonly store?: string | undefined
}

/**
 * Runs each contender in turn, `rounds` times. Before each start that is to find its pages in memory there is one
 * unmeasured: some machines drop the pages of what does not run within seconds.
 */
export async function measurePhase(
  contenders: readonly Contender[],
  phase: Phase,
  rounds: number,
  options: RoundsOptions,
): Promise<Map<Contender, Measurement[]>> {
  const measured = new Map<Contender, Measurement[]>(contenders.map((contender) => [contender, []]))
  if (rounds === 0) {
    return measured
  }
  process.stderr.write(`${phase} `)
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      measured.get(contender)?.push(await measureOnce(contender, phase, options))
    }
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return measured
}

/**
 * Runs each once, unmeasured, and checks its response. That fills Deno's caches, and has programs read from the disk:
 * pages of a file that was just written are larger, and count more in peak memory.
 */
export async function tryAll(
  contenders: readonly Contender[],
  { server, cpu }: RoundsOptions,
): Promise<void> {
  for (const contender of contenders) {
    await explained(contender, 'its first run', async () => {
      const options = { invocations: EARLY, cpu, isReadAnew: true }
      checkResponse(contender, (await runUnderServer(server, contender, options)).firstResponse)
    })
  }
}

async function explained<Result>(
  contender: Contender,
  what: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    const why = error instanceof Error && 'stderr' in error ? error.stderr : error
    throw new Error(`${contender.name}, ${contender.function}, ${what}: ${why}`, { cause: error })
  }
}

/** Where what was fetched is to be what a start takes, and no more. */
const CHUNKS_OF_A_START: Phase = 'store20'

async function measureOnce(given: Contender, phase: Phase, options: RoundsOptions): Promise<Measurement> {
  const { server } = options
  const contender = withMemory(given, memoryOf(phase))
  const run = runOptions(phase, options)
  return explained(contender, phase, async () => {
    if (!run.isCold) {
      await runUnderServer(server, contender, { ...run, invocations: 1, group: undefined })
    }
    options.shares?.lift()
    const delay = CHUNK_DELAYS.find((milliseconds) => phase === `store${milliseconds}`)
    const measurement =
      delay !== undefined && options.store !== undefined
        ? await fromChunkStore(options.store, contender, delay, (runtime) =>
            runUnderServer(server, runtime, run),
          )
        : await runUnderServer(server, contender, run)
    checkResponse(contender, measurement.firstResponse)
    return measurement
  })
}

/** In MB; undefined where a phase is of none. */
function memoryOf(phase: Phase): number | undefined {
  return MEMORY_SIZES.find((size) => phase === `memory${size}`)
}

/** Lambda tells each runtime. */
function withMemory(contender: Contender, memory: number | undefined): Contender {
  return memory === undefined
    ? contender
    : { ...contender, env: { ...contender.env, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) } }
}

function runOptions(phase: Phase, { cpu, invocations, seconds, shares }: RoundsOptions): RunOptions {
  const pinned = phase.startsWith('anyCpu') ? undefined : cpu
  const memory = memoryOf(phase)
  if (memory !== undefined) {
    const group = shares && { folder: shares.folder, quota: shares.quota(memory) }
    return { invocations: 3, cpu, group }
  }
  if (phase === 'warm' || phase === 'anyCpuWarm') {
    return { invocations, cpu: pinned, seconds }
  }
  const isCold = /^(coldStart|anyCpuColdStart|store)/.test(phase)
  return { invocations: phase === CHUNKS_OF_A_START ? 1 : EARLY, cpu: pinned, isCold }
}
