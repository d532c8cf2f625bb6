/** Runs `concurrent-server.c`, which starts one runtime, gives it several invocations at once and measures. */

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Runtime } from '../runtime-api-server.ts'

/** What the C program prints; its opening comment says what each is. */
export interface ConcurrentRun {
  readonly firstNextMs: number
  readonly allNextMs: number
  readonly startCpuMs: number
  readonly startPeakKiB: number
  readonly totalMs: number
  readonly cpuMs: number
  readonly serverCpuMs: number
  readonly peakKiB: number
  readonly invokedMs: readonly number[]
  readonly answeredMs: readonly number[]
  readonly answers: readonly string[]
}

export interface ConcurrentRunOptions {
  /** How many requests for an invocation the runtime makes at once. */
  readonly polls: number
  /** How many invocations there are at once. */
  readonly clients: number
  /** JSON of one line each; each is given once. */
  readonly events: readonly string[]
  /** Those that everything is pinned to; undefined for any. */
  readonly cpus?: readonly number[] | undefined
  /** The folder of the cgroup that the runtime is to be in. */
  readonly group?: string | undefined
}

/**
 * Rejects with what the server says where the runtime sends what Lambda would not take, exits, or asks for nothing for half a
 * minute.
 */
export async function runConcurrently(
  server: string,
  runtime: Omit<Runtime, 'event'>,
  { polls, clients, events, cpus, group }: ConcurrentRunOptions,
): Promise<ConcurrentRun> {
  const file = join(runtime.cwd, 'events')
  writeFileSync(file, `${events.join('\n')}\n`)
  const args = [
    ...(cpus === undefined ? [] : ['-c', cpus.join(',')]),
    ...(group === undefined ? [] : ['-g', group]),
    String(polls),
    String(clients),
    file,
    ...runtime.command,
  ]
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...runtime.env }
  const { stdout } = await promisify(execFile)(server, args, {
    env,
    cwd: runtime.cwd,
    timeout: 300_000,
    maxBuffer: 1 << 26,
  })
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{"firstNextMs"')))
}
