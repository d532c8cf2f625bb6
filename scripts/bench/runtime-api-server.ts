/** Compiles and runs `runtime-api-server.c`, which starts one runtime, serves it and measures. */

import { execFile, execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What the C program prints; its opening comment says what each number is. */
export interface Measurement {
  readonly invocations: number
  readonly firstNextMs: number
  readonly firstResponseMs: number
  readonly secondResponseMs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly perSecond: number
  readonly cpuMsNext: number
  readonly cpuMsStart: number
  readonly cpuMsSecond: number
  readonly cpuMsCheckpoint: number
  readonly cpuMsAll: number
  readonly serverCpuMs: number
  readonly diskBytesStart: number
  readonly peakKiBEarly: number
  readonly peakKiB: number
  readonly firstResponse: string
  /** How many chunks of files were fetched, from the chunk store. */
  readonly chunks?: number
}

export interface Runtime {
  readonly command: readonly [program: string, ...args: string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** JSON, given at every invocation. */
  readonly event: string
}

export interface RunOptions {
  readonly invocations: number
  /** The CPU that everything is pinned to; undefined for any. */
  readonly cpu: number | undefined
  /** Drops the system's page cache right before the start, which takes root. */
  readonly isCold?: boolean
  /** Has the program's file read from the disk, and not from memory as it was written. */
  readonly isReadAnew?: boolean
  /** Ends a run early after so long. */
  readonly seconds?: number
  /** The cgroup to run in, and what gives it its quota once the runtime has initialised: see `first-call/cpu-share.ts`. */
  readonly group?: { readonly folder: string; readonly quota: string } | undefined
}

/** How many invocations V8 gets to warm up in; CPU time before and after is told apart. */
export const CHECKPOINT = 2000

/** After how many invocations the early peak memory is read: EARLY in the C program. */
export const EARLY = 20

/** A command that is to be there. Throws if it cannot be run at all. */
export function hasCommand(name: string, ...args: string[]): boolean {
  try {
    execFileSync(name, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** Path of the program that a C file makes, in `folder`. `name`: of the file, from here. */
export function compileC(
  name: 'runtime-api-server' | 'bare-runtime' | 'concurrency/concurrent-server',
  folder: string,
): string {
  const program = join(folder, basename(name))
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url))
  execFileSync('cc', ['-O2', '-Wall', '-o', program, source], { stdio: ['ignore', 2, 2] })
  return program
}

/**
 * Starts a runtime, serves it, ends it. Rejects with what the server says where the runtime sends what Lambda would not
 * take, exits, or asks for nothing for half a minute.
 */
export async function runUnderServer(
  server: string,
  runtime: Runtime,
  { invocations, cpu, isCold = false, isReadAnew = false, seconds = 0, group }: RunOptions,
): Promise<Measurement> {
  const args = [
    ...(cpu === undefined ? [] : ['-c', String(cpu)]),
    ...(isCold ? ['-d'] : []),
    ...(isReadAnew ? ['-r'] : []),
    ...(seconds > 0 ? ['-s', String(seconds)] : []),
    ...(group === undefined ? [] : ['-g', group.folder, '-q', group.quota]),
    '-e',
    runtime.event,
    String(invocations),
    String(Math.min(CHECKPOINT, invocations)),
    ...runtime.command,
  ]
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...runtime.env }
  const { stdout } = await promisify(execFile)(server, args, { env, cwd: runtime.cwd, timeout: 300_000 })
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{"invocations"')))
}
