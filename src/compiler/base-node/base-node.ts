/** The Node.js binary that becomes the executable: the pinned one or one that the user names, made smaller and lighter. */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { makeFolder } from '../../../bin/make-folder.js'
import { cacheFolder, pinnedVersions } from '../../../bin/pinned-node.js'
import { BuildError } from '../build-error.ts'
import { CacheArea } from '../cache/build-cache.ts'
import { type Architecture, ElfFormatError, readArchitecture } from '../elf/elf-file.ts'
import { readHeader } from '../elf/elf-header.ts'
import { IcuDataError } from '../icu/common-data.ts'
import { compileInLargerLots } from './baseline-code.ts'
import { compileBuiltins } from './builtin-code/compile-builtins.ts'
import { readConstantsInPlace } from './constant-strings.ts'
import { drawEntropyDirectly } from './entropy.ts'
import { hideInternalSymbols } from './exported-symbols.ts'
import { findBaseNode } from './fetched-node.ts'
import { followFunctionMemory } from './heap-limit.ts'
import { isIntact, writeDigest } from './intact-copy.ts'
import { makeNodeSmaller } from './smaller-node.ts'
import { answerStackStart } from './stack-start.ts'
import { leaveOutStartupWork } from './startup-work.ts'
import { findTargetRunner, identityOf, type TargetRunner } from './target-runner.ts'
import { leaveOutTypeStripper } from './type-stripper.ts'

/** No executable can be made of this Node.js, or none on this host. */
export class BaseNodeError extends BuildError {
  override readonly name = 'BaseNodeError'
}

/** What an executable is for, and what it is made of. */
export interface TargetOptions {
  readonly arch: Architecture
  /** Another Node.js binary than the pinned one. */
  readonly nodePath: string | undefined
  /** The locales whose ICU data the executable has; undefined for all that its Node.js has. */
  readonly locales: readonly string[] | undefined
}

export interface BaseNode {
  /** The binary, without what executables do not need. */
  readonly path: string
  readonly arch: Architecture
  /** The binary that it was made of, as it is published. */
  readonly original: string
  /** `24.21.0` */
  readonly version: string
  /** A binary of the same version that runs on this host. */
  readonly generator: string
  /** How to run the binary itself, and what is made of it, on this host; undefined when it cannot be. */
  readonly runner: TargetRunner | undefined
  /** What makes each start of it slower than it might be, a sentence each: see {@link ./startup-work.ts}. */
  readonly notes: readonly string[]
}

/** Of the cache: a folder for each copy. */
const AREA = 'base-node'

/** Which way copies are made: another number makes those of an earlier version of this program void. */
const MAKING = '25'

/** Beside the copy: what of its starts' work is in it, as JSON. */
const NOTES = 'notes.json'

/** Thirty days: a copy takes 100 MB, and there is one for each choice of locales. */
const UNUSED_MS = 30 * 86_400_000

/** Older ones lack what pkg's SEA mode and the runtime need. */
const OLDEST_MAJOR = 22

/**
 * Finds the base for executables for `arch`: the binary `nodePath` if given, else the pinned Node.js, which
 * is fetched if need be; `onNotice` is told what takes long. With `locales` it has the ICU data of those alone. Rejects with a
 * {@link BaseNodeError}, a PinnedNodeError, or an UnknownLocaleError.
 */
export async function prepareBaseNode(
  arch: Architecture,
  nodePath: string | undefined,
  onNotice: (message: string) => void,
  locales?: readonly string[],
): Promise<BaseNode> {
  const original = nodePath === undefined ? await findBaseNode(arch, onNotice) : resolve(nodePath)
  const { size, mtimeMs } = await checkArchitecture(original, arch)
  const native = process.platform === 'linux' && process.arch === arch
  const runner = await findTargetRunner(original, arch)
  const version = await versionOf(original, `${size} ${mtimeMs}`, native)
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new BaseNodeError(
      `${original} is Node.js ${version}, and an executable needs ${OLDEST_MAJOR} or later; give a newer one with --node`,
    )
  }
  // The pinned one is the same in each project, wherever it is installed; another may be replaced in place.
  const which = nodePath === undefined ? ['pinned', arch, size] : [original, size, mtimeMs]
  const identity = [...which, version, await identityOf(runner)].join('\n')
  const copy = await smallerCopy(original, identity, locales, runner, onNotice)
  return {
    ...copy,
    arch,
    original,
    version,
    generator: native ? original : await findGenerator(version, original, onNotice),
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

/** By path and state of a binary, what is known of its version in this process, or is being found out. */
const versions = new Map<string, Promise<string>>()

function versionOf(path: string, state: string, native: boolean): Promise<string> {
  const key = `${path}\n${state}`
  const finding = versions.get(key) ?? (native ? askVersion(path) : readVersion(path))
  versions.set(key, finding)
  finding.catch(() => versions.delete(key))
  return finding
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
  onNotice: (message: string) => void,
): Promise<string> {
  if (process.versions.node === version) {
    return process.execPath
  }
  const { platform, arch } = process
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64') && version === pinnedVersions.version) {
    return findBaseNode(arch, onNotice)
  }
  throw new BaseNodeError(
    `making an executable of ${original} takes Node.js ${version} on this machine (${platform} ${arch}), ` +
      `and this is ${process.versions.node}; run it with Node.js ${version}, or use \`lambdabin build --docker\``,
  )
}

