/**
 * Cleaning up when the command ends before its time: by Ctrl-C, by a signal from elsewhere, by a crash.
 *
 * After cleaning up, the command dies of the signal it got, so that whoever started it sees the truth.
 */

import { constants } from 'node:os'
import process from 'node:process'
import { endNow } from './end.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const cleanups = new Set<() => void>()

/** Calls `cleanUp`, which must be synchronous, if the process ends before the function that this returns is called. */
export function onEarlyEnd(cleanUp: () => void): () => void {
  if (cleanups.size === 0) {
    process.on('exit', cleanUpAll)
    for (const signal of SIGNALS) {
      process.on(signal, dieOf)
    }
  }
  cleanups.add(cleanUp)
  return () => {
    cleanups.delete(cleanUp)
    if (cleanups.size === 0) {
      stopListening()
    }
  }
}

function dieOf(signal: NodeJS.Signals): void {
  cleanUpAll()
  stopListening()
  process.kill(process.pid, signal)
  // Still here: the first process of a container, which the system does not end by a signal. A shell would report it so.
  endNow(128 + constants.signals[signal])
}

/** The latest first: processes before the folder that they run in. */
function cleanUpAll(): void {
  for (const cleanUp of [...cleanups].reverse()) {
    cleanups.delete(cleanUp)
    cleanUp()
  }
}

function stopListening(): void {
  process.off('exit', cleanUpAll)
  for (const signal of SIGNALS) {
    process.off(signal, dieOf)
  }
}
