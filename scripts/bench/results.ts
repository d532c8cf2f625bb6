/** What the benchmark measured, as it is written to a file and read again to render it. */

import { CHECKPOINT, type Measurement } from './runtime-api-server.ts'

/** The functions that contenders are compared with. */
export type ComparedFunction = 'echo' | 'sdk' | 'get-item'

export type FunctionName = ComparedFunction | 'growth'

/** MB of memory that functions are given, and so the shares of a CPU: see `first-call/cpu-share.ts`. The last one buys a whole CPU. */
export const MEMORY_SIZES = [128, 512, 1769] as const

/** Milliseconds that a chunk of a file takes when it is first touched: see `cold/chunk-store.c`. */
export const CHUNK_DELAYS = [0.5, 2, 20] as const

/**
 * How a process was started and what for. `Start`: 20 invocations; `Warm`: all of them; `memory…`: three, with the CPU that so
 * many MB buy from the first on; `coldStart128`: with a disk that reads 128 KiB ahead.
 */
export type Phase =
  | 'start'
  | 'coldStart'
  | 'warm'
  | 'anyCpuStart'
  | 'anyCpuColdStart'
  | 'anyCpuWarm'
  | 'coldStart128'
  | StorePhase
  | MemoryPhase

/** From the chunk store, with nothing in memory. */
export type StorePhase = `store${(typeof CHUNK_DELAYS)[number]}`

export type MemoryPhase = `memory${(typeof MEMORY_SIZES)[number]}`

export interface ContenderResults {
  readonly id: string
  readonly name: string
  /** How it is built and started, a sentence; empty where the name says it all. */
  readonly note: string
  readonly function: FunctionName
  /** Bytes of the program, and of a zip with all that would be uploaded; 0 where nothing would be. */
  readonly executableBytes: number
  readonly zipBytes: number
  readonly measurements: Readonly<Partial<Record<Phase, readonly Measurement[]>>>
}

export interface Results {
  readonly date: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly invocations: number
  readonly counts: Readonly<Record<Phase, number>>
  /** Bytes of the bundled code that the growth functions carry and do not use. */
  readonly growthBytes: number
  readonly contenders: readonly ContenderResults[]
  /** One sentence for each that is left out. */
  readonly leftOut: readonly string[]
}

export function find(results: Results, name: FunctionName, id: string): ContenderResults | undefined {
  return results.contenders.find((contender) => contender.function === name && contender.id === id)
}

/** The median over a contender's runs of a phase; NaN where there were none. */
export function median(
  contender: ContenderResults | undefined,
  phase: Phase,
  value: (measurement: Measurement) => number,
): number {
  return middleOf((contender?.measurements[phase] ?? []).map(value))
}

/** The median; NaN of nothing. */
export function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) {
    return sorted[middle] ?? Number.NaN
  }
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** Milliseconds. */
export function firstNext({ firstNextMs }: Measurement): number {
  return firstNextMs
}

/** Milliseconds. */
export function firstResponse({ firstResponseMs }: Measurement): number {
  return firstResponseMs
}

/** Milliseconds that the first invocation takes, from the event to the response. */
export function firstInvocation({ firstNextMs, firstResponseMs }: Measurement): number {
  return firstResponseMs - firstNextMs
}

/** Milliseconds of CPU that the first invocation takes. */
export function firstInvocationCpu({ cpuMsNext, cpuMsStart }: Measurement): number {
  return cpuMsStart - cpuMsNext
}

/** Milliseconds of CPU per 1,000 invocations, from the first response to the last. */
export function cpuPerThousand({ cpuMsCheckpoint, cpuMsAll, invocations }: Measurement): number {
  return ((cpuMsCheckpoint + cpuMsAll) / (invocations - 1)) * 1000
}

/** The same up to the checkpoint, while V8 warms up. */
export function cpuPerThousandEarly({ cpuMsCheckpoint, invocations }: Measurement): number {
  return (cpuMsCheckpoint / (Math.min(CHECKPOINT, invocations) - 1)) * 1000
}

/** And after it; NaN in a run that did not get so far. */
export function cpuPerThousandLate({ cpuMsAll, invocations }: Measurement): number {
  return invocations > CHECKPOINT ? (cpuMsAll / (invocations - CHECKPOINT)) * 1000 : Number.NaN
}

/** CPU time of the benchmark's own server per 1,000 invocations. */
export function serverCpuPerThousand({ serverCpuMs, invocations }: Measurement): number {
  return (serverCpuMs / (invocations - 1)) * 1000
}
