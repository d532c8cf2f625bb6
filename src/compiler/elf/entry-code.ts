/**
 * Adds machine code to an executable, to run before the program's own.
 *
 * It goes to the end of what is loaded last: in a finished executable that is the segment with the runtime and the
 * function, which pkg has added. So nothing that is mapped moves, there is no program header more, and what finds the
 * segment's content by its note still does. Only what is not mapped, the section headers, gives way.
 */
import { type ElfFile, type ElfSection, parseElf, SECTION_FLAG_ALLOCATED, SECTION_TYPE } from './elf-file.ts'
import { type FileBytes, GatheredBytes } from './gathered-bytes.ts'

/** Where the fields of the file header, of a program header and of a section header stand: System V ABI, "Object Files". */
const ENTRY = 24
const SECTION_HEADERS = 40
const SECTION_OFFSET = 24
const SEGMENT = { type: 0, flags: 4, offset: 8, address: 16, fileSize: 32, memorySize: 40 } as const
const LOADED = 1
const FLAG_EXECUTABLE = 1
const FLAG_WRITABLE = 2

const ALIGNMENT = 16

/** The segment that is loaded last. */
interface LastSegment {
  /** Where its program header stands. */
  readonly header: number
  readonly offset: number
  /** In bytes, and where the next byte would be in the file and in memory. */
  readonly size: number
  readonly end: number
  readonly endAddress: number
}

/**
 * The bytes of `executable` with the code that `makeCode` returns, given its address and that of the program's entry, as
 * its entry. Undefined when there is no place for it: when the last segment is not the last thing in the file that is
 * mapped, or is written to. Throws an ElfFormatError, naming `fileName`.
 */
export function addEntryCode(
  executable: GatheredBytes,
  fileName: string,
  makeCode: (address: number, entry: number) => Buffer,
): GatheredBytes | undefined {
  const elf = parseElf(executable, fileName)
  const last = findLastSegment(executable, elf)
  if (last === undefined) {
    return undefined
  }
  const padding = -last.endAddress & (ALIGNMENT - 1)
  const address = last.endAddress + padding
  const code = makeCode(address, readNumber(executable, ENTRY))
  const added = Buffer.alloc(Math.ceil((padding + code.length) / ALIGNMENT) * ALIGNMENT)
  code.copy(added, padding)

  const bytes = GatheredBytes.of(executable.part(0, last.end), added, executable.part(last.end))
  return moveSections(withEntry(bytes, last, added.length, address), elf, last.end, added.length)
}

function withEntry(bytes: GatheredBytes, last: LastSegment, added: number, entry: number): GatheredBytes {
  const flags = Buffer.alloc(4)
  flags.writeUInt32LE(bytes.readUInt32LE(last.header + SEGMENT.flags) | FLAG_EXECUTABLE)
  return bytes
    .withNumber(ENTRY, entry)
    .withNumber(last.header + SEGMENT.fileSize, last.size + added)
    .withNumber(last.header + SEGMENT.memorySize, last.size + added)
    .with(last.header + SEGMENT.flags, flags)
}

/** Where in the file the segment that is loaded last begins; undefined as in {@link addEntryCode}. */
export function lastSegmentOffset(executable: FileBytes, fileName: string): number | undefined {
  return findLastSegment(executable, parseElf(executable, fileName))?.offset
}

function findLastSegment(bytes: FileBytes, elf: ElfFile): LastSegment | undefined {
  const { offset: table, entrySize, count } = elf.programHeaders
  const headers = Array.from({ length: count }, (_, index) => table + index * entrySize)
  const loaded = headers.filter((header) => bytes.readUInt32LE(header + SEGMENT.type) === LOADED)
  const address = (header: number) => readNumber(bytes, header + SEGMENT.address)
  const [header] = loaded.toSorted((left, right) => address(right) - address(left))
  if (header === undefined) {
    return undefined
  }
  const offset = readNumber(bytes, header + SEGMENT.offset)
  const size = readNumber(bytes, header + SEGMENT.fileSize)
  const end = offset + size
  const isWritable = (bytes.readUInt32LE(header + SEGMENT.flags) & FLAG_WRITABLE) !== 0
  if (isWritable || readNumber(bytes, header + SEGMENT.memorySize) !== size) {
    return undefined
  }
  const mapped = [
    table + count * entrySize,
    ...elf.segments.map((segment) => segment.offset + segment.fileSize),
    ...elf.sections.filter(isMapped).map((section) => section.offset + section.size),
  ]
  if (mapped.some((itsEnd) => itsEnd > end)) {
    return undefined
  }
  return { header, offset, size, end, endAddress: address(header) + size }
}

function isMapped(section: ElfSection): boolean {
  return (section.flags & SECTION_FLAG_ALLOCATED) !== 0n && section.type !== SECTION_TYPE.noBits
}

/** Tells the headers of what is behind `from` that it is `distance` bytes further on. */
function moveSections(bytes: GatheredBytes, elf: ElfFile, from: number, distance: number): GatheredBytes {
  const { offset, entrySize, count } = elf.sectionHeaders
  if (elf.sections.length === 0) {
    return bytes
  }
  const moved = offset >= from ? offset + distance : offset
  const table = Buffer.from(bytes.subarray(moved, moved + count * entrySize))
  for (const section of elf.sections.filter((one) => !isMapped(one) && one.offset >= from)) {
    table.writeBigUInt64LE(BigInt(section.offset + distance), section.index * entrySize + SECTION_OFFSET)
  }
  return bytes.withNumber(SECTION_HEADERS, moved).with(moved, table)
}

function readNumber(bytes: FileBytes, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}
