/**
 * Ends a process with all that it has started, at once.
 *
 * The process leads a group of its own, so that one signal ends the whole group. A descendant that has left the group
 * (`setsid`, a daemon) is found by a variable in its environment that no other process has.
 */

import { readdirSync, readFileSync } from 'node:fs'

/** Processes that start others faster than they are found get this many rounds. */
const MAX_KILL_ROUNDS = 20

/** The group whose leader is `pid`; the leader must not have been waited for, or its number may be somebody else's. */
export function killGroup(pid: number): void {
  killQuietly(-pid)
}

/** All processes but `except` with a variable of their environment that is `mark`: `NAME=value`. */
export function killMarked(mark: string, except?: number): void {
  killAll((environment) => environment.split('\0').includes(mark), except)
}

/** All processes with `text` somewhere in their environment: something that no other has. */
export function killMentioning(text: string): void {
  killAll((environment) => environment.includes(text))
}

function killAll(isMeant: (environment: string) => boolean, except?: number): void {
  for (let round = 0; round < MAX_KILL_ROUNDS; round++) {
    const strays = find(isMeant).filter((pid) => pid !== except)
    if (strays.length === 0) {
      return
    }
    strays.forEach(killQuietly)
  }
}

function find(isMeant: (environment: string) => boolean): number[] {
  return processes().filter((pid) => {
    try {
      return isMeant(readFileSync(`/proc/${pid}/environ`, 'latin1'))
    } catch {
      // Gone by now, or another user's.
      return false
    }
  })
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 1)
  } catch {
    return []
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone by now.
  }
}
