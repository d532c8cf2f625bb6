/**
 * Compresses a file in pieces, each by itself, several at a time: the pieces together are one deflate stream.
 *
 * zlib is told to end a piece without ending the stream, on a whole byte, and begins the next one knowing the 32 KiB in
 * front of it, as if it were one; that costs a thousandth. Zopfli, which searches for the shortest stream, knows neither:
 * its end is opened, and that it begins with nothing costs another thousandth.
 */
import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import type { CacheArea } from '../cache/build-cache.ts'
import { openEnd, STREAM_END } from './open-end.ts'
import { openZopfli } from './zopfli.ts'

/** `fast` takes seconds, `small` a minute the first time, for a sixteenth less. */
export type Compression = 'fast' | 'small'

export interface DeflatedFile {
  /** The deflate stream, in parts. */
  readonly parts: readonly Buffer[]
  readonly deflatedBytes: number
  readonly bytes: number
  readonly crc32: number
}

export interface Deflater {
  /** Rejects when the file cannot be read. */
  readonly deflate: (path: string) => Promise<DeflatedFile>
  readonly close: () => Promise<void>
}

const PIECE_BYTES = 2 << 20
const WINDOW_BYTES = 32 << 10

/**
 * 6: level 9 takes twice as long for nothing: the zlib of Node.js, which is Chromium's, trades size for speed on all of
 * them.
 */
const ZLIB = { level: 6, memLevel: 8, finishFlush: constants.Z_SYNC_FLUSH } as const

/** To be changed with how pieces are made, so that those of other versions of this program are not taken for the same. */
const MAKING = `1 ${process.versions.zlib}`

const zlibDeflate = promisify(deflateRaw) as (
  piece: Buffer,
  options: typeof ZLIB & { dictionary?: Buffer },
) => Promise<Buffer>

interface KnownPiece {
  readonly piece: Buffer
  readonly before: Buffer
  readonly deflated: Buffer
}

/** What this process has compressed last, by number: to compare a piece takes a tenth of what it takes to look it up in a cache. */
const latest = new Map<number, KnownPiece>()
/** Executables have about seventy. */
const MOST_LATEST = 100

/** `index`: the number of the piece in its file. Rejects as `deflate` does. */
async function unlessLatest(
  index: number,
  piece: Buffer,
  before: Buffer,
  deflate: () => Promise<Buffer>,
): Promise<Buffer> {
  const known = latest.get(index)
  if (known?.piece.equals(piece) && known.before.equals(before)) {
    return known.deflated
  }
  const deflated = await deflate()
  if (index < MOST_LATEST) {
    latest.set(index, { piece, before, deflated })
  }
  return deflated
}

/**
 * `onPiece` hears how long each piece was that is done. Remembers pieces in `cache`: an executable is a Node.js that is the same in every build, but for a few places and what is
 * appended to it, so most of its pieces are those of the build before.
 */
export function openDeflater(
  compression: Compression,
  cache: CacheArea,
  onPiece: (bytes: number) => void = () => {},
): Deflater {
  const zopfli = openZopfli()
  const withZopfli = async (piece: Buffer) =>
    cache.bytes(['zopfli', MAKING, piece], async () => openEnd(await zopfli.deflate(piece)))
  const withZlib = async (piece: Buffer, before: Buffer, index: number) => {
    const deflate = () => zlibDeflate(piece, before.length > 0 ? { ...ZLIB, dictionary: before } : ZLIB)
    // What is small is compressed as fast as it is looked up.
    if (piece.length < PIECE_BYTES) {
      return deflate()
    }
    return unlessLatest(index, piece, before, () =>
      cache.bytes(['zlib', MAKING, `${before.length}`, before, piece], deflate),
    )
  }
  return {
    // Zeros, which there are where something was left out, no search makes shorter.
    deflate: (path) =>
      deflateFile(path, async (piece, before, index) => {
        const isSearched = compression === 'small' && !isZeros(piece)
        const deflated = await (isSearched ? withZopfli(piece) : withZlib(piece, before, index))
        onPiece(piece.length)
        return deflated
      }),
    close: async () => {
      await zopfli.close()
      await cache.trim()
    },
  }
}

function isZeros(piece: Buffer): boolean {
  return piece[0] === 0 && piece.subarray(1).equals(piece.subarray(0, -1))
}

async function deflateFile(
  path: string,
  deflate: (piece: Buffer, before: Buffer, index: number) => Promise<Buffer>,
): Promise<DeflatedFile> {
  const file = await open(path)
  const underWay = new Set<Promise<void>>()
  try {
    const parts: Buffer[] = []
    let before = Buffer.alloc(0)
    let bytes = 0
    let checksum = 0
    for (let index = 0; ; index += 1) {
      const piece = await readPiece(file)
      if (piece.length === 0) {
        break
      }
      bytes += piece.length
      checksum = crc32(piece, checksum)
      const work = deflate(piece, before, index).then((deflated) => {
        parts[index] = deflated
        underWay.delete(work)
      })
      underWay.add(work)
      before = piece.subarray(-WINDOW_BYTES)
      if (underWay.size > availableParallelism()) {
        await Promise.race(underWay)
      }
    }
    await Promise.all(underWay)
    const all = [...parts, STREAM_END]
    return {
      parts: all,
      deflatedBytes: all.reduce((sum, part) => sum + part.length, 0),
      bytes,
      crc32: checksum,
    }
  } finally {
    await Promise.allSettled(underWay) // Should one fail, the others still have the cache to write to.
    await file.close()
  }
}

/** The next piece of the file, shorter than the others only where the file ends. */
async function readPiece(file: Awaited<ReturnType<typeof open>>): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES)
  let length = 0
  while (length < PIECE_BYTES) {
    const { bytesRead } = await file.read(buffer, length, PIECE_BYTES - length)
    if (bytesRead === 0) {
      break
    }
    length += bytesRead
  }
  return buffer.subarray(0, length)
}
