/** How many threads handle invocations: one for each CPU that this process may use. */

import { availableParallelism } from 'node:os'
import { nodeFs } from '../modules-on-use.ts'

/** Reads a file; undefined where there is none. */
export type ReadText = (file: string) => string | undefined

/** `wanted`: what the environment says. There are no more than invocations at once. */
export function threadCount(maxConcurrency: number, wanted: number | undefined): number {
  return Math.min(maxConcurrency, wanted ?? cpuCount(readText, availableParallelism()))
}

/**
 * CPUs that the process may use, of those that there are: a cgroup may have a quota, of version 2 in `cpu.max` and of version 1 in
 * `cpu.cfs_quota_us`. A part of a CPU counts as one. Of several groups, one in the other, the least counts.
 */
export function cpuCount(read: ReadText, available: number): number {
  const quotas = groups(read).flatMap(({ version, folder }) => {
    const quota = version === 2 ? quotaOfVersion2(read, folder) : quotaOfVersion1(read, folder)
    return quota === undefined ? [] : [quota]
  })
  return Math.max(1, Math.min(available, ...quotas))
}

function quotaOfVersion2(read: ReadText, folder: string): number | undefined {
  const [quota, period] = read(`${folder}/cpu.max`)?.trim().split(/\s+/) ?? []
  return cpusOf(quota, period)
}

function quotaOfVersion1(read: ReadText, folder: string): number | undefined {
  return cpusOf(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`))
}

/** Undefined where there is none: `max`, or `-1`. */
function cpusOf(quota = '', period = ''): number | undefined {
  const cpus = Number.parseInt(quota, 10) / Number.parseInt(period, 10)
  return cpus > 0 && Number.isFinite(cpus) ? Math.ceil(cpus) : undefined
}

interface Group {
  readonly version: 1 | 2
  readonly folder: string
}

/** The process's groups, and those that they are in. In a container its own group is what is mounted at the root. */
function groups(read: ReadText): Group[] {
  const lines = read('/proc/self/cgroup')?.trim().split('\n') ?? []
  return lines.flatMap((line): Group[] => {
    const [, number, controllers = '', path = '/'] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? []
    if (number === '0' && controllers === '') {
      return withParents(path).map((parent) => ({ version: 2, folder: `/sys/fs/cgroup${parent}` }))
    }
    return controllers.split(',').includes('cpu')
      ? ['/sys/fs/cgroup/cpu', `/sys/fs/cgroup/${controllers}`].flatMap((mount) =>
          withParents(path).map((parent) => ({ version: 1, folder: `${mount}${parent}` })),
        )
      : []
  })
}

/** `/a/b`, `/a` and the root, which is empty. */
function withParents(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..')
  return Array.from({ length: names.length + 1 }, (_, count) =>
    names
      .slice(0, names.length - count)
      .map((name) => `/${name}`)
      .join(''),
  )
}

function readText(file: string): string | undefined {
  try {
    return nodeFs().readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
