/**
 * Remembers what pieces of files were compressed to. An executable is a Node.js that is the same in every build, but for a
 * few places and what is appended to it, so most of its pieces are those of the build before.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { crc32 } from 'node:zlib'
import { cacheFolder } from '../../../bin/pinned-node.js'

/** Enough for some versions of Node.js and choices of locales; the pieces that were not used for longest go first. */
const MOST_BYTES = 400e6

export interface PieceCache {
  /** What `make` resolves to for the same `inputs`, from an earlier build if there was one. */
  readonly remember: (inputs: readonly (Buffer | string)[], make: () => Promise<Buffer>) => Promise<Buffer>
  /** To be called after all. */
  readonly trim: () => Promise<void>
}

/** A cache that cannot be written to costs time, and nothing else. */
export function openPieceCache(mostBytes = MOST_BYTES): PieceCache {
  const folder = join(cacheFolder(), 'deflated')
  let added = 0
  return {
    remember: async (inputs, make) => {
      const hash = createHash('sha256')
      for (const input of inputs) {
        hash.update(input)
      }
      const path = join(folder, hash.digest('hex'))
      const known = await readPiece(path)
      if (known) {
        return known
      }
      const made = await make()
      added += 1
      await writePiece(folder, path, made).catch(() => {})
      return made
    },
    trim: async () => {
      if (added > 0) {
        await trim(folder, mostBytes).catch(() => {})
      }
    },
  }
}

/** A checksum, four bytes, is before the piece: half of a piece would spoil a package. */
async function readPiece(path: string): Promise<Buffer | undefined> {
  const bytes = await readFile(path).catch(() => undefined)
  if (bytes === undefined || bytes.length < 4) {
    return undefined
  }
  const piece = bytes.subarray(4)
  if (bytes.readUInt32LE(0) !== crc32(piece)) {
    return undefined
  }
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
  return piece
}

async function writePiece(folder: string, path: string, piece: Buffer): Promise<void> {
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(piece))
  await mkdir(folder, { recursive: true })
  // Renamed into place, so that nobody reads a half; two builds that write the same write the same bytes.
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, Buffer.concat([checksum, piece]))
  await rename(temporary, path)
}

async function trim(folder: string, mostBytes: number): Promise<void> {
  const paths = (await readdir(folder)).map((name) => join(folder, name))
  const files = await Promise.all(paths.map(async (path) => ({ path, ...(await sizeAndTime(path)) })))
  files.sort((left, right) => right.time - left.time)
  let bytes = 0
  for (const { path, size } of files) {
    bytes += size
    if (bytes > mostBytes) {
      await rm(path, { force: true })
    }
  }
}

async function sizeAndTime(path: string): Promise<{ size: number; time: number }> {
  const { size, mtimeMs } = await stat(path)
  return { size, time: mtimeMs }
}