type SmallerCopy = Pick<BaseNode, 'path' | 'notes'>

/** Those that are being made in this process. */
const underWay = new Map<string, Promise<SmallerCopy>>()

/**
 * The binary without what executables do not need; `identity` tells whether one made before is still right.
 */
function smallerCopy(
  original: string,
  identity: string,
  locales: readonly string[] | undefined,
  runner: TargetRunner | undefined,
  onNotice: (message: string) => void,
): Promise<SmallerCopy> {
  const key = JSON.stringify([identity, locales])
  const made =
    underWay.get(key) ??
    makeSmallerCopy(original, identity, locales, runner, onNotice).finally(() => underWay.delete(key))
  underWay.set(key, made)
  return made
}

async function makeSmallerCopy(
  original: string,
  identity: string,
  locales: readonly string[] | undefined,
  runner: TargetRunner | undefined,
  onNotice: (message: string) => void,
): Promise<SmallerCopy> {
  const cache = new CacheArea(AREA, { unusedMs: UNUSED_MS })
  let notes: readonly string[] | undefined
  const which = [MAKING, identity, JSON.stringify(locales?.toSorted() ?? null)]
  const make = async (folder: string) => {
    const published = await readFile(original)
    const lighter = explainFormat(() =>
      leaveOutStartupWork(leaveOutTypeStripper(makeNodeSmaller(published, original, locales)), original),
    )
    if (runner !== undefined && runner.length > 0) {
      onNotice('running what functions use of Node.js under qemu: a minute, the first time with this Node.js')
    }
    const making = join(folder, 'making')
    await mkdir(making)
    const inPlace = explainFormat(() => readConstantsInPlace(lighter.bytes, published, original))
    const limited = await followFunctionMemory(inPlace, original, runner, join(making, 'node'))
    const started = explainFormat(() => answerStackStart(limited.bytes, original))
    const direct = explainFormat(() => drawEntropyDirectly(started.bytes, original))
    const inLots = explainFormat(() => compileInLargerLots(direct.bytes, original))
    const compiled = await compileBuiltins(inLots.bytes, original, runner, making)
    await rm(making, { recursive: true, force: true })
    // The last, as others find by its name what they change.
    const hidden = explainFormat(() => hideInternalSymbols(compiled.bytes, original))
    const changes = [limited, started, direct, inLots, compiled, hidden]
    notes = [...lighter.kept, ...changes.map((change) => change.kept)].filter((note) => note !== undefined)
    const { bytes } = hidden
    await writeFile(join(folder, NOTES), JSON.stringify(notes))
    await writeDigest(folder, bytes)
    if (bytes.equals(published)) {
      await symlink(original, join(folder, 'node')) // It was made so already, as in the Docker image.
    } else {
      await writeFile(join(folder, 'node'), bytes, { mode: 0o755 })
    }
    return true
  }
  const copy = await cache.folder(which, make).catch(async (error) => {
    await checkCacheFolder()
    throw error
  })
  await cache.trim()
  if (copy === undefined) {
    return { path: original, notes: notes ?? [] }
  }
  if (notes === undefined && !(await isIntact(copy))) {
    onNotice(`${copy} is not as it was made; it is made again`)
    await checkCacheFolder()
    await rm(copy, { recursive: true, force: true })
    return makeSmallerCopy(original, identity, locales, runner, onNotice)
  }
  return { path: join(copy, 'node'), notes: notes ?? JSON.parse(await readFile(join(copy, NOTES), 'utf8')) }
}

/** Rejects where no copy can be made. One that is there is used where nothing can be written, too, as in an image that was prepared. */
async function checkCacheFolder(): Promise<void> {
  for (const folder of [cacheFolder(), join(cacheFolder(), AREA)]) {
    try {
      await makeFolder(folder)
      await access(folder, constants.W_OK)
    } catch (error) {
      throw new BaseNodeError(
        `the cache folder ${folder} cannot be written; set XDG_CACHE_HOME to a folder that can be`,
        { cause: error },
      )
    }
  }
}
