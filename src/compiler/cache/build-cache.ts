/**
 * What builds keep for later ones: files and folders in the cache folder, each found by what it was made of. There is an area, a
 * folder, for each kind of thing, and each area keeps itself within its limits.
 *
 * Each is renamed into place, so that nobody reads a half; two builds that make the same make the same bytes. Whatever
 * is lost of it is made again: a cache that cannot be read or written costs time, and nothing else.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { crc32 } from 'node:zlib'
import { makeFolder } from '../../../bin/make-folder.js'
import { cacheFolder } from '../../../bin/pinned-node.js'
import { wallClock } from '../../runtime-api/wall-clock.ts'

/** What something is made of. Strings should say which way it is made, too. */
export type CacheInput = Buffer | string

export interface CacheLimits {
  /** Files that were not used for longest go when all together are larger. */
  readonly mostBytes?: number
  /** Milliseconds after which a file that was not used goes. */
  readonly unusedMs?: number
}

const CHECKSUM_BYTES = 4

/** What is being made in this process: builds that run at once make it once. */
const underWay = new Map<string, Promise<unknown>>()

function once<Result>(path: string, make: () => Promise<Result>): Promise<Result> {
  const known = underWay.get(path) as Promise<Result> | undefined
  if (known !== undefined) {
    return known
  }
  const made = make().finally(() => underWay.delete(path))
  underWay.set(path, made)
  return made
}

/** How many temporary files this process has made: two builds at once do not share one. */
let made = 0

export class CacheArea {
  readonly #folder: string
  readonly #limits: CacheLimits
  #hasGrown = false

  constructor(name: string, limits: CacheLimits = {}) {
    this.#folder = join(cacheFolder(), name)
    this.#limits = limits
  }

  /**
   * The bytes that were made of `inputs` before, or those that `make` resolves to, which are kept. Rejects as `make` does.
   * Half a file would spoil a package, so a checksum is kept with the bytes.
   */
  async bytes(inputs: readonly CacheInput[], make: () => Promise<Buffer>): Promise<Buffer> {
    return (await this.bytesIfAny(inputs, make)) as Buffer
  }

  /** The same; undefined where `make` resolves to that, which is not kept. */
  async bytesIfAny(
    inputs: readonly CacheInput[],
    make: () => Promise<Buffer | undefined>,
  ): Promise<Buffer | undefined> {
    const path = this.#pathOf(inputs)
    return once(path, () => this.#bytes(path, make))
  }

  async #bytes(path: string, make: () => Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    const known = withoutChecksum(await readFile(path).catch(() => undefined))
    if (known !== undefined) {
      await touch(path)
      return known
    }
    const bytes = await make()
    if (bytes !== undefined) {
      await this.#write(path, Buffer.concat([bytes, checksumOf(bytes)])).catch(() => {})
    }
    return bytes
  }

  /**
   * The path of a folder that was filled for `inputs` before, or that `fill` fills; undefined where `fill` resolves to false,
   * and then nothing is kept. Rejects as `fill` does, and where the folder cannot be made.
   */
  async folder(
    inputs: readonly CacheInput[],
    fill: (folder: string) => Promise<boolean>,
  ): Promise<string | undefined> {
    const path = this.#pathOf(inputs)
    return once(path, () => this.#folderAt(path, fill))
  }

  async #folderAt(path: string, fill: (folder: string) => Promise<boolean>): Promise<string | undefined> {
    if (await isFolder(path)) {
      await touch(path)
      return path
    }
    const temporary = this.#temporary(path)
    try {
      await makeFolder(temporary)
      if (!(await fill(temporary))) {
        return undefined
      }
      await rename(temporary, path).catch(async (error) => {
        // Another build may have been quicker; then there it is.
        if (!(await isFolder(path))) {
          throw error
        }
      })
      this.#hasGrown = true
      return path
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }

  /** Brings the area within its limits, if something was added to it. To be called when a build has what it needs. */
  async trim(): Promise<void> {
    if (this.#hasGrown) {
      await trim(this.#folder, this.#limits).catch(() => {})
    }
  }

  #pathOf(inputs: readonly CacheInput[]): string {
    return join(this.#folder, digestOf(inputs))
  }

  async #write(path: string, bytes: Buffer): Promise<void> {
    await makeFolder(this.#folder)
    const temporary = this.#temporary(path)
    try {
      await writeFile(temporary, bytes)
      await rename(temporary, path)
    } finally {
      await rm(temporary, { force: true })
    }
    this.#hasGrown = true
  }

  #temporary(path: string): string {
    made += 1
    return `${path}.${process.pid}-${made}`
  }
}

/** A name for what is made of `inputs`: 40 hexadecimal digits. */
export function digestOf(inputs: readonly CacheInput[]): string {
  const hash = createHash('sha256')
  for (const input of inputs) {
    // With its length, so that what one input ends with is not taken for what the next begins with.
    hash.update(`${Buffer.byteLength(input)}\n`).update(input)
  }
  return hash.digest('hex').slice(0, 40)
}

function checksumOf(bytes: Buffer): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES)
  checksum.writeUInt32LE(crc32(bytes))
  return checksum
}

function withoutChecksum(file: Buffer | undefined): Buffer | undefined {
  if (file === undefined || file.length < CHECKSUM_BYTES) {
    return undefined
  }
  const bytes = file.subarray(0, -CHECKSUM_BYTES)
  return file.subarray(-CHECKSUM_BYTES).equals(checksumOf(bytes)) ? bytes : undefined
}

/** Notes that a file was used: now, also where a test has another clock, so that nobody takes it for one that was long unused. */
async function touch(path: string): Promise<void> {
  const now = wallClock() / 1000
  await utimes(path, now, now).catch(() => {})
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
}

async function trim(
  folder: string,
  { mostBytes = Infinity, unusedMs = Infinity }: CacheLimits,
): Promise<void> {
  const paths = (await readdir(folder)).map((name) => join(folder, name))
  const found = await Promise.all(paths.map(look))
  const files = found.filter((file) => file !== undefined).sort((left, right) => right.mtimeMs - left.mtimeMs)
  let bytes = 0
  for (const { path, size, mtimeMs } of files) {
    bytes += size
    if (bytes > mostBytes || wallClock() - mtimeMs > unusedMs) {
      await rm(path, { force: true, recursive: true })
    }
  }
}

/** A file or folder of the cache, with all that is in it. */
export interface CacheEntry {
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** When it was used last, as `wallClock()` tells time. */
  readonly mtimeMs: number
}

/** Undefined when it is gone: another build may have been here. */
export async function look(path: string): Promise<CacheEntry | undefined> {
  const entry = await stat(path).catch(() => undefined)
  if (!entry?.isDirectory()) {
    return entry && { path, size: entry.size, mtimeMs: entry.mtimeMs }
  }
  const inside = await Promise.all((await readdir(path)).map((name) => look(join(path, name))))
  const size = inside.reduce((sum, file) => sum + (file?.size ?? 0), 0)
  return { path, size, mtimeMs: entry.mtimeMs }
}
