/**
 * Writes large files that are mostly alike so that they take less of a disk: what is the same as in another file is shared with
 * it where the file system can (Btrfs, XFS), and zeros are left out where it can do that (most can). To whoever reads or changes
 * them, they are files as any others.
 */
import { constants, copyFile, type FileHandle, open, rm } from 'node:fs/promises'
import type { GatheredBytes } from '../elf/gathered-bytes.ts'

/** A multiple of every file system's blocks. */
const BLOCK_BYTES = 64 << 10
/** How many blocks are written at once. */
const MOST_BLOCKS = 64
/** Of pieces, as many as Linux takes in one call. */
const MOST_PIECES = 1024

let zeros: Buffer | undefined

/**
 * Writes `bytes` to a new file, which shares blocks with `alike` where it can be; `mode` as in `chmod`. Whatever is the matter with
 * `alike`, the file is right: it is compared, not trusted.
 */
export async function writeSharedFile(
  path: string,
  bytes: GatheredBytes,
  mode: number,
  alike: string | undefined,
): Promise<void> {
  await rm(path, { force: true })
  if (alike !== undefined) {
    // Only a clone: a copy would be written for nothing.
    await copyFile(alike, path, constants.COPYFILE_FICLONE_FORCE).catch(() => rm(path, { force: true }))
  }
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, mode)
  try {
    await writeDifferences(file, bytes)
    await file.chmod(mode)
  } finally {
    await file.close()
  }
}

async function writeDifferences(file: FileHandle, bytes: GatheredBytes): Promise<void> {
  const before = Buffer.allocUnsafe(BLOCK_BYTES)
  let { size } = await file.stat()
  await file.truncate(bytes.length)
  size = Math.min(size, bytes.length)
  /** Where the blocks begin that are to be written. */
  let from = 0
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.pieces(at, at + BLOCK_BYTES)
    if (at < size ? await isThere(file, at, block, before) : block.every(isZeros)) {
      await writeWhole(file, bytes, from, at)
      from = at + BLOCK_BYTES
    } else if (at - from >= MOST_BLOCKS * BLOCK_BYTES) {
      await writeWhole(file, bytes, from, at)
      from = at
    }
  }
  await writeWhole(file, bytes, from, bytes.length)
}

async function isThere(
  file: FileHandle,
  at: number,
  block: readonly Buffer[],
  buffer: Buffer,
): Promise<boolean> {
  const length = block.reduce((sum, piece) => sum + piece.length, 0)
  const { bytesRead } = await file.read(buffer, 0, length, at)
  let compared = 0
  return (
    bytesRead === length &&
    block.every((piece) => {
      compared += piece.length
      return buffer.subarray(compared - piece.length, compared).equals(piece)
    })
  )
}

function isZeros(piece: Buffer): boolean {
  zeros ??= Buffer.alloc(BLOCK_BYTES)
  return piece.equals(zeros.subarray(0, piece.length))
}

async function writeWhole(file: FileHandle, bytes: GatheredBytes, from: number, to: number): Promise<void> {
  for (let at = from; at < to; ) {
    at += (await file.writev(bytes.pieces(at, to).slice(0, MOST_PIECES), at)).bytesWritten
  }
}
