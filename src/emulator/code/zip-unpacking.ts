/**
 * Unpacks a zip as Lambda does, and trusts nothing in it: not its names, its sizes, its symbolic links or their order.
 *
 * Files come first and links last, so that no file is ever written through a link. A file that would be written twice
 * is an error. Sizes are checked before anything is written, and again while it is; checksums after.
 */

import { createWriteStream } from 'node:fs'
import { chmod, mkdir, realpath, symlink } from 'node:fs/promises'
import { dirname, join, posix, sep } from 'node:path'
import { PassThrough, Readable, Transform, type Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { DeploymentPackageError } from './deployment-package-error.ts'

/** Lambda's limit on an unpacked deployment package: 250 MB. */
const MAX_UNPACKED_BYTES = 250 * 1024 * 1024

/** More files than fit into any honest package of that size. */
const MAX_ENTRIES = 100_000

const MAX_LINK_BYTES = 4096

/** Of this machine, whatever is in the zip. */
const SYSTEM_ERRORS = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO', 'EMFILE', 'ENFILE'])

const CHUNK_BYTES = 512 * 1024

/** Of a local header, without the name and what follows it. */
const LOCAL_HEADER_BYTES = 30

/** The compression method of an entry that has none. */
const STORED = 0

const FILE_TYPE = 0o170000
const DIRECTORY = 0o040000
const SYMBOLIC_LINK = 0o120000
const REGULAR_FILE = 0o100000

/** Of a zip written without Unix modes, on Windows for instance: its files are not executable. */
const DEFAULT_MODE = 0o644

/**
 * Rejects with a DeploymentPackageError; what was written until then stays, for the caller to delete. `mostBytes` is for who
 * only wants to look: Lambda's limit unless given.
 */
export async function unpackZip(
  path: string,
  folder: string,
  { mostBytes = MAX_UNPACKED_BYTES } = {},
): Promise<void> {
  const zip = await openZip(path)
  try {
    const entries = await readEntries(zip, path, mostBytes)
    const links = entries.filter((entry) => fileType(entry) === SYMBOLIC_LINK)
    for (const entry of entries) {
      if (fileType(entry) !== SYMBOLIC_LINK) {
        await unpackEntry(zip, entry, folder, path)
      }
    }
    for (const link of links) {
      await unpackLink(zip, link, folder, path)
    }
    await checkLinks(links, folder, path)
  } finally {
    zip.close()
  }
}

async function openZip(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { lazyEntries: true, autoClose: false })
  } catch (error) {
    const message = `expected a zip or a folder, but ${path} is not a whole zip file (${reason(error)}); build it again with: lambdabin build`
    throw new DeploymentPackageError(message, { cause: error })
  }
}

/** All entries, none of them unpacked, once their names and sizes are found to be acceptable. */
async function readEntries(zip: ZipFile, path: string, mostBytes: number): Promise<Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new DeploymentPackageError(
      `expected at most ${MAX_ENTRIES} files in ${path}, but it holds ${zip.entryCount}; leave some out`,
    )
  }
  const entries: Entry[] = []
  let bytes = 0
  try {
    // yauzl refuses names that are absolute or climb out.
    for await (const entry of zip.entryCount === 0 ? [] : zip.eachEntry()) {
      entries.push(entry)
      bytes += entry.uncompressedSize
      // Its own end is told by the global setImmediate, which stands still in a test with fake timers.
      if (entries.length === zip.entryCount) {
        break
      }
    }
  } catch (error) {
    const message = `expected a zip that Lambda can unpack, but ${path} is not one (${reason(error)}); build it again`
    throw new DeploymentPackageError(message, { cause: error })
  }
  refuseOverlaps(entries, path)
  if (bytes > mostBytes) {
    const who = mostBytes === MAX_UNPACKED_BYTES ? ', as Lambda does' : ''
    throw new DeploymentPackageError(
      `expected ${path} to unpack to ${mostBytes} bytes at most${who}, but it says ${bytes}; leave some files out`,
    )
  }
  return entries
}

