/** What a process has touched until now, from Linux's /proc. */
import { readFileSync } from 'node:fs'
import { readPeakMemory } from '../../emulator/environments/resources/process-memory.ts'

export interface PagesRead {
  /** Of 4 KiB, as a rule: those that the kernel had already, and those that it had to read. */
  readonly minorFaults: number
  readonly majorFaults: number
  /** What came from the disk, in bytes; undefined where the kernel does not tell. */
  readonly diskBytes: number | undefined
  /** The most that it held of memory, in bytes. */
  readonly peakBytes: number
}

/** Undefined when the process is gone. */
export function readPages(pid: number): PagesRead | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Behind the name, which may hold anything: the state, and then the fields 4, 5, … of proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      minorFaults: Number(fields[7]),
      majorFaults: Number(fields[9]),
      diskBytes: readDiskBytes(pid),
      peakBytes: 1024 * (readPeakMemory(pid) ?? 0),
    }
  } catch {
    return undefined
  }
}

function readDiskBytes(pid: number): number | undefined {
  try {
    const found = /^read_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]
    return found === undefined ? undefined : Number(found)
  } catch {
    return undefined
  }
}
