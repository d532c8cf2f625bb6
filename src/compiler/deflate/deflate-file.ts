/**
 * Compresses a file in pieces, each by itself, several at a time: the pieces together are one deflate stream.
 *
 * What an executable has of Node.js is the same in all executables of that Node.js, and nearly all there is. libdeflate makes it as short as it can,
 * once, and it is kept. What is the function's own is compressed with zlib in each build, which takes no longer than to look it up.
 *
 * zlib is told to end a piece without ending the stream, on a whole byte, and begins the next one knowing the 32 KiB in
 * front of it, as if it were one; that costs a thousandth. libdeflate knows neither:
 * its end is opened, and that it begins with nothing costs another thousandth.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import type { CacheArea } from '../cache/build-cache.ts'
import { readFileParts } from './file-parts.ts'
import { openLibdeflate } from './libdeflate.ts'
import { STREAM_END } from './open-end.ts'

/** `small` takes twice as long the first time, for a hundredth less. */
export type Compression = 'fast' | 'small'

export interface DeflatedFile {
  /** The deflate stream, in parts. */
  readonly parts: readonly Buffer[]
  readonly deflatedBytes: number
  readonly bytes: number
  readonly crc32: number
}

export interface Deflater {
  /** `isSearched`: whether all of the file is compressed as Node.js is, though it takes longer. Rejects when the file cannot be read. */
  readonly deflate: (path: string, isSearched?: boolean) => Promise<DeflatedFile>
  readonly close: () => Promise<void>
}

const PIECE_BYTES = 2 << 20
const WINDOW_BYTES = 32 << 10

/**
 * 6: level 9 takes twice as long for nothing: the zlib of Node.js, which is Chromium's, trades size for speed on all of
 * them.
 */
const ZLIB = { level: 6, memLevel: 8, finishFlush: constants.Z_SYNC_FLUSH } as const

/** Of libdeflate: 9 and less make a Node.js 3% larger; 12, the highest, makes it 0.2% smaller, and takes twice as long. */
const LEVEL = { fast: 10, small: 12 } as const

/** What is shorter is not worth that a thread is started for it. */
const SHORTEST_SEARCHED = 32 << 10

/** To be changed with how pieces are made, so that those of other versions of this program are not taken for the same. */
const MAKING = `2 ${process.versions.zlib}`

const zlibDeflate = promisify(deflateRaw) as (
  piece: Buffer,
  options: typeof ZLIB & { dictionary?: Buffer },
) => Promise<Buffer>

/** A piece of a file. */
interface Piece {
  /** Others take their place once it is compressed. */
  readonly bytes: Buffer
  /** Up to 32 KiB that are in front of it. */
  readonly before: Buffer
  readonly isOfNode: boolean
  /** Which part of its file, and which piece of that: the same for pieces of other executables that are alike. */
  readonly place: string
}

interface KnownPiece {
  readonly piece: Piece
  readonly deflated: Buffer
}

/** What this process has compressed last, by place: to compare a piece takes a tenth of what it takes to look it up in a cache. */
const latest = new Map<string, KnownPiece>()
/** Executables have about seventy. */
const MOST_LATEST = 100

/** `isSame` tells whether another piece comes to the same. Rejects as `deflate` does. */
async function unlessLatest(
  piece: Piece,
  isSame: (other: Piece) => boolean,
  deflate: () => Promise<Buffer>,
): Promise<Buffer> {
  const known = latest.get(piece.place)
  if (known !== undefined && isSame(known.piece)) {
    return known.deflated
  }
  const deflated = await deflate()
  const before = latest.get(piece.place)
  if (before !== undefined || latest.size < MOST_LATEST) {
    latest.set(piece.place, { piece: copyOf(piece, before?.piece), deflated })
  }
  return deflated
}

