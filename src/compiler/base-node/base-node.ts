/** The Node.js binary that becomes the executable: the pinned one or one that the user names, made smaller and lighter. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import {
  access,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { cacheFolder, findPinnedNode, pinnedVersions } from '../../../bin/pinned-node.js'
import { BuildError } from '../build-error.ts'
import { type Architecture, ElfFormatError, readArchitecture } from '../elf/elf-file.ts'
import { readHeader } from '../elf/elf-header.ts'
import { IcuDataError } from '../icu/common-data.ts'
import { makeNodeSmaller } from './smaller-node.ts'
import { leaveOutStartupWork } from './startup-work.ts'
import { findTargetRunner, type TargetRunner } from './target-runner.ts'

/** No executable can be made of this Node.js, or none on this host. */
export class BaseNodeError extends BuildError {
  override readonly name = 'BaseNodeError'
}

export interface BaseNode {
  /** The binary, without what executables do not need. */
  readonly path: string
  /** `24.21.0` */
  readonly version: string
  /** A binary of the same version that runs on this host. */
  readonly generator: string
  /** How to run the binary itself, and what is made of it, on this host; undefined when it cannot be. */
  readonly runner: TargetRunner | undefined
  /** What makes each start of it slower than it might be, a sentence each: see {@link ./startup-work.ts}. */
  readonly shortcomings: readonly string[]
}

/** Which way copies are made: another number makes those of an earlier version of this program void. */
const MAKING = 4

/** Beside the copy: what of its starts' work is in it, as JSON. */
const SHORTCOMINGS = 'shortcomings.json'

/** Thirty days. */
const UNUSED_MS = 30 * 86_400_000

/** Older ones lack what pkg's SEA mode and the runtime need. */
const OLDEST_MAJOR = 22

/**
 * Finds the base for executables for `arch`: the binary `nodePath` if given, else the pinned Node.js, which
 * is fetched if need be (`onFetch` is told so). With `locales` it has the ICU data of those alone. Rejects with a
 * {@link BaseNodeError}, a PinnedNodeError, or an UnknownLocaleError.
 */
export async function prepareBaseNode(
  arch: Architecture,
  nodePath: string | undefined,
  onFetch: (message: string) => void,
  locales?: readonly string[],
): Promise<BaseNode> {
  const original = nodePath === undefined ? await findPinnedNode(arch, onFetch) : resolve(nodePath)
  const { size, mtimeMs } = await checkArchitecture(original, arch)
  const native = process.platform === 'linux' && process.arch === arch
  const runner = await findTargetRunner(original, arch)
  const version = native ? await askVersion(original) : await readVersion(original)
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new BaseNodeError(
      `${original} is Node.js ${version}, and an executable needs ${OLDEST_MAJOR} or later; give a newer one with --node`,
    )
  }
  const copy = await smallerCopy(original, `${original}\n${size}\n${mtimeMs}\n${version}`, locales)
  return {
    ...copy,
    version,
    generator: native ? original : await findGenerator(version, original, onFetch),
    runner,
  }
}

async function checkArchitecture(path: string, arch: Architecture) {
  const { header, size, mtimeMs } = await readHeader(path).catch((error) => {
    throw new BaseNodeError(`--node expects a Node.js binary, and ${path} cannot be read; check the path`, {
      cause: error,
    })
  })
  const actual = explainFormat(() => readArchitecture(header, path))
  if (actual !== arch) {
    throw new BaseNodeError(
      `${path} is for ${actual}, and the executable is to be for ${arch}; give a Node.js for ${arch}, or --arch ${actual}`,
    )
  }
  return { size, mtimeMs }
}

function explainFormat<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof IcuDataError) {
      throw new BaseNodeError(
        `--intl expects a Node.js with ICU data of its own, and ${error.message}; leave --intl out, or give another with --node`,
        { cause: error },
      )
    }
    throw error instanceof ElfFormatError ? new BaseNodeError(error.message, { cause: error }) : error
  }
}

