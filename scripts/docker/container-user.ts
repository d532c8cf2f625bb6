/** Whom the container works as: what is built is to belong to whoever owns the project on the host, and not to root. */
import {
  accessSync,
  appendFileSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { BASE_NODES } from './image-folders.ts'

/** A user as the container sees it: with a rootless engine, whoever runs that is 0. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export function ownerOf(folder: string): Owner {
  const { uid, gid } = statSync(folder)
  return { uid, gid }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Has this process, and what it starts, be `owner`; only root can. */
export function becomeUser({ uid, gid }: Owner): void {
  if (!isRoot() || uid === 0) {
    return
  }
  nameUser(uid, gid)
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

/** Makes a folder in `parent` that belongs to `owner`, unless it is there; root does it before it becomes another user. */
export function makeFolderFor({ uid, gid }: Owner, folder: string): void {
  mkdirSync(folder, { recursive: true })
  if (isRoot()) {
    chownSync(folder, uid, gid)
  }
}

/** The folder of `owner` in the volume `cache`; in the container alone where that cannot be written to. */
export function cacheFolderOf(owner: Owner, cache: string): string {
  try {
    const folder = join(cache, String(owner.uid))
    makeFolderFor(owner, folder)
    if (!isRoot()) {
      accessSync(folder, constants.W_OK)
    }
    return folder
  } catch {
    // A container that is started as another user than root, say.
    return join(tmpdir(), `lambdabin-${process.getuid?.()}`)
  }
}

/** Programs ask the system for their user's name and home, and fail where it has no such user. */
function nameUser(uid: number, gid: number): void {
  const isKnown = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.split(':')[2] === String(uid))
  if (!isKnown) {
    appendFileSync('/etc/passwd', `lambdabin:x:${uid}:${gid}::${tmpdir()}:/bin/sh\n`)
  }
}

/** Sets what programs read of their user from the environment. */
export function userEnvironment(cache: string, extraCertificates: string): NodeJS.ProcessEnv {
  return {
    // Nobody that the image knows: without a home, nor a cache folder in one.
    HOME: tmpdir(),
    XDG_CACHE_HOME: cache,
    // In the place of the pinned ones, which need a later glibc.
    LAMBDABIN_BASE_NODES: BASE_NODES,
    NPM_CONFIG_CACHE: join(cache, 'npm'),
    NPM_CONFIG_UPDATE_NOTIFIER: 'false',
    ...(existsSync(extraCertificates) ? { NODE_EXTRA_CA_CERTS: extraCertificates } : {}),
  }
}
