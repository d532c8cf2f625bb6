/**
 * The content of a note in an ELF file's last segment, which is where postject puts the blob of an executable: read, and
 * replaced by another. (System V ABI, "Note Section": name size, content size, type, name, content, each of the last two padded
 * to four bytes.)
 *
 *     … | last PT_LOAD, which PT_NOTE is the beginning of: other notes, this note, zeros up to a whole multiple | section headers
 */
import { type ElfFile, type ElfSection, parseElf, SECTION_HEADER_SIZE } from './elf-file.ts'
import { type FileBytes, GatheredBytes } from './gathered-bytes.ts'
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
export function readNote(file: FileBytes, name: string, fileName: string): Buffer | undefined {
  const place = findNote(file, parseElf(file, fileName), name)
  return place && file.subarray(place.start, place.start + place.bytes)
}

/** Where that content starts in the file, which is as far from a multiple of 8 as in memory. */
export function startOfNote(file: FileBytes, name: string, fileName: string): number | undefined {
  return findNote(file, parseElf(file, fileName), name)?.start
}

/** The file with other content in the note; undefined where it is not as it is drawn above. Throws an ElfFormatError. */
export function replaceNote(
  file: GatheredBytes,
  name: string,
  content: Buffer,
  fileName: string,
): GatheredBytes | undefined {
  const elf = parseElf(file, fileName)
  const place = findNote(file, elf, name)
  if (place === undefined) {
    return undefined
  }
  const { segment, start } = place
  const noteEnd = roundUp(start + content.length, 4)
  const segmentBytes = roundUp(noteEnd - segment.offset, ROUND)
  const segmentEnd = segment.offset + segmentBytes
  const noteBytes = Buffer.alloc(4)
  noteBytes.writeUInt32LE(content.length)
  const replaced = GatheredBytes.of(
    file.part(0, start).with(place.header + 4, noteBytes),
    content,
    GatheredBytes.zeros(segmentEnd - start - content.length),
    sectionHeaders(file, elf, place, noteEnd),
  )
  const withLoaded = withSizes(replaced, elf, place.loaded, segmentBytes)
  const withNotes = withSizes(withLoaded, elf, place.notes, noteEnd - segment.offset)
  return withNotes.withNumber(SECTION_HEADERS, segmentEnd)
}

/** Of the file whose note ends at `noteEnd`. */
function sectionHeaders(file: FileBytes, elf: ElfFile, place: NotePlace, noteEnd: number): Buffer {
  const { offset, count } = elf.sectionHeaders
  const table = Buffer.from(file.subarray(offset, offset + count * SECTION_HEADER_SIZE))
  const section = sectionOf(elf, place)
  if (section !== undefined) {
    const at = section.index * SECTION_HEADER_SIZE + SECTION_SIZE
    table.writeBigUInt64LE(BigInt(section.size + noteEnd - endOf(place)), at)
  }
  return table
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

function findNote(file: FileBytes, elf: ElfFile, name: string): NotePlace | undefined {
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
    if (file.subarray(nameStart, nameStart + nameBytes).toString('latin1') === `${name}\0`) {
      return next === end ? { header: at, start, bytes, loaded, notes, segment } : undefined
    }
    at = next
  }
  return undefined
}

/** Whether nothing but the section headers is behind the segment. */
function isLast(file: FileBytes, { sectionHeaders }: ElfFile, { offset, fileSize }: ProgramHeader): boolean {
  const end = offset + fileSize
  return (
    fileSize % ROUND === 0 &&
    sectionHeaders.offset === end &&
    file.length === end + sectionHeaders.count * SECTION_HEADER_SIZE
  )
}

function withSizes(
  file: GatheredBytes,
  { programHeaders }: ElfFile,
  index: number,
  bytes: number,
): GatheredBytes {
  const at = programHeaders.offset + index * programHeaders.entrySize
  return file.withNumber(at + FILE_SIZE, bytes).withNumber(at + MEMORY_SIZE, bytes)
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
