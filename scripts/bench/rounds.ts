/** Measures contenders in turn, so that what the machine does meanwhile falls on all of them. */

import process from 'node:process'
import type { Contender } from './contenders.ts'
import { checkResponse } from './expected-responses.ts'
import type { Phase } from './results.ts'
import { EARLY, type Measurement, type RunOptions, runUnderServer } from './runtime-api-server.ts'

export interface RoundsOptions {
  readonly server: string
  readonly cpu: number
  /** Of a warm run. */
  readonly invocations: number
  /** A slow contender's warm run ends after so long. */
  readonly seconds: number
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
  if (rounds === 0) return measured
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

async function measureOnce(contender: Contender, phase: Phase, options: RoundsOptions): Promise<Measurement> {
  const { server } = options
  const run = runOptions(phase, options)
  try {
    if (!run.isCold) await runUnderServer(server, contender, { ...run, invocations: 1 })
    const measurement = await runUnderServer(server, contender, run)
    checkResponse(contender, measurement.firstResponse)
    return measurement
  } catch (error) {
    const why = error instanceof Error && 'stderr' in error ? error.stderr : error
    throw new Error(`${contender.name}, ${contender.function}, ${phase}: ${why}`, { cause: error })
  }
}

function runOptions(phase: Phase, { cpu, invocations, seconds }: RoundsOptions): RunOptions {
  const pinned = phase.startsWith('anyCpu') ? undefined : cpu
  if (phase === 'warm' || phase === 'anyCpuWarm') return { invocations, cpu: pinned, seconds }
  return { invocations: EARLY, cpu: pinned, isCold: phase === 'coldStart' || phase === 'anyCpuColdStart' }
}
