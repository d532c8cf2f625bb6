/**
 * The mounts of a sandbox, as a table that mount(8) reads (fstab), and what is to know of those that are there already.
 *
 * In a user namespace, the flags of a mount that came from outside are locked: a bind mount has to repeat them, or the
 * system refuses it.
 */

import { readFileSync, statSync } from 'node:fs'

export interface Mount {
  /** A folder; undefined for an empty file system in memory. */
  source: string | undefined
  target: string
  isWritable: boolean
  /** With all that is mounted below the source. */
  isRecursive?: boolean
}

/** A mount of the host. */
export interface HostMount {
  target: string
  /** Of the mount, not of the file system: `nosuid`, `nodev`, `noexec`, and how times of access are kept. */
  flags: readonly string[]
  isWritable: boolean
}

const LOCKED = ['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime']

/** What is not files of somebody's: no function can do harm there, or it has its own ways there on Lambda, too. */
const SYSTEM_FOLDERS = /^\/(proc|sys|dev)(\/|$)/

/** Those of this process, in the order in which they were made. */
export function hostMounts(text = readFileSync('/proc/self/mountinfo', 'utf8')): HostMount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , , , target = '', options = ''] = line.split(' ')
      const given = options.split(',')
      return {
        target: octalUnescaped(target),
        flags: given.filter((flag) => LOCKED.includes(flag)),
        isWritable: given.includes('rw'),
      }
    })
}

/** The mount that `path`, an absolute one without symbolic links, lies in. */
export function mountAt(path: string, mounts: readonly HostMount[]): HostMount | undefined {
  return mounts.findLast(({ target }) => target === '/' || path === target || path.startsWith(`${target}/`))
}

/** Those that may have something to write to, but for those below the `hidden` folders. */
export function writableMounts(mounts: readonly HostMount[], hidden: readonly string[]): HostMount[] {
  // Of several mounts at one place, only the last can be reached.
  const reachable = new Map(mounts.map((mount) => [mount.target, mount]))
  return [...reachable.values()].filter(
    ({ target, isWritable }) =>
      isWritable &&
      !SYSTEM_FOLDERS.test(target) &&
      !hidden.some((folder) => target === folder || target.startsWith(`${folder}/`)) &&
      isFolder(target),
  )
}

/** Lines for `mount -a`, which mounts them in this order, and makes the targets that are not there. */
export function mountTable(mounts: readonly Mount[], onHost: readonly HostMount[]): string {
  return mounts.map((mount) => `${line(mount, onHost)}\n`).join('')
}

function line({ source, target, isWritable, isRecursive }: Mount, onHost: readonly HostMount[]): string {
  if (source === undefined) {
    return `tmpfs ${octalEscaped(target)} tmpfs size=64k,mode=755 0 0`
  }
  const options = [
    isRecursive ? 'rbind' : 'bind',
    isWritable ? 'rw' : 'ro',
    ...(mountAt(source, onHost)?.flags ?? []),
    'x-mount.mkdir',
  ]
  return `${octalEscaped(source)} ${octalEscaped(target)} none ${options.join(',')} 0 0`
}

/** Containers have single files mounted, too: those are the system's. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** White space and backslashes are written in octal, there and in /proc. */
function octalEscaped(path: string): string {
  return path.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

function octalUnescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
}
