/**
 * Writes a deployment package's zip so that the same files give the same bytes, whenever and wherever it is
 * built.
 *
 * Entries are in the order of their names, have one fixed time, and a mode of either 0755 or 0644. What is known of each
 * is in front of it, so that it can be unpacked as it arrives; there are no extra fields and no ZIP64, as AWS Lambda
 * takes nothing so large. The format is that of PKWARE's APPNOTE.TXT. (It is written here, as no library takes files that
 * are compressed already.)
 */
import { open } from 'node:fs/promises'
import { BuildError } from '../build-error.ts'
import { CacheArea } from '../cache/build-cache.ts'
import { type Compression, type DeflatedFile, openDeflater } from '../deflate/deflate-file.ts'

export interface PackageFile {
  /** Where it is in the package, with slashes: `bootstrap`, `data/prices.json`. */
  readonly path: string
  /** Where its content is now. */
  readonly source: string
  readonly executable: boolean
}

/** Noon on 1 January 1980, the first day that a zip's DOS time can say; it has no time zone. */
const ENTRY_TIME = { time: 12 << 11, date: (0 << 9) | (1 << 5) | 1 } as const

export const EXECUTABLE_MODE = 0o755
export const FILE_MODE = 0o644
const REGULAR_FILE = 0o100000

const SIGNATURE = { localHeader: 0x04034b50, centralHeader: 0x02014b50, end: 0x06054b50 } as const
/** 2.0, the first that knows deflate. */
const VERSION_NEEDED = 20
/** The version of the format that this follows, 6.3, and the system whose modes it has: Unix. */
const VERSION_MADE_BY = (3 << 8) | 63
const NAME_IS_UTF8 = 0x0800
const DEFLATE = 8
const MOST = { entries: 0xffff, bytes: 0xffff_ffff } as const

/** What a function for a runtime in a layer has in the folder of its name: it is all there is of its zip. */
const IN_LAYER = /^[^/]+\/(function|prime|connect)[^/]*\.(js|cache|map)$/

/** Of compressed pieces: enough for some versions of Node.js and choices of locales. */
const MOST_CACHED_BYTES = 400e6

/** Where they are kept. */
export function compressedPieces(): CacheArea {
  return new CacheArea('deflated', { mostBytes: MOST_CACHED_BYTES })
}

/** Writes `files` to the zip `output`; `onBytes` hears of each piece that is compressed. Rejects when one cannot be read, or the zip not written. */
export async function writeZip(
  files: readonly PackageFile[],
  output: string,
  compression: Compression = 'fast',
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const sorted = files.toSorted((left, right) => (left.path < right.path ? -1 : 1))
  checkNames(sorted)
  const deflater = openDeflater(compression, compressedPieces(), onBytes)
  const zip = await open(output, 'w')
  try {
    const directory: Buffer[] = []
    let offset = 0
    for (const { path, source, executable } of sorted) {
      const deflated = await deflater.deflate(source, IN_LAYER.test(path))
      const common = commonHeader(path, deflated)
      const name = Buffer.from(path)
      const mode = REGULAR_FILE | (executable ? EXECUTABLE_MODE : FILE_MODE)
      const parts = [localHeader(common), name, ...deflated.parts]
      directory.push(centralHeader(common, mode, offset), name)
      for (const part of parts) {
        await zip.appendFile(part)
      }
      offset += parts.reduce((sum, part) => sum + part.length, 0)
      checkFits(offset, sorted.length)
    }
    const central = Buffer.concat(directory)
    checkFits(offset + central.length, sorted.length)
    await zip.appendFile(Buffer.concat([central, endOfDirectory(sorted.length, central.length, offset)]))
  } finally {
    await zip.close()
    await deflater.close()
  }
}

/** What unpacks a zip with two entries of one name keeps one of them, or refuses it. */
function checkNames(sorted: readonly PackageFile[]): void {
  for (const [index, { path, source }] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next?.path === path) {
      throw new BuildError(
        `each file of a package should have a place of its own, and ${path} would be there twice, of ${source} and of ${next.source}; please report this`,
      )
    }
  }
}

function checkFits(bytes: number, entries: number): void {
  if (bytes > MOST.bytes || entries > MOST.entries) {
    throw new BuildError(
      `a package can have up to ${MOST.entries} files and 4 GB, and this one has ${entries} files and ${(bytes / 1e9).toFixed(1)} GB; include less`,
    )
  }
}

/** What the two headers of an entry have in common: from the version needed to the length of the extra fields. */
function commonHeader(path: string, { crc32, deflatedBytes, bytes }: DeflatedFile): Buffer {
  checkFits(bytes, 1)
  const header = Buffer.alloc(26)
  header.writeUInt16LE(VERSION_NEEDED, 0)
  header.writeUInt16LE(NAME_IS_UTF8, 2)
  header.writeUInt16LE(DEFLATE, 4)
  header.writeUInt16LE(ENTRY_TIME.time, 6)
  header.writeUInt16LE(ENTRY_TIME.date, 8)
  header.writeUInt32LE(crc32, 10)
  header.writeUInt32LE(deflatedBytes, 14)
  header.writeUInt32LE(bytes, 18)
  header.writeUInt16LE(Buffer.byteLength(path), 22)
  return header
}

function localHeader(common: Buffer): Buffer {
  const signature = Buffer.alloc(4)
  signature.writeUInt32LE(SIGNATURE.localHeader)
  return Buffer.concat([signature, common])
}

function centralHeader(common: Buffer, mode: number, offset: number): Buffer {
  const before = Buffer.alloc(6)
  before.writeUInt32LE(SIGNATURE.centralHeader, 0)
  before.writeUInt16LE(VERSION_MADE_BY, 4)
  // No comment, the first disk, no internal attributes; the mode is the upper half of the external ones.
  const after = Buffer.alloc(14)
  after.writeUInt16LE(mode, 8)
  after.writeUInt32LE(offset, 10)
  return Buffer.concat([before, common, after])
}

function endOfDirectory(entries: number, bytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(SIGNATURE.end, 0)
  end.writeUInt16LE(entries, 8)
  end.writeUInt16LE(entries, 10)
  end.writeUInt32LE(bytes, 12)
  end.writeUInt32LE(offset, 16)
  return end
}
