/** The program header table of an ELF file, whole: read, changed, and written to the front of the file. */
import { ELF_HEADER_SIZE, type ElfFile, SECTION_FLAG_ALLOCATED } from './elf-file.ts'
import type { FileBytes, GatheredBytes } from './gathered-bytes.ts'

/** System V ABI, "Program Header". */
export const SEGMENT_TYPE = { load: 1, dynamic: 2, interpreter: 3, programHeaders: 6 } as const
export const SEGMENT_FLAG = { executable: 1, writable: 2 } as const

export interface ProgramHeader {
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
  readonly memorySize: number
  readonly align: number
}

const ENTRY_BYTES = 56
/** Where the fields of the file header stand: the table's offset, and the number of its entries. */
const TABLE_OFFSET = 32
const TABLE_COUNT = 56

export function readProgramHeaders(
  bytes: FileBytes,
  { programHeaders }: Pick<ElfFile, 'programHeaders'>,
): ProgramHeader[] {
  return Array.from({ length: programHeaders.count }, (_, index) => {
    const at = programHeaders.offset + index * programHeaders.entrySize
    const number = (field: number) => Number(bytes.readBigUInt64LE(at + field))
    return {
      type: bytes.readUInt32LE(at),
      flags: bytes.readUInt32LE(at + 4),
      offset: number(8),
      address: number(16),
      fileSize: number(32),
      memorySize: number(40),
      align: number(48),
    }
  })
}

/** Has the segment of `header`, as it is in the table, be `size` bytes long in the file and in memory. */
export function growSegment(
  bytes: Buffer,
  { programHeaders }: ElfFile,
  header: ProgramHeader,
  size: number,
): void {
  for (let index = 0; index < programHeaders.count; index++) {
    const at = programHeaders.offset + index * programHeaders.entrySize
    const isIt =
      bytes.readUInt32LE(at) === header.type && Number(bytes.readBigUInt64LE(at + 8)) === header.offset
    if (isIt) {
      writeHeader(bytes, at, { ...header, fileSize: size, memorySize: size })
    }
  }
}

/**
 * The headers with two for a segment that is loaded from before and behind a place of the file. For one more there may be no
 * room: then the table does without its entry for itself, which only programs need that do not know where they are.
 */
export function splitSegmentAt(headers: readonly ProgramHeader[], place: number): ProgramHeader[] {
  const split = headers.flatMap((header) => {
    const before = place - header.offset
    if (header.type !== SEGMENT_TYPE.load || before <= 0 || before >= header.fileSize) {
      return [header]
    }
    const [fileSize, memorySize] = [header.fileSize - before, header.memorySize - before]
    return [
      { ...header, fileSize: before, memorySize: before },
      { ...header, offset: place, address: header.address + before, fileSize, memorySize },
    ]
  })
  return split.length === headers.length
    ? split
    : split.filter(({ type }) => type !== SEGMENT_TYPE.programHeaders)
}

/**
 * How many program headers there is room for right behind the file header, with the interpreter's name behind them; 0 where
 * something else may be there.
 */
export function roomInFront({ sections }: ElfFile, headers: readonly ProgramHeader[]): number {
  const interpreter = headers.find(({ type }) => type === SEGMENT_TYPE.interpreter)
  const front = headers.find(({ type, offset }) => type === SEGMENT_TYPE.load && offset === 0)
  if (interpreter === undefined || front === undefined || interpreter.offset >= front.fileSize) {
    return 0
  }
  const others = sections
    .filter(({ flags, offset }) => (flags & SECTION_FLAG_ALLOCATED) !== 0n && offset >= ELF_HEADER_SIZE)
    .filter(({ offset }) => offset !== interpreter.offset)
  const end = Math.min(...others.map(({ offset }) => offset))
  return Number.isFinite(end)
    ? Math.max(0, Math.floor((end - ELF_HEADER_SIZE - interpreter.fileSize) / ENTRY_BYTES))
    : 0
}

/**
 * Writes the table right behind the file header, and the interpreter's name behind it. There must be room: see
 * {@link roomInFront}. Kernels before 5.18 look for the table in memory as far from where the file's beginning is as it
 * is in the file: in front, it always is.
 */
export function writeInFront(bytes: Buffer, headers: readonly ProgramHeader[], interpreter: Buffer): void {
  const base = headers.find(({ type, offset }) => type === SEGMENT_TYPE.load && offset === 0)?.address ?? 0
  const size = headers.length * ENTRY_BYTES
  const nameOffset = ELF_HEADER_SIZE + size
  interpreter.copy(bytes, nameOffset)
  headers.forEach((header, index) => {
    const at = ELF_HEADER_SIZE + index * ENTRY_BYTES
    if (header.type === SEGMENT_TYPE.programHeaders) {
      const place = { offset: ELF_HEADER_SIZE, address: base + ELF_HEADER_SIZE }
      writeHeader(bytes, at, { ...header, ...place, fileSize: size, memorySize: size })
    } else if (header.type === SEGMENT_TYPE.interpreter) {
      writeHeader(bytes, at, { ...header, offset: nameOffset, address: base + nameOffset })
    } else {
      writeHeader(bytes, at, header)
    }
  })
  bytes.writeBigUInt64LE(BigInt(ELF_HEADER_SIZE), TABLE_OFFSET)
  bytes.writeUInt16LE(headers.length, TABLE_COUNT)
}

/** With zeros in the place of the table, up to the end of the page of `pageBytes` that it begins on. */
export function withoutTable(
  bytes: GatheredBytes,
  { programHeaders: { offset, entrySize, count } }: ElfFile,
  pageBytes: number,
): GatheredBytes {
  return bytes.with(offset, Buffer.alloc(Math.min(entrySize * count, pageBytes - (offset % pageBytes))))
}

function writeHeader(bytes: Buffer, at: number, header: ProgramHeader): void {
  bytes.writeUInt32LE(header.type, at)
  bytes.writeUInt32LE(header.flags, at + 4)
  const { offset, address, fileSize, memorySize, align } = header
  for (const [index, value] of [offset, address, address, fileSize, memorySize, align].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), at + 8 + index * 8)
  }
}
