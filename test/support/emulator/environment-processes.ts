/** The processes of execution environments, found by the folder that these are in. */

import { readdirSync, readFileSync } from 'node:fs'

/** Pids of those whose environment variables or mounts name something in `folder`. */
export function processesKnowing(folder: string): number[] {
  const here = readFileSync('/proc/self/mountinfo', 'latin1')
  const isKnown = (file: string, pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(folder)
    } catch {
      // Gone by now, or another user's.
      return false
    }
  }
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => isKnown('environ', pid) || (!here.includes(folder) && isKnown('mountinfo', pid)))
}