/** Runs the binary to learn its version: the surest way, where it can run. */
async function askVersion(path: string): Promise<string> {
  const said = await promisify(execFile)(path, ['--version'], { timeout: 30_000 }).then(
    ({ stdout }) => stdout.trim(),
    (error) => {
      const how = typeof error.code === 'number' ? `exit status ${error.code}` : (error.code ?? error.signal)
      throw new BaseNodeError(
        `${path} --version does not run on this machine (${how}); give a Node.js binary that does with --node`,
        { cause: error },
      )
    },
  )
  const version = /^v(\d+\.\d+\.\d+)/.exec(said)?.[1]
  if (version === undefined) {
    throw new BaseNodeError(
      `${path} --version should say a version such as v24.0.0, and said ${JSON.stringify(said.slice(0, 80))}; give a Node.js binary with --node`,
    )
  }
  return version
}

/**
 * The version of a binary that cannot run here, from the address of its sources, which it holds for
 * `process.release`.
 */
async function readVersion(path: string): Promise<string> {
  const bytes = await readFile(path)
  for (let at = bytes.indexOf('node-v'); at !== -1; at = bytes.indexOf('node-v', at + 1)) {
    const text = bytes.toString('latin1', at, at + 40)
    const version = /^node-v(\d+\.\d+\.\d+)\.tar\.gz/.exec(text)?.[1]
    if (version !== undefined) {
      return version
    }
  }
  throw new BaseNodeError(`${path} holds no version of Node.js; give a Node.js binary with --node`)
}

/** A Node.js of `version` that runs here: the layout of what it makes differs from version to version. */
async function findGenerator(
  version: string,
  original: string,
  onFetch: (message: string) => void,
): Promise<string> {
  if (process.versions.node === version) {
    return process.execPath
  }
  const { platform, arch } = process
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64') && version === pinnedVersions.version) {
    return findPinnedNode(arch, onFetch)
  }
  throw new BaseNodeError(
    `making an executable of ${original} takes Node.js ${version} on this machine (${platform} ${arch}), ` +
      `and this is ${process.versions.node}; run it with Node.js ${version}, or use \`docker-compose up\``,
  )
}

/**
 * The binary without what executables do not need; `identity` tells whether one made before is still right.
 */
async function smallerCopy(
  original: string,
  identity: string,
  locales: readonly string[] | undefined,
): Promise<Pick<BaseNode, 'path' | 'shortcomings'>> {
  const which = JSON.stringify([MAKING, identity, locales?.toSorted()])
  const key = createHash('sha256').update(which).digest('hex').slice(0, 16)
  const folder = await writableCacheFolder()
  const path = join(folder, `base-${key}`, 'node')
  if (await isExecutable(path)) {
    const now = new Date()
    await utimes(dirname(path), now, now)
    return { path, shortcomings: JSON.parse(await readFile(join(dirname(path), SHORTCOMINGS), 'utf8')) }
  }
  const published = await readFile(original)
  const { bytes, kept: shortcomings } = explainFormat(() =>
    leaveOutStartupWork(makeNodeSmaller(published, original, locales), original),
  )
  if (bytes.equals(published)) {
    return { path: original, shortcomings } // It was made so already, as in the Docker image.
  }
  await forgetUnused(folder)
  const work = await mkdtemp(join(folder, '.base-'))
  try {
    await writeFile(join(work, SHORTCOMINGS), JSON.stringify(shortcomings))
    await writeFile(join(work, 'node'), bytes, { mode: 0o755 })
    await rename(work, join(folder, `base-${key}`)).catch(async (error) => {
      // Another build may have been quicker; then there it is.
      if (!(await isExecutable(path))) {
        throw error
      }
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return { path, shortcomings }
}

/** Deletes copies that no build has used for long: each takes 100 MB, and there is one for each choice of locales. */
async function forgetUnused(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((entry) => entry.startsWith('base-'))) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity })) // Gone: another build has been here.
    if (Date.now() - mtimeMs > UNUSED_MS) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

async function writableCacheFolder(): Promise<string> {
  const folder = cacheFolder()
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
    return folder
  } catch (error) {
    throw new BaseNodeError(
      `the cache folder ${folder} cannot be written; set XDG_CACHE_HOME to a folder that can be`,
      { cause: error },
    )
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return stat(path).then(
    (file) => file.isFile() && (file.mode & 0o100) !== 0,
    () => false,
  )
}
