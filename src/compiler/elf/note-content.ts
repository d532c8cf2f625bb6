/**
 * The content of a note in an ELF file's last segment, which is where postject puts the blob of an executable: read, and
 * replaced by another. (System V ABI, "Note Section": name size, content size, type, name, content, each of the last two padded
 * to four bytes.)
 *
 *     … | last PT_LOAD, which PT_NOTE is the beginning of: other notes, this note, zeros up to a whole multiple | section headers
 */
import { type ElfFile, type ElfSection, parseElf, SECTION_HEADER_SIZE } from './elf-file.ts'
import { type ProgramHeader, readProgramHeaders, SEGMENT_TYPE } from './program-headers.ts'

const NOTE = 4
const NOTE_HEADER_BYTES = 12
/** Where the fields stand that change: of the file header the offset of the section headers; of a program header, its sizes. */
const SECTION_HEADERS = 40
const FILE_SIZE = 32
const MEMORY_SIZE = 40
/** Of a section header. */
const SECTION_SIZE = 32
/** What postject rounds the segment up to. */
const ROUND = 0x10000

interface NotePlace {
  /** Where the note's header is. */
  readonly header: number
  /** Where its content is. */
  readonly start: number
  readonly bytes: number
  /** Indices of the two program headers. */
  readonly loaded: number
  readonly notes: number
  readonly segment: ProgramHeader
}

/** The content of the note; undefined where the file is not as it is drawn above. Throws an ElfFormatError. */
export function readNote(file: Buffer, name: string, fileName: string): Buffer | undefined {
  const place = findNote(file, parseElf(file, fileName), name)
  return place && file.subarray(place.start, place.start + place.bytes)
}

/** The file with other content in the note; undefined where it is not as it is drawn above. Throws an ElfFormatError. */
export function replaceNote(
  file: Buffer,
  name: string,
  content: Buffer,
  fileName: string,
): Buffer | undefined {
  const elf = parseElf(file, fileName)
  const place = findNote(file, elf, name)
  if (place === undefined) {
    return undefined
  }
  const { segment, start } = place
  const noteEnd = roundUp(start + content.length, 4)
  const segmentBytes = roundUp(noteEnd - segment.offset, ROUND)
  const segmentEnd = segment.offset + segmentBytes
  const replaced = Buffer.alloc(segmentEnd + elf.sectionHeaders.count * SECTION_HEADER_SIZE)
  file.copy(replaced, 0, 0, start)
  content.copy(replaced, start)
  file.copy(replaced, segmentEnd, elf.sectionHeaders.offset)
  replaced.writeBigUInt64LE(BigInt(segmentEnd), SECTION_HEADERS)
  replaced.writeUInt32LE(content.length, place.header + 4)
  writeSizes(replaced, elf, place.loaded, segmentBytes)
  writeSizes(replaced, elf, place.notes, noteEnd - segment.offset)
  const section = sectionOf(elf, place)
  if (section !== undefined) {
    const at = segmentEnd + section.index * SECTION_HEADER_SIZE + SECTION_SIZE
    replaced.writeBigUInt64LE(BigInt(section.size + noteEnd - endOf(place)), at)
  }
  return replaced
}

/** The only one that is as large. Where there are more notes, postject confuses where their sections are; nothing reads that. */
function sectionOf({ sections }: ElfFile, place: NotePlace): ElfSection | undefined {
  const size = endOf(place) - place.header
  const [section, ...others] = sections.filter(
    (each) => each.offset >= place.segment.offset && each.size >= size,
  )
  return others.length === 0 ? section : undefined
}

/** With what it is padded with. */
function endOf({ start, bytes }: NotePlace): number {
  return roundUp(start + bytes, 4)
}

function findNote(file: Buffer, elf: ElfFile, name: string): NotePlace | undefined {
  const headers = readProgramHeaders(file, elf)
  const last = Math.max(
    ...headers.filter(({ type }) => type === SEGMENT_TYPE.load).map(({ offset }) => offset),
  )
  const loaded = headers.findIndex(({ type, offset }) => type === SEGMENT_TYPE.load && offset === last)
  const notes = headers.findIndex(({ type, offset }) => type === NOTE && offset === last)
  const [segment, range] = [headers[loaded], headers[notes]]
  if (segment === undefined || range === undefined || !isLast(file, elf, segment)) {
    return undefined
  }
  const end = range.offset + range.fileSize
  for (let at = range.offset; at + NOTE_HEADER_BYTES <= end; ) {
    const nameBytes = file.readUInt32LE(at)
    const bytes = file.readUInt32LE(at + 4)
    const nameStart = at + NOTE_HEADER_BYTES
    const start = nameStart + roundUp(nameBytes, 4)
    const next = start + roundUp(bytes, 4)
    if (file.toString('latin1', nameStart, nameStart + nameBytes) === `${name}\0`) {
      return next === end ? { header: at, start, bytes, loaded, notes, segment } : undefined
    }
    at = next
  }
  return undefined
}

/** Whether nothing but the section headers is behind the segment. */
function isLast(file: Buffer, { sectionHeaders }: ElfFile, { offset, fileSize }: ProgramHeader): boolean {
  const end = offset + fileSize
  return (
    fileSize % ROUND === 0 &&
    sectionHeaders.offset === end &&
    file.length === end + sectionHeaders.count * SECTION_HEADER_SIZE
  )
}

function writeSizes(file: Buffer, { programHeaders }: ElfFile, index: number, bytes: number): void {
  const at = programHeaders.offset + index * programHeaders.entrySize
  file.writeBigUInt64LE(BigInt(bytes), at + FILE_SIZE)
  file.writeBigUInt64LE(BigInt(bytes), at + MEMORY_SIZE)
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
