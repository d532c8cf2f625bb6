// Finds the Node.js binary that executables are made of, of the version that base-node/versions.json pins.
//
// In plain JavaScript that any Node.js from 20 on can run: bin/lambdabin.js calls it where the host's own
// Node.js is too old for the rest. It looks in node_modules, then in a cache folder, and else lets npm fetch
// it, from wherever the user's settings of npm say.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rename, rm, utimes } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { makeFolder } from './make-folder.js'

/**
 * @typedef {'x64' | 'arm64'} Architecture
 * @typedef {{ name: string, integrity: string, sha256: string }} PinnedPackage
 * @typedef {{ version: string, packages: Record<Architecture, PinnedPackage> }} PinnedVersions
 * @typedef {import('node:child_process').ChildProcess} ChildProcess
 * @typedef {(fetch: { folder: string, undo: () => void }) => () => void} OnBegin
 */

/** @type {PinnedVersions} */
export const pinnedVersions = JSON.parse(
  readFileSync(new URL('../base-node/versions.json', import.meta.url), 'utf8'),
)

/** Fetching the pinned Node.js failed; the message says how, the cause what npm or the disk said. */
export class PinnedNodeError extends Error {
  /**
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(message, options) {
    super(message, options)
    this.name = 'PinnedNodeError'
    this.isMeantForUser = true
  }
}

/** A slow line takes a minute for its 50 MB; beyond this something hangs. */
const FETCH_TIMEOUT_MS = 600_000

/** Whether what a command starts can be told by the group that it leads. */
const HAS_GROUPS = process.platform !== 'win32'

/** After which is told what is waited for. */
const NOTICE_MS = 10_000

/**
 * Of npm: what its own cache has, it does not ask for; and where nobody answers, it gives up after a minute or two, and not after a
 * quarter of an hour.
 */
const NPM_OPTIONS = [
  '--ignore-scripts',
  '--loglevel=error',
  '--prefer-offline',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
  '--fetch-timeout=60000',
]

/**
 * Path of the pinned Node.js binary for an architecture; fetches it when it is on this machine neither as a
 * package nor in the cache. Rejects with a {@link PinnedNodeError}. The builder's image has its own, of another
 * build, and says in LAMBDABIN_BASE_NODES where: a folder with `x64/bin/node` and `arm64/bin/node`.
 *
 * @param {Architecture} architecture
 * @param {(message: string) => void} [onFetch] is told, in one line, before something is fetched
 * @param {OnBegin} [onBegin] is given the folder that it is fetched to, and what ends that at once and deletes it; returns what to
 * call when it has ended
 * @returns {Promise<string>}
 */
export async function findPinnedNode(architecture, onFetch, onBegin = () => () => {}) {
  const installed = installedNode(architecture)
  if (installed !== undefined) {
    return installed
  }
  const folder = cachedNode(architecture)
  const known = await found.get(folder)
  if (known !== undefined && existsSync(known)) {
    return known
  }
  const finding = provideNode(architecture, folder, onFetch, onBegin)
  finding.catch(() => found.delete(folder))
  found.set(folder, finding)
  return finding
}

/** Whatever a test has put in the place of `Date`. */
const { now: timeOfDay } = Date

/**
 * Where {@link findPinnedNode} would find it, or put it.
 *
 * @param {Architecture} architecture
 * @returns {string}
 */
export function pinnedNodePlace(architecture) {
  return installedNode(architecture) ?? join(cachedNode(architecture), 'bin', 'node')
}

/**
 * @param {Architecture} architecture
 * @returns {string}
 */
function cachedNode(architecture) {
  return join(cacheFolder(), `node-${pinnedVersions.version}-${architecture}`)
}

/**
 * The binary in the cache, which is what npm had, or else fetched: it will be run.
 *
 * @param {Architecture} architecture
 * @param {string} folder
 * @param {((message: string) => void) | undefined} onFetch
 * @param {OnBegin} onBegin
 * @returns {Promise<string>}
 */
async function provideNode(architecture, folder, onFetch, onBegin) {
  const binary = join(folder, 'bin', 'node')
  if (existsSync(binary)) {
    if ((await digestOf(binary, 'sha256', 'hex')) === pinnedVersions.packages[architecture].sha256) {
      const now = timeOfDay() / 1000
      await utimes(folder, now, now).catch(() => {}) // It was used: what was not for longest goes first.
      return binary
    }
    onFetch?.(`${binary} is not the Node.js that was fetched; it is not used`)
    await rm(folder, { recursive: true, force: true })
  }
  await fetchNode(architecture, folder, onFetch, onBegin)
  return binary
}

/**
 * What this process has found in the cache, or is fetching, by the folder that it is in.
 *
 * @type {Map<string, Promise<string>>}
 */
const found = new Map()

/**
 * Where files that can be fetched or made again are kept: an absolute path. Throws a {@link PinnedNodeError} for a user who has no such place. XDG's
 * specification wants a relative path ignored: https://specifications.freedesktop.org/basedir-spec/latest/
 *
 * @returns {string}
 */
export function cacheFolder() {
  const { XDG_CACHE_HOME = '' } = process.env
  return join(isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homeFolder(), '.cache'), 'lambdabin')
}

/** @returns {string} */
function homeFolder() {
  let home = ''
  let cause
  try {
    home = homedir()
  } catch (error) {
    cause = error // A user whom the system does not know, without HOME.
  }
  if (!isAbsolute(home)) {
    throw new PinnedNodeError(
      `expected a home folder, for the cache folder in it, but this user's is ${home === '' ? 'not known' : home}; set HOME, or XDG_CACHE_HOME to a folder that can be written`,
      { cause },
    )
  }
  return home
}

