/**
 * Starting a program that was written a moment ago.
 *
 * Linux refuses that while somebody has the file open for writing (ETXTBSY). This process has closed it, but another program that
 * it started while it wrote has a copy of the descriptor until that program's own execve has closed it: for some microseconds
 * after spawn has returned, which builds at once do meet. So it is tried again.
 */

import { setTimeout as delay } from 'node:timers/promises'

const PAUSE_MS = 10
/** Together two seconds: whoever holds the file for longer is somebody else. */
const MOST_TRIES = 200

/** What `start` returns or resolves to; it is called again where the program's file was busy. Rejects as `start` does. */
export async function startWritten<Started>(start: () => Started | Promise<Started>): Promise<Started> {
  for (let left = MOST_TRIES; ; left--) {
    try {
      return await start()
    } catch (error) {
      if (left <= 1 || !isTextBusy(error)) {
        throw error
      }
      await delay(PAUSE_MS)
    }
  }
}

function isTextBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ETXTBSY'
}