/** Entries that share their bytes are how a small zip becomes a large folder; no honest one has them. */
function refuseOverlaps(entries: readonly Entry[], path: string): void {
  const sorted = [...entries].sort(
    (left, right) => left.relativeOffsetOfLocalHeader - right.relativeOffsetOfLocalHeader,
  )
  let end = 0
  for (const entry of sorted) {
    const start = entry.relativeOffsetOfLocalHeader
    if (start < end) {
      throw new DeploymentPackageError(
        `expected a zip that Lambda can unpack, but ${quoted(entry)} in ${path} overlaps another entry; build it again`,
      )
    }
    end = start + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, folder: string, path: string): Promise<void> {
  const target = join(folder, entry.fileName)
  const type = fileType(entry)
  if (type !== DIRECTORY && type !== REGULAR_FILE) {
    throw new DeploymentPackageError(
      `expected files, folders and symbolic links in ${path}, but ${quoted(entry)} is something else; leave it out`,
    )
  }
  try {
    if (type === DIRECTORY) {
      await mkdir(target, { recursive: true })
      return
    }
    await mkdir(dirname(target), { recursive: true })
    const mode = unixMode(entry)
    await copy(zip, entry, () => createWriteStream(target, { flags: 'wx', mode, highWaterMark: CHUNK_BYTES }))
    // The mode given at creation went through this process's umask.
    await chmod(target, mode)
  } catch (error) {
    throw entryError(error, entry, path)
  }
}

async function unpackLink(zip: ZipFile, entry: Entry, folder: string, path: string): Promise<void> {
  const target = await linkTarget(zip, entry, path)
  const climbsOut = posix.join(dirname(entry.fileName), target).startsWith('..')
  if (target === '' || target.includes('\0') || target.startsWith('/') || climbsOut) {
    throw linkError(entry, path)
  }
  try {
    await mkdir(dirname(join(folder, entry.fileName)), { recursive: true })
    await symlink(target, join(folder, entry.fileName))
  } catch (error) {
    throw entryError(error, entry, path)
  }
}

async function linkTarget(zip: ZipFile, entry: Entry, path: string): Promise<string> {
  if (entry.uncompressedSize > MAX_LINK_BYTES) {
    throw linkError(entry, path)
  }
  try {
    const target = new PassThrough()
    const bytes = buffer(target)
    await Promise.all([bytes, copy(zip, entry, () => target)])
    return (await bytes).toString()
  } catch (error) {
    throw entryError(error, entry, path)
  }
}

/** One link may lead through another, so where they really end is known only when all are there. */
async function checkLinks(links: Entry[], folder: string, path: string): Promise<void> {
  const root = await realpath(folder)
  for (const link of links) {
    // One that leads nowhere was checked by its text.
    const end = await realpath(join(folder, link.fileName)).catch(() => root)
    if (end !== root && !end.startsWith(root + sep)) {
      throw linkError(link, path)
    }
  }
}

/**
 * Rejects when there are more bytes than the zip says, and at their end when they are not those that were packed.
 * `target` is called once they can be read: before that, nobody would listen to its errors.
 */
async function copy(zip: ZipFile, entry: Entry, target: () => Writable): Promise<void> {
  if (!entry.canDecodeFileData()) {
    throw new Error('it is encrypted, or compressed in an unusual way')
  }
  // yauzl would inflate too, in pieces of 16 KiB: each is a trip to another thread and back.
  // Its stream of what is empty ends with the global setImmediate, and so not in a test with fake timers.
  const isEmpty = entry.compressedSize === 0
  const raw = isEmpty ? Readable.from([]) : await zip.openReadStreamPromise(entry, { decodeFileData: false })
  if (entry.compressionMethod === STORED) {
    await pipeline(raw, checker(entry), target())
  } else {
    await pipeline(raw, createInflateRaw({ chunkSize: CHUNK_BYTES }), checker(entry), target())
  }
}

function checker(entry: Entry): Transform {
  let size = 0
  let sum = 0
  return new Transform({
    highWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      sum = crc32(chunk, sum)
      done(size > entry.uncompressedSize ? new Error('it is larger than the zip says') : null, chunk)
    },
    flush(done) {
      const isWhole = size === entry.uncompressedSize && sum === entry.crc32
      done(isWhole ? null : new Error('its size or its checksum is wrong'))
    },
  })
}

function fileType(entry: Entry): number {
  if (entry.fileName.endsWith('/')) {
    return DIRECTORY
  }
  const type = attributes(entry) & FILE_TYPE
  return type === 0 ? REGULAR_FILE : type
}

function unixMode(entry: Entry): number {
  return attributes(entry) & FILE_TYPE || attributes(entry) & 0o777 ? attributes(entry) & 0o777 : DEFAULT_MODE
}

/** The upper half of the external attributes is a Unix mode, or 0 when the zip was made without one. */
function attributes(entry: Entry): number {
  return entry.externalFileAttributes >>> 16
}

function entryError(error: unknown, entry: Entry, path: string): DeploymentPackageError {
  const code = (error as NodeJS.ErrnoException).code
  const [what, remedy] =
    code === 'EEXIST' || code === 'ENOTDIR'
      ? ['two entries have its name', 'build the zip again']
      : code !== undefined && SYSTEM_ERRORS.has(code)
        ? [reason(error), 'free some room, or set TMPDIR or --state to a folder of another disk']
        : [reason(error), 'build the zip again']
  const message = `expected to unpack ${quoted(entry)} from ${path}, but could not: ${what}; ${remedy}`
  return new DeploymentPackageError(message, { cause: error })
}

function linkError(entry: Entry, path: string): DeploymentPackageError {
  return new DeploymentPackageError(
    `expected the symbolic links in ${path} to stay inside the package, but ${quoted(entry)} does not; leave it out`,
  )
}

/** A name from a zip may hold anything, control characters for a terminal included. */
function quoted(entry: Entry): string {
  return JSON.stringify(entry.fileName)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