/**
 * The builder's image's own, or the binary of the package in node_modules, if it is there and of the pinned version.
 *
 * @param {Architecture} architecture
 * @returns {string | undefined}
 */
function installedNode(architecture) {
  const { LAMBDABIN_BASE_NODES } = process.env
  if (LAMBDABIN_BASE_NODES) {
    return join(LAMBDABIN_BASE_NODES, architecture, 'bin', 'node')
  }
  try {
    const file = createRequire(import.meta.url).resolve(
      `${pinnedVersions.packages[architecture].name}/package.json`,
    )
    const binary = join(dirname(file), 'bin', 'node')
    const { version } = JSON.parse(readFileSync(file, 'utf8'))
    return version === pinnedVersions.version && existsSync(binary) ? binary : undefined
  } catch {
    return undefined // Not installed, as npm does with a package for another architecture.
  }
}

/**
 * Puts the pinned Node.js into `folder`, all of it or nothing: two builds may do this at once, and both end
 * well.
 *
 * @param {Architecture} architecture
 * @param {string} folder
 * @param {((message: string) => void) | undefined} onFetch
 * @param {OnBegin} onBegin
 */
async function fetchNode(architecture, folder, onFetch, onBegin) {
  const { name, integrity } = pinnedVersions.packages[architecture]
  const spec = `${name}@${pinnedVersions.version}`
  const work = await makeWorkFolder(dirname(folder))
  /** @type {Set<ChildProcess>} */
  const children = new Set()
  const ended = onBegin({
    folder: work,
    undo: () => {
      children.forEach(killAll)
      rmSync(work, { recursive: true, force: true, maxRetries: 5 })
    },
  })
  onFetch?.(`fetching ${spec} with npm, once, into ${folder}`)
  const notice = setTimeout(() => {
    onFetch?.(
      `npm is still fetching ${spec}, 50 MB, from the registry that it is set to; should that be out of reach, it gives up within two minutes`,
    )
  }, NOTICE_MS)
  try {
    await run(
      'npm',
      ['pack', spec, '--pack-destination', work, ...NPM_OPTIONS],
      `npm could not fetch ${spec}`,
      children,
    )
    clearTimeout(notice)
    const [tarball] = (await readdir(work)).filter((file) => file.endsWith('.tgz'))
    if (!tarball) {
      throw new PinnedNodeError(
        `npm pack ${spec} ended well but wrote no .tgz file; update npm and try again`,
      )
    }
    await checkIntegrity(join(work, tarball), spec, integrity)
    await run(
      'tar',
      ['-xzf', join(work, tarball), '-C', work, 'package/bin/node', 'package/LICENSE'],
      `tar could not unpack ${spec}`,
      children,
    )
    await chmod(join(work, 'package', 'bin', 'node'), 0o755)
    await moveInto(join(work, 'package'), folder)
  } finally {
    clearTimeout(notice)
    await rm(work, { recursive: true, force: true })
    ended()
  }
}

/**
 * @param {string} cache
 * @returns {Promise<string>}
 */
async function makeWorkFolder(cache) {
  try {
    await makeFolder(cache)
    return await mkdtemp(join(cache, '.fetch-'))
  } catch (error) {
    throw new PinnedNodeError(
      `the cache folder ${cache} cannot be written; set XDG_CACHE_HOME to a folder that can be`,
      { cause: error },
    )
  }
}

/**
 * @param {string} file
 * @param {string} spec
 * @param {string} expected as in a lock file: `sha512-` and base64
 */
async function checkIntegrity(file, spec, expected) {
  const actual = `sha512-${await digestOf(file, 'sha512', 'base64')}`
  if (actual !== expected) {
    throw new PinnedNodeError(
      `${spec} should have the integrity ${expected} and came with ${actual}; ` +
        'it was not used: check which registry npm is set to',
    )
  }
}

/**
 * @param {string} file
 * @param {string} algorithm
 * @param {'hex' | 'base64'} encoding
 */
async function digestOf(file, algorithm, encoding) {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(file), hash)
  return hash.digest(encoding)
}

/**
 * Renames a folder to one that may have come to be in the meantime, with the same content.
 *
 * @param {string} from
 * @param {string} to
 */
async function moveInto(from, to) {
  try {
    await rename(from, to)
  } catch (error) {
    if (!existsSync(join(to, 'bin', 'node'))) {
      throw error
    }
  }
}

/**
 * Runs a command to its end; what it writes is kept for the error.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} problem
 * @param {Set<ChildProcess>} children those that run
 * @returns {Promise<void>}
 */
function run(command, args, problem, children) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: HAS_GROUPS })
    children.add(child)
    const timeout = setTimeout(() => killAll(child), FETCH_TIMEOUT_MS)
    const ended = () => {
      clearTimeout(timeout)
      children.delete(child)
    }
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said = (said + chunk).slice(-4000)
      })
    }
    child.once('error', (error) => {
      ended()
      reject(new PinnedNodeError(`${problem}: ${command} could not be started; install it`, { cause: error }))
    })
    child.once('close', (status, signal) => {
      ended()
      if (status === 0) {
        resolve()
      } else {
        reject(
          new PinnedNodeError(
            `${problem} (${signal ?? `exit status ${status}`}); it says:\n\n${said.trim()}`,
          ),
        )
      }
    })
  })
}

/**
 * Ends a command with all that it has started.
 *
 * @param {ChildProcess} child
 */
function killAll(child) {
  try {
    if (HAS_GROUPS && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL')
    } else {
      child.kill('SIGKILL')
    }
  } catch {
    // They have ended.
  }
}
