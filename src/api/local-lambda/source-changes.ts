/**
 * Notices changes of a set of files.
 *
 * The system's notifications are quick, but say nothing on some disks (network folders, Docker's mounts); so whether
 * something has changed is decided by looking at the files, and a notification is only a reason to look.
 */

import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname, sep } from 'node:path'
import { clearTimeout, setTimeout } from 'node:timers'

/** Editors write a file in several steps, within a few milliseconds. */
const QUIET_MS = 20
/** The system's clock of file times ticks this often. */
const CLOCK_MS = 10

const PACKAGES = `${sep}node_modules${sep}`

export class SourceChanges {
  readonly #onChange: () => void
  readonly #watchers = new Map<string, FSWatcher>()
  #files = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined

  /** `onChange` is called some milliseconds after a file in a watched folder was written. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /**
   * From now on, these files count: as they are, unless they were written after `since`, milliseconds since the epoch.
   * Those of packages do not: nobody edits them, and there are thousands.
   */
  follow(files: readonly string[], since: number): void {
    const own = [...new Set(files)].filter((file) => !file.includes(PACKAGES))
    this.#files = new Map(own.map((file) => [file, stateOf(file, since - CLOCK_MS)]))
    this.#watchFolders(new Set(own.map(dirname)))
  }

  /** Whether one of the files is not as it was. */
  get any(): boolean {
    for (const [file, state] of this.#files) {
      if (stateOf(file) !== state) {
        return true
      }
    }
    return false
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watchFolders(new Set())
  }

  #watchFolders(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (!folders.has(folder)) {
        watcher.close()
        this.#watchers.delete(folder)
      }
    }
    for (const folder of folders) {
      if (!this.#watchers.has(folder)) {
        this.#watch(folder)
      }
    }
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, () => this.#notified())
      // A folder that goes away is noticed by its files.
      watcher.on('error', () => {})
      this.#watchers.set(folder, watcher)
    } catch {
      // Too many watchers on this machine: the next request looks at the files anyway.
    }
  }

  #notified(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, QUIET_MS)
  }
}

/** What changes when a file is written; nothing that a file can be when it was written after `latest`. */
function stateOf(file: string, latest = Number.POSITIVE_INFINITY): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) {
    return 'gone'
  }
  return stats.mtimeMs > latest ? 'written meanwhile' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`
}
