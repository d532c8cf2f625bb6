/**
 * Which process has a socket that is in the way, so that a message can name it. Linux tells in `/proc`: `net/tcp`, `net/tcp6` and
 * `net/unix` have a number (inode) for each socket, and a process's `fd` has links to those that it has open. Of another user's
 * processes, only root sees them.
 *
 * Source: proc_net_tcp.txt of the kernel's documentation, and proc_pid_fd(5).
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

const LISTENS = '0A'

/** `lambdabin serve, process 4711,` or `node, process 4711,`; undefined where the system does not tell. */
export function holderOfPort(port: number): string | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(linesOf).flatMap((fields) => {
    const [, local = '', , state, , , , , , inode = ''] = fields
    const isMeant = state === LISTENS && Number.parseInt(local.split(':')[1] ?? '', 16) === port
    return isMeant ? [inode] : []
  })
  return describeHolder(inodes)
}

/** The same of a socket in the abstract namespace. */
export function holderOfAbstractSocket(name: string): string | undefined {
  const inodes = linesOf('/proc/net/unix').flatMap(([, , , , , , inode = '', path]) =>
    path === `@${name}` ? [inode] : [],
  )
  return describeHolder(inodes)
}

function linesOf(table: string): string[][] {
  try {
    return readFileSync(table, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
  } catch {
    return []
  }
}

function describeHolder(inodes: readonly string[]): string | undefined {
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const pid = links.size === 0 ? undefined : processes().find((each) => holdsAny(each, links))
  return pid === undefined ? undefined : `${programOf(pid)}, process ${pid},`
}

function processes(): string[] {
  return namesIn('/proc').filter((name) => /^\d+$/.test(name))
}

function holdsAny(pid: string, links: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`
  return namesIn(folder).some((name) => {
    try {
      return links.has(readlinkSync(`${folder}/${name}`))
    } catch {
      return false // Closed by now.
    }
  })
}

/** Empty where the folder is gone or another user's. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function programOf(pid: string): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const isServe = words.includes('serve') && words.some((word) => /lambdabin|cli\.(js|ts)$/.test(word))
    return isServe ? 'lambdabin serve' : basename(words[0] ?? '') || 'a program'
  } catch {
    return 'a program'
  }
}
