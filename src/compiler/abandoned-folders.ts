/**
 * Folders for what comes in between, whose process may be killed before it deletes them. Each has a file that tells which process
 * it belongs to, and later ones delete what belongs to nobody any more.
 *
 * A process is told by its number and its start, on a certain boot of a certain machine: numbers come again.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { wallClock } from '../runtime-api/wall-clock.ts'

/** In such a folder. */
const OWNER_FILE = '.owner'
/** What `mkdtemp` makes of a prefix. */
const RANDOM_PART = /^[A-Za-z0-9]{6}$/

interface Owner {
  readonly host: string
  /** Of the system's start; undefined where the system does not tell, as the others. */
  readonly boot: string | undefined
  /** In which the process has its number: containers have their own. */
  readonly processes: string | undefined
  readonly pid: number
  /** When the process began, in the system's ticks. */
  readonly began: string | undefined
}

/** Notes that `folder` is this process's. */
export function ownFolder(folder: string): void {
  writeFileSync(join(folder, OWNER_FILE), JSON.stringify(ownerOf(process.pid)))
}

/**
 * Deletes the folders in `parent` that `mkdtemp` made with `prefix`, which are this user's, and whose process is gone. Of one that
 * does not say whose it is, or says what cannot be checked here (another machine's on a shared disk), age tells, if there is one
 * after which it cannot be in use.
 */
export function deleteAbandoned(parent: string, prefix: string, mostMs = Infinity): void {
  for (const name of namesIn(parent)) {
    const folder = join(parent, name)
    const isMeant = name.startsWith(prefix) && RANDOM_PART.test(name.slice(prefix.length))
    try {
      if (isMeant && isOurs(folder) && isAbandoned(folder, mostMs)) {
        rmSync(folder, { recursive: true, force: true })
      }
    } catch {
      // Another process may be deleting it, too.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** In a folder that everybody writes to, others' are not to be looked into. */
function isOurs(folder: string): boolean {
  const entry = lstatSync(folder)
  return entry.isDirectory() && (process.geteuid === undefined || entry.uid === process.geteuid())
}

function isAbandoned(folder: string, mostMs: number): boolean {
  const owner = readOwner(folder)
  const here = ownerOf(process.pid)
  if (owner !== undefined && owner.host === here.host) {
    if (owner.boot !== here.boot) {
      return true
    }
    if (owner.processes === here.processes) {
      return !isRunning(owner)
    }
  }
  return wallClock() - lstatSync(folder).mtimeMs > mostMs
}

function readOwner(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, OWNER_FILE), 'utf8'))
  } catch {
    return undefined // Of an earlier version, or just being made.
  }
}

function isRunning({ pid, began }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') {
      return false
    }
  }
  return ownerOf(pid).began === began
}

function ownerOf(pid: number): Owner {
  const stat = known(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  // The program's name, in parentheses, may hold anything; of what is behind it, the start is the 20th.
  const began = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return {
    host: hostname(),
    boot: known(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    processes: known(() => readlinkSync('/proc/self/ns/pid')),
    pid,
    began,
  }
}

function known(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