/** In the memory of the one that it takes the place of, where it fits. */
function copyOf(piece: Piece, replaced: Piece | undefined): Piece {
  if (replaced?.bytes.length !== piece.bytes.length) {
    return { ...piece, bytes: Buffer.from(piece.bytes) }
  }
  piece.bytes.copy(replaced.bytes)
  return { ...piece, bytes: replaced.bytes }
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
  const level = LEVEL[compression]
  const libdeflate = openLibdeflate()
  const searched = (piece: Piece) => {
    const isSame = ({ bytes, isOfNode }: Piece) => isOfNode === piece.isOfNode && bytes.equals(piece.bytes)
    return unlessLatest({ ...piece, place: `${level} ${piece.place}` }, isSame, () =>
      cache.bytes(['libdeflate', MAKING, `${level}`, piece.bytes], () =>
        libdeflate.deflate(piece.bytes, level),
      ),
    )
  }
  return {
    // Zeros, which there are where something was left out, no search makes shorter.
    deflate: (path, isSearched = false) =>
      deflateFile(path, async (piece) => {
        const isWanted = piece.isOfNode || isSearched || compression === 'small'
        const isWorthIt = piece.bytes.length >= SHORTEST_SEARCHED && !isZeros(piece.bytes)
        const deflated = await (isWanted && isWorthIt ? searched(piece) : withZlib(piece, cache))
        onPiece(piece.bytes.length)
        return deflated
      }),
    close: async () => {
      await libdeflate.close()
      await cache.trim()
    },
  }
}

async function withZlib(piece: Piece, cache: CacheArea): Promise<Buffer> {
  const { bytes, before } = piece
  const deflate = () => zlibDeflate(bytes, before.length > 0 ? { ...ZLIB, dictionary: before } : ZLIB)
  // What is small is compressed as fast as it is looked up.
  if (bytes.length < PIECE_BYTES) {
    return deflate()
  }
  const isSame = (other: Piece) => other.bytes.equals(bytes) && other.before.equals(before)
  return unlessLatest({ ...piece, place: `zlib ${piece.place}` }, isSame, () =>
    cache.bytes(['zlib', MAKING, `${before.length}`, before, bytes], deflate),
  )
}

function isZeros(piece: Buffer): boolean {
  return piece[0] === 0 && piece.subarray(1).equals(piece.subarray(0, -1))
}

async function deflateFile(path: string, deflate: (piece: Piece) => Promise<Buffer>): Promise<DeflatedFile> {
  const file = await open(path)
  const underWay = new Set<Promise<void>>()
  try {
    const parts: Buffer[] = []
    let bytes = 0
    let checksum = 0
    for await (const piece of readPieces(file)) {
      bytes += piece.bytes.length
      checksum = crc32(piece.bytes, checksum)
      const index = parts.push(Buffer.alloc(0)) - 1
      const work = deflate(piece).then((deflated) => {
        parts[index] = deflated
        underWay.delete(work)
        giveBack(piece.bytes)
      })
      underWay.add(work)
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

async function* readPieces(file: FileHandle): AsyncGenerator<Piece> {
  let before: Buffer = Buffer.alloc(0)
  for (const [part, { start, end, isOfNode }] of (await readFileParts(file)).entries()) {
    for (let at = start; at < end; at += PIECE_BYTES) {
      const bytes = await read(file, at, Math.min(PIECE_BYTES, end - at))
      if (bytes.length === 0) {
        return
      }
      // Others may have taken the place of `bytes` when this goes on.
      const last = Buffer.from(bytes.subarray(-WINDOW_BYTES))
      yield { bytes, before, isOfNode, place: `${part} ${at - start}` }
      before = last
    }
  }
}

/** Memory for pieces that none is in: to have new memory for each takes longer than to read it. */
const idle: Buffer[] = []
/** As many as two files have under way. */
const MOST_IDLE = 8

/** `bytes` are what {@link read} gave, and are not read any more. */
function giveBack(bytes: Buffer): void {
  if (idle.length < MOST_IDLE) {
    idle.push(Buffer.from(bytes.buffer, 0, PIECE_BYTES))
  }
}

/** Fewer bytes only where the file ends. At most a piece. */
async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = idle.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) {
      break
    }
    done += bytesRead
  }
  return buffer.subarray(0, done)
}
