/**
 * A `/tmp` of an execution environment's own, where the system allows it: its temporary folder is mounted there, in a
 * mount namespace that only its processes see.
 *
 * That takes util-linux's `unshare` and either a privileged user or user namespaces for everybody; in containers there
 * is often neither. Then functions share the machine's `/tmp`, and only `TMPDIR` names a folder of their own.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Command {
  command: string
  parameters: readonly string[]
}

/** A command that becomes `program`, with `folder` as its `/tmp`. Both are absolute. */
export type PrivateTmp = (program: string, folder: string) => Command

// Of this user's, and not of root's alone: the function keeps its user, and files in the folder theirs.
const NAMESPACES = [['--mount'], ['--user', '--map-current-user', '--mount']]

const PATIENCE_MS = 5000

/**
 * Finds out by trying. Undefined when it does not work, or when `workFolder`, which holds all that environments need, is
 * in the machine's `/tmp` itself and would be out of their sight.
 */
export function findPrivateTmp(workFolder: string): PrivateTmp | undefined {
  const unshare = find('unshare')
  const mount = find('mount')
  if (unshare === undefined || mount === undefined || isInTmp(workFolder)) {
    return undefined
  }
  const folder = mkdtempSync(join(workFolder, 'tmp-'))
  try {
    return NAMESPACES.map((namespaces) => wrapper(unshare, mount, namespaces)).find((wrap) =>
      works(wrap, folder),
    )
  } finally {
    rmdirSync(folder)
  }
}

function wrapper(unshare: string, mount: string, namespaces: readonly string[]): PrivateTmp {
  const script = `${mount} --bind "$1" /tmp && exec "$2"`
  return (program, folder) => ({
    command: unshare,
    parameters: [...namespaces, '/bin/sh', '-c', script, 'sh', folder, program],
  })
}

function works(wrap: PrivateTmp, folder: string): boolean {
  const { command, parameters } = wrap('/bin/true', folder)
  const { status } = spawnSync(command, parameters, { stdio: 'ignore', timeout: PATIENCE_MS })
  return status === 0
}

function find(name: string): string | undefined {
  return [`/usr/bin/${name}`, `/bin/${name}`].find(existsSync)
}

/** What lies there is out of sight for a function with a `/tmp` of its own. */
export function isInTmp(path: string): boolean {
  return path === '/tmp' || path.startsWith('/tmp/')
}
