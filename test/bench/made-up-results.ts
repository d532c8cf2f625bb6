/** Results with numbers that are easy to follow. */

import type { ContenderResults, FunctionName, Results } from '../../scripts/bench/results.ts'
import type { Measurement } from '../../scripts/bench/runtime-api-server.ts'

/** A run in which everything is as long as `scale`: the first response 10 times as many ms, and so on. */
export function madeUpMeasurement(scale: number): Measurement {
  return {
    invocations: 20_000,
    firstNextMs: 9 * scale,
    firstResponseMs: 10 * scale,
    secondResponseMs: scale,
    p50Us: 20 * scale,
    p99Us: 50 * scale,
    perSecond: 10_000 / scale,
    cpuMsNext: 7 * scale,
    cpuMsStart: 8 * scale,
    cpuMsSecond: 0.5 * scale,
    cpuMsCheckpoint: 199.9 * scale,
    cpuMsAll: 900 * scale,
    serverCpuMs: 199.99,
    diskBytesStart: 30e6 * scale,
    peakKiBEarly: 40 * 1024 * scale,
    peakKiB: 50 * 1024 * scale,
    firstResponse: '{}',
  }
}

export function madeUpContender(
  name: FunctionName,
  id: string,
  scale: number,
  label: string = id,
): ContenderResults {
  const runs = [scale, scale * 7, scale * 0.5].map(madeUpMeasurement)
  return {
    id,
    name: label,
    note: '',
    function: name,
    executableBytes: 100e6 * scale,
    zipBytes: 40e6 * scale,
    measurements: { start: runs, coldStart: runs, warm: runs },
  }
}

export function madeUpResults(contenders: readonly ContenderResults[]): Results {
  return {
    date: '2026-01-02',
    machine: '2 CPUs (made up)',
    versions: { 'Node.js': '24.0.0' },
    invocations: 20_000,
    counts: {
      ...{ start: 3, coldStart: 3, warm: 3, anyCpuStart: 0, anyCpuColdStart: 0, anyCpuWarm: 0 },
      ...{ coldStart128: 0, 'store0.5': 0, store2: 0, store20: 0 },
      ...{ memory128: 3, memory512: 3, memory1769: 3 },
    },
    growthBytes: 10e6,
    contenders,
    leftOut: ['Deno: there is none.'],
  }
}
