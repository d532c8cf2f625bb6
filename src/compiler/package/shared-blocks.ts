/**
 * Writes large files that are mostly alike so that they take less of a disk: what is the same as in another file is shared with
 * it where the file system can (Btrfs, XFS), and zeros are left out where it can do that (most can). To whoever reads or changes
 * them, they are files as any others.
 */
import { constants, copyFile, type FileHandle, open, rm } from 'node:fs/promises'

/** A multiple of every file system's blocks. */
const BLOCK_BYTES = 64 << 10

let zeros: Buffer | undefined

/**
 * Writes `bytes` to a new file, which shares blocks with `alike` where it can be; `mode` as in `chmod`. Whatever is the matter with
 * `alike`, the file is right: it is compared, not trusted.
 */
export async function writeSharedFile(
  path: string,
  bytes: Buffer,
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

async function writeDifferences(file: FileHandle, bytes: Buffer): Promise<void> {
  const before = Buffer.allocUnsafe(BLOCK_BYTES)
  let { size } = await file.stat()
  await file.truncate(bytes.length)
  size = Math.min(size, bytes.length)
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES)
    if (!(at < size ? await isThere(file, at, block, before) : isZeros(block))) {
      await writeWhole(file, block, at)
    }
  }
}

async function isThere(file: FileHandle, at: number, block: Buffer, buffer: Buffer): Promise<boolean> {
  const { bytesRead } = await file.read(buffer, 0, block.length, at)
  return bytesRead === block.length && buffer.subarray(0, bytesRead).equals(block)
}

function isZeros(block: Buffer): boolean {
  zeros ??= Buffer.alloc(BLOCK_BYTES)
  return block.equals(zeros.subarray(0, block.length))
}

async function writeWhole(file: FileHandle, block: Buffer, at: number): Promise<void> {
  for (let written = 0; written < block.length; ) {
    written += (await file.write(block, written, block.length - written, at + written)).bytesWritten
  }
}
