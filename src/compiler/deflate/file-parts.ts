/**
 * Divides a file into the parts that are compressed each by itself. Of an executable that the build makes, these are what all
 * executables of the same Node.js have in common and what is the function's own, so that the former is in the same pieces in all of
 * them, wherever it stands, and is compressed once.
 *
 * The function's own are the headers, the segment that pkg has added, and Node.js's writable data, which says where the code is that runs first. See
 * `../read-ahead/packed-file.ts` for what is where.
 */
import type { FileHandle } from 'node:fs/promises'
import { type ProgramHeader, readProgramHeaders, SEGMENT_FLAG, SEGMENT_TYPE } from '../elf/program-headers.ts'

/** Bytes `start` to `end` of the file. */
export interface FilePart {
  readonly start: number
  readonly end: number
  /** Whether it is of Node.js alone. */
  readonly isOfNode: boolean
}

type Range = Pick<FilePart, 'start' | 'end'>

/** Of the front of the file: the headers, and what is behind them in pages that change with them. */
const HEADER_BYTES = 65_536
const PAGE_BYTES = 4096
/** As much is in front of what pkg has added at most: see `../read-ahead/own-file-code.ts`. */
const MOST_CODE = 65_536
/** Executables put what begins anew in the file at a multiple of this: zeros are in front of it. */
const MOST_ZEROS = 524_288
/** Shorter segments are compressed with what is in front of them. */
const SHORTEST = 1 << 20
const ELF_MAGIC = 0x7f454c46
/** By which Node.js finds what pkg has added: see `../executable/executable-template.ts`. */
const NOTE_NAME = Buffer.from('NODE_SEA_BLOB\0')

/** In their order; one, for a file of another kind. */
export async function readFileParts(file: FileHandle): Promise<FilePart[]> {
  const { size } = await file.stat()
  const segments = (await readSegments(file, size)).filter(({ type }) => type === SEGMENT_TYPE.load)
  const added = segments.toSorted((left, right) => right.address - left.address)[0]
  if (added === undefined || !(await read(file, added.offset, MOST_CODE)).includes(NOTE_NAME)) {
    return [{ start: 0, end: size, isOfNode: false }]
  }
  const own = segments.filter((segment) => segment === added || (segment.flags & SEGMENT_FLAG.writable) !== 0)
  const end = Math.max(...segments.map(endOf))
  const ranges = [{ start: 0, end: HEADER_BYTES }, ...own.map(pagesOf), { start: end, end: size }]
  const starts = segments.filter(({ fileSize }) => fileSize >= SHORTEST).map(({ offset }) => offset)
  return joinOwn(
    await withoutZeros(
      file,
      between(ranges, size).flatMap((range) => cutAt(range, starts)),
    ),
    size,
  )
}

/** None where it is no ELF file, or one whose table is not behind its header. */
async function readSegments(file: FileHandle, size: number): Promise<ProgramHeader[]> {
  const bytes = await read(file, 0, HEADER_BYTES)
  if (size < HEADER_BYTES || bytes.readUInt32BE(0) !== ELF_MAGIC) {
    return []
  }
  const offset = Number(bytes.readBigUInt64LE(32))
  const programHeaders = { offset, entrySize: bytes.readUInt16LE(54), count: bytes.readUInt16LE(56) }
  const end = offset + programHeaders.entrySize * programHeaders.count
  return end > bytes.length ? [] : readProgramHeaders(bytes, { programHeaders })
}

function endOf({ offset, fileSize }: ProgramHeader): number {
  return offset + fileSize
}

function pagesOf(segment: ProgramHeader): Range {
  const start = Math.floor(segment.offset / PAGE_BYTES) * PAGE_BYTES
  return { start, end: Math.ceil(endOf(segment) / PAGE_BYTES) * PAGE_BYTES }
}

/** What of a file of `size` bytes is in none of the ranges. */
function between(ranges: readonly Range[], size: number): Range[] {
  const found: Range[] = []
  let at = 0
  for (const { start, end } of ranges.toSorted((left, right) => left.start - right.start)) {
    if (start > at) {
      found.push({ start: at, end: start })
    }
    at = Math.max(at, end)
  }
  return at < size ? [...found, { start: at, end: size }] : found
}

function cutAt({ start, end }: Range, places: readonly number[]): Range[] {
  const inside = places
    .filter((place) => place > start && place < end)
    .toSorted((left, right) => left - right)
  const starts = [start, ...inside]
  return starts.map((from, index) => ({ start: from, end: starts[index + 1] ?? end }))
}

/** Without the zeros at their ends, in whole pages: how many there are depends on what is in front of them. */
async function withoutZeros(file: FileHandle, ranges: readonly Range[]): Promise<Range[]> {
  const shorter: Range[] = []
  for (const { start, end } of ranges) {
    const from = Math.max(start, end - MOST_ZEROS)
    const bytes = await read(file, from, end - from)
    const last = bytes.findLastIndex((byte) => byte !== 0)
    shorter.push({ start, end: Math.min(end, from + Math.ceil((last + 1) / PAGE_BYTES) * PAGE_BYTES) })
  }
  return shorter.filter(({ start, end }) => end > start)
}

/** All of the file, given what in it is of Node.js. */
function joinOwn(ofNode: readonly Range[], size: number): FilePart[] {
  const own = between(ofNode, size).map((range) => ({ ...range, isOfNode: false }))
  const parts = [...own, ...ofNode.map((range) => ({ ...range, isOfNode: true }))]
  return parts.toSorted((left, right) => left.start - right.start)
}

/** Fewer bytes where the file ends. */
async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
