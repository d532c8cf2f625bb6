/** What processes hold and use, from /proc. One that has ended holds and uses nothing. */

import { readdirSync, readFileSync } from 'node:fs'

/** A tick of /proc/PID/stat, in seconds. */
const TICK_S = 0.01

/** A process and what it has started, itself first. */
export function treeOf(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = Number(statusOf(Number(name), 'PPid'))
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
  }
  const found = [pid]
  for (const each of found) {
    found.push(...(parents.get(each) ?? []))
  }
  return found
}

/** A line of /proc/PID/status; empty for a process that has ended. */
export function statusOf(pid: number, key: string): string {
  try {
    return new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}

export function residentMb(pid: number): number {
  return Number(statusOf(pid, 'VmRSS')) / 1024
}

export function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** User and system time of processes. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) * TICK_S, 0)
}

function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return 0
  }
}
