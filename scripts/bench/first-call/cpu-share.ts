/**
 * The CPU that AWS Lambda gives a function: a share of one that its memory buys. In the init phase it has more; here, a whole
 * one. From its first request for an invocation on it has memory / 1,769 MB of one, in periods of 20 ms.
 *
 * The share is a quota of a cgroup, of either version, and takes root.
 */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'

/** MB of memory that buy a whole CPU. Source: AWS Lambda Developer Guide, "Configure Lambda function memory". */
export const WHOLE_CPU_MB = 1769

const PERIOD_US = 20_000
/** How long the kernel may take for the last process to leave. */
const LEAVING_MS = 2000

/** A cgroup for the processes of one contender after the other. */
export interface CpuShares {
  /** The cgroup's folder: a process is in it whose id is in `cgroup.procs` there. */
  readonly folder: string
  /** What to write to which of the folder's files for a function with so much memory: `FILE=TEXT`. */
  quota(memoryMb: number): string
  /** Gives back a whole CPU. */
  lift(): void
  /** To be called when no process is left in it. */
  close(): Promise<void>
}

/** CPU quotas cannot be had here; the message says why. */
export class NoCpuSharesError extends Error {
  override name = 'NoCpuSharesError'
}

interface Version {
  /** What the quota's file is called, and what is in it; undefined microseconds are no quota. */
  readonly file: string
  readonly content: (quotaUs: number | undefined) => string
  readonly prepare: (folder: string) => void
}

const VERSION_1: Version = {
  file: 'cpu.cfs_quota_us',
  content: (quotaUs) => String(quotaUs ?? -1),
  prepare: (folder) => writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US)),
}

const VERSION_2: Version = {
  file: 'cpu.max',
  content: (quotaUs) => `${quotaUs ?? 'max'} ${PERIOD_US}`,
  prepare: () => {},
}

/** Undefined where there are none; then `leftOut` gets the sentence `needs`, with why. */
export function tryCpuShares(needs: string, leftOut: string[]): CpuShares | undefined {
  try {
    return openCpuShares()
  } catch (error) {
    if (!(error instanceof NoCpuSharesError)) {
      throw error
    }
    leftOut.push(`${needs} (${error.message}).`)
    return undefined
  }
}

/**
 * Makes a cgroup beside that of this process, or below the root of all. Throws a NoCpuSharesError. `mounts` and `own` are
 * what /proc/self/mounts and /proc/self/cgroup say.
 */
export function openCpuShares(
  mounts = readFileSync('/proc/self/mounts', 'utf8'),
  own = readFileSync('/proc/self/cgroup', 'utf8'),
): CpuShares {
  const problems: string[] = []
  for (const { parent, version } of candidates(mounts, own)) {
    try {
      return open(parent, version)
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new NoCpuSharesError(problems[0] ?? 'no cgroup has the CPU controller')
}

function open(parent: string, version: Version): CpuShares {
  const folder = join(parent, `lambdabin-bench-${process.pid}`)
  const file = join(folder, version.file)
  mkdirSync(folder)
  try {
    version.prepare(folder)
    writeFileSync(file, version.content(undefined))
  } catch (error) {
    rmdirSync(folder)
    throw error
  }
  return {
    folder,
    quota: (memoryMb) => {
      const quotaUs = Math.round((PERIOD_US * memoryMb) / WHOLE_CPU_MB)
      return `${version.file}=${version.content(quotaUs)}`
    },
    lift: () => writeFileSync(file, version.content(undefined)),
    close: () => remove(folder),
  }
}

/** The folders that a cgroup might be made in, the best first. */
function candidates(mounts: string, own: string): { parent: string; version: Version }[] {
  const paths = new Map(own.split('\n').map((line) => [line.split(':')[1], line.split(':')[2] ?? '/']))
  const found: { parent: string; version: Version }[] = []
  for (const line of mounts.split('\n')) {
    const [, mount = '', type, options = ''] = line.split(' ')
    if (type === 'cgroup' && options.split(',').includes('cpu')) {
      const [, path = '/'] = [...paths].find(([names]) => names?.split(',').includes('cpu')) ?? []
      found.push(...[path, '/'].map((at) => ({ parent: join(mount, at), version: VERSION_1 })))
    }
    if (type === 'cgroup2') {
      // No process may be in a cgroup that gives its controllers on, but for the root: beside the own one, so.
      const places = [join(paths.get('') ?? '/', '..'), '/']
      found.push(
        ...places
          .map((at) => join(mount, at))
          .filter((parent) => hasController(parent))
          .map((parent) => ({ parent, version: VERSION_2 })),
      )
    }
  }
  return found.filter(({ parent }) => existsSync(parent))
}

/** Whether cgroups below that folder get the CPU controller; asks for it if need be. */
function hasController(parent: string): boolean {
  const listed = (file: string) => readFileSync(join(parent, file), 'utf8').split(/\s/).includes('cpu')
  try {
    if (!listed('cgroup.subtree_control') && listed('cgroup.controllers')) {
      writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu')
    }
    return listed('cgroup.subtree_control')
  } catch {
    return false
  }
}

/** The kernel lets go of a cgroup when the last process in it is wholly gone, which is after its parent has waited for it. */
async function remove(folder: string): Promise<void> {
  const deadline = Date.now() + LEAVING_MS
  for (;;) {
    try {
      rmdirSync(folder)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || Date.now() > deadline) {
        throw error
      }
      await setTimeout(10)
    }
  }
}
