/** How far the kernel reads ahead on the disk that a folder is on: Linux's setting, which root may change. */

import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import process from 'node:process'

/** KiB: what the kernel does unless it is told otherwise. */
export const KERNEL_DEFAULT_KIB = 128

/** The setting cannot be read, or not be changed. */
export class ReadAheadError extends Error {
  override readonly name = 'ReadAheadError'
}

/**
 * Calls `work` with the disk of `folder` reading so far ahead. It is set back afterwards: also by a process of its own that
 * outlives this one, where that is killed. Rejects with a {@link ReadAheadError}, and as `work` does.
 */
export async function withDiskReadAhead<Result>(
  folder: string,
  kibibytes: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const setting = settingOf(folder)
  const before = readSetting(setting)
  if (process.getuid?.() !== 0) {
    throw new ReadAheadError('how far the disk reads ahead is set by root only')
  }
  const guard = startGuard(setting, before)
  try {
    writeFileSync(setting, `${kibibytes}\n`)
  } catch (cause) {
    guard.end()
    throw new ReadAheadError(`${setting} cannot be written`, { cause })
  }
  try {
    return await work()
  } finally {
    writeFileSync(setting, before)
    guard.end()
  }
}

function settingOf(folder: string): string {
  const { dev } = statSync(folder)
  const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)]
  return `/sys/class/bdi/${major}:${minor}/read_ahead_kb`
}

function readSetting(setting: string): string {
  try {
    return readFileSync(setting, 'utf8')
  } catch (cause) {
    throw new ReadAheadError(`the folder is on no disk that has a setting (${setting} is not there)`, {
      cause,
    })
  }
}

/** A shell that waits for this process to end, or to say that it has set it back, and else does so itself. */
function startGuard(setting: string, before: string): { end(): void } {
  const script = `(trap '' INT TERM HUP; while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done; printf %s "$2" > "$1") >/dev/null 2>&1 & echo $!`
  const pid = Number(execFileSync('sh', ['-c', script, 'sh', setting, before.trim()], { encoding: 'utf8' }))
  return {
    end: () => {
      // Its commands are no handler of its own: only this signal ends it.
      process.kill(pid, 'SIGKILL')
    },
  }
}
