/** How much memory a process and its descendants use, from Linux's /proc. */

import { readdirSync, readFileSync } from 'node:fs'

/** In KiB. */
export interface ProcessMemory {
  /** The most that each process ever had resident, summed: what REPORT calls Max Memory Used. */
  peak: number
  /** What is resident now and cannot be dropped: not the pages of the executable's file. Lambda's limit is on this. */
  held: number
}

/** More processes than any function should have; a bound for a fork bomb. */
const MAX_PROCESSES = 1000

/** Undefined when the process is gone, or when the system has no /proc. */
export function readProcessMemory(pid: number): ProcessMemory | undefined {
  const sum = readOne(pid)
  if (sum === undefined) {
    return undefined
  }
  const waiting = children(pid)
  for (let count = 0; count < MAX_PROCESSES; count++) {
    const child = waiting.pop()
    if (child === undefined) {
      break
    }
    const memory = readOne(child)
    sum.peak += memory?.peak ?? 0
    sum.held += memory?.held ?? 0
    waiting.push(...children(child))
  }
  return sum
}

/** The most that the process alone ever had resident, in KiB; undefined when it is gone. */
export function readPeakMemory(pid: number): number | undefined {
  return readOne(pid)?.peak
}

function readOne(pid: number): ProcessMemory | undefined {
  const status = read(`/proc/${pid}/status`)
  if (status === undefined) {
    return undefined
  }
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
  return { peak: field('VmHWM'), held: field('RssAnon') + field('RssShmem') + field('VmSwap') }
}

/** Each thread lists the processes that it started itself. */
function children(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.flatMap((thread) => pids(read(`/proc/${pid}/task/${thread}/children`) ?? ''))
  } catch {
    return []
  }
}

function pids(list: string): number[] {
  return list.split(' ').filter(Boolean).map(Number)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
