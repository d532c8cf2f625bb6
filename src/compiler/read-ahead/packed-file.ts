/**
 * Lays what a start touches of an executable side by side in its file, so that a few sequential reads bring all of it and
 * nothing else. In the file as the linker made it, that is scattered over half of it; and where a file is fetched in
 * pieces of half a megabyte when they are first touched, as Lambda does, half of it is fetched.
 *
 *     file header, program headers, symbols and relocations: all that is in front of Node.js's code, without what was left out of it
 *     Node.js's writable data
 *     a pointer to the code of {@link ./own-file-code.ts}, that code, and its table
 *     what pkg has added: the runtime and the function
 *     the pages that were moved, in their order
 *     from a whole chunk on, the rest of Node.js, with zeros where pages were moved away: they take no room in a zip
 *     section headers
 *
 * Nothing that is mapped moves in memory. The kernel maps what the program headers say, and the code, which runs before
 * anything else, maps the moved pages over the zeros. Until then, the kernel and the dynamic linker read what is in front of
 * Node.js's code, and its writable data, and run none of it. What they touch of it comes one piece after the other, as nobody can read
 * it ahead: so all of that, and the code that reads the rest ahead, is in the first two chunks.
 */
import { type ElfFile, parseElf } from '../elf/elf-file.ts'
import { addFirstFunction } from '../elf/first-function.ts'
import { GatheredBytes } from '../elf/gathered-bytes.ts'
import {
  type ProgramHeader,
  SEGMENT_FLAG,
  SEGMENT_TYPE,
  withoutTable,
  writeInFront,
} from '../elf/program-headers.ts'
import { dataPages, findParts, isWithin, MOST_CODE, type Parts } from './executable-parts.ts'
import { endOfFront, placeInFront } from './front-pieces.ts'
import type { HotPages, Part } from './moved-pages.ts'
import { CODE_ALIGNMENT, type OwnFileTable, ownFileCode } from './own-file-code.ts'
import {
  bytesOf,
  firstPages,
  GAP_PAGES,
  intersectRanges,
  joinRanges,
  PAGE_BYTES,
  type PageRange,
  pagesOf,
  sizeOf,
  withoutRanges,
} from './page-ranges.ts'

/** What the file is fetched in, where it is fetched: Lambda's size. */
export const CHUNK_BYTES = 524_288

/** Where, in the file header, the offset of the section headers stands, and in a section header its offset. */
const SECTION_HEADERS = 40
const SECTION_OFFSET = 24

/** More than the file header, the program headers and the interpreter's name take: there are at most some twenty. */
const FRONT_BYTES = 65_536

/** Two are what it takes. */
const MOST_ROUNDS = 5

/** Where they are in the new file. */
interface Places {
  readonly data: number
  readonly pointer: number
  readonly content: number
  readonly moved: number
  readonly rest: number
  readonly tail: number
}

/**
 * The bytes of the executable with its hot pages moved; undefined where something is not as is known here. Throws an
 * ElfFormatError, naming `fileName`.
 */
export function packHotPages(
  executable: GatheredBytes,
  fileName: string,
  hot: HotPages,
): GatheredBytes | undefined {
  const elf = parseElf(executable, fileName)
  const parts = findParts(executable, elf, hot)
  if (parts === undefined) {
    return undefined
  }
  // How long the table is depends on where things are, and that on how long it is.
  let places = placesOf(parts, Buffer.alloc(0))
  let code = codeFor(elf, parts, hot, places)
  for (let round = 0; round < MOST_ROUNDS && placesOf(parts, code).moved !== places.moved; round++) {
    places = placesOf(parts, code)
    code = codeFor(elf, parts, hot, places)
  }
  if (placesOf(parts, code).moved !== places.moved || code.length + PAGE_BYTES > MOST_CODE) {
    return undefined
  }
  // The table that pkg has written, in a page of Node.js's code, differs from function to function.
  const isInCode = elf.programHeaders.offset >= parts.code
  const bare = isInCode ? withoutTable(executable, elf, PAGE_BYTES) : executable
  const bytes = gatherParts(bare, parts, places, code)
  return moveSections(withHeaders(bytes, parts, places), elf, parts, places)
}

function placesOf(parts: Parts, code: Buffer): Places {
  const data = endOfFront(parts.front)
  const pointer = data + dataPages(parts).count * PAGE_BYTES
  const content = roundUp(pointer + CODE_ALIGNMENT + code.length, PAGE_BYTES)
  const moved = roundUp(content + parts.content.fileSize, PAGE_BYTES)
  const rest = roundUp(moved + sizeOf(parts.runs) * PAGE_BYTES, CHUNK_BYTES)
  const tail = rest + parts.content.offset - parts.code
  return { content, pointer, data, moved, rest, tail }
}

function codeFor(
  { architecture }: ElfFile,
  parts: Parts,
  hot: HotPages,
  places: Pick<Places, 'content' | 'moved'>,
): Buffer {
  return ownFileCode(architecture, {
    ...readRanges(parts, hot, places),
    spare: parts.movable.map(inMemory),
    map: parts.runs.map((run) => ({
      ...inMemory(run),
      isCode: (run.segment.flags & SEGMENT_FLAG.executable) !== 0,
    })),
    firstMapped: places.moved / PAGE_BYTES,
  })
}

/** What a start reads, where it is now: what is in front of the code, what pkg has added, and the moved pages. */
function readRanges(
  parts: Parts,
  { ofNode, ofSmall, ofContent }: HotPages,
  places: Pick<Places, 'content' | 'moved'>,
): Pick<OwnFileTable, 'read' | 'smallRead'> {
  const added = movedBy((places.content - parts.content.offset) / PAGE_BYTES, ofContent)
  const inFile = (pages: readonly PageRange[]) =>
    joinRanges([...joinRanges(placed(pages, parts, places), GAP_PAGES), ...added], 0)
  const all = inFile(ofNode)
  if (ofSmall === undefined) {
    return { read: withFirstPages(all) }
  }
  const small = inFile(ofSmall)
  const smallRead = withFirstPages(small)
  return { read: [...smallRead, ...withFirstPages(withoutRanges(all, small))], smallRead }
}

function withFirstPages(ranges: readonly PageRange[]): PageRange[] {
  return [...firstPages(ranges, CHUNK_BYTES), ...ranges]
}

/** Where pages of Node.js that are moved, or in front of the code, are now. */
function placed(
  pages: readonly PageRange[],
  { front, runs }: Parts,
  { moved }: Pick<Places, 'moved'>,
): PageRange[] {
  const found = front.flatMap(({ start, end, place }) =>
    movedBy((place - start) / PAGE_BYTES, intersectRanges(pages, pagesOf(start, end))),
  )
  let place = moved / PAGE_BYTES
  for (const run of runs) {
    found.push(...movedBy(place - run.start, intersectRanges(pages, run)))
    place += run.count
  }
  return found
}

function movedBy(pages: number, ranges: readonly PageRange[]): PageRange[] {
  return ranges.map(({ start, count }) => ({ start: start + pages, count }))
}

function gatherParts(executable: GatheredBytes, parts: Parts, places: Places, code: Buffer): GatheredBytes {
  const { content, runs } = parts
  const contentEnd = content.offset + content.fileSize
  const pointer = Buffer.alloc(CODE_ALIGNMENT)
  const codeAddress = addressOf(places.pointer, parts, places) + CODE_ALIGNMENT
  pointer.writeBigUInt64LE(BigInt(codeAddress))
  const data = Buffer.from(executable.subarray(...bytesOf(dataPages(parts))))
  addFirstFunction(data, parts.room - dataPages(parts).start * PAGE_BYTES, codeAddress - CODE_ALIGNMENT)
  let bytes = GatheredBytes.of()
  const put = (place: number, ...added: (Buffer | GatheredBytes)[]) => {
    bytes = GatheredBytes.of(bytes, GatheredBytes.zeros(place - bytes.length), ...added)
  }
  for (const { start, end, place } of parts.front) {
    put(place, executable.part(start, end))
  }
  put(places.data, data)
  put(places.pointer, pointer, code)
  put(places.content, executable.part(content.offset, contentEnd))
  put(places.moved, ...runs.map((run) => executable.part(...bytesOf(run))))
  put(places.rest, ...withoutMoved(executable, parts))
  put(places.tail, executable.part(contentEnd))
  return bytes
}

/** The rest of Node.js, with zeros for what is elsewhere. */
function withoutMoved(executable: GatheredBytes, { code, content, data, runs }: Parts): GatheredBytes[] {
  // Whole pages of the data: on the others, what is in front of it ends, or what is behind it begins.
  const dataEnd = data.offset + data.fileSize
  const ofData = [roundUp(data.offset, PAGE_BYTES), dataEnd - (dataEnd % PAGE_BYTES)] as const
  const moved = [...runs.map(bytesOf), ofData]
    .filter(([from, to]) => from < to)
    .toSorted(([left], [right]) => left - right)
  const kept: GatheredBytes[] = []
  let at = code
  for (const [from, to] of moved) {
    kept.push(executable.part(at, from), GatheredBytes.zeros(to - from))
    at = to
  }
  return [...kept, executable.part(at, content.offset)]
}

function withHeaders(bytes: GatheredBytes, parts: Parts, places: Places): GatheredBytes {
  const front = Buffer.from(bytes.subarray(0, Math.min(FRONT_BYTES, parts.code)))
  writeInFront(front, newHeaders(parts, places), parts.interpreter)
  return bytes.with(0, front)
}

function newHeaders(parts: Parts, places: Places): ProgramHeader[] {
  return parts.headers.map((header) => {
    const isLoaded = header.type === SEGMENT_TYPE.load
    const offset = newOffset(header.offset, parts, places)
    const moved = { ...header, offset, align: isLoaded ? PAGE_BYTES : header.align }
    if (header !== parts.content) {
      return moved
    }
    const added = places.content - places.pointer
    const [size, flags] = [header.fileSize + added, header.flags | SEGMENT_FLAG.executable]
    const place = { offset: places.pointer, address: header.address - added }
    return { ...moved, ...place, flags, fileSize: size, memorySize: size }
  })
}

function moveSections(
  bytes: GatheredBytes,
  { sectionHeaders, sections }: ElfFile,
  parts: Parts,
  places: Places,
): GatheredBytes {
  if (sections.length === 0) {
    return bytes
  }
  const place = newOffset(sectionHeaders.offset, parts, places)
  const { count, entrySize } = sectionHeaders
  const table = Buffer.from(bytes.subarray(place, place + count * entrySize))
  for (const { index, offset } of sections) {
    table.writeBigUInt64LE(BigInt(newOffset(offset, parts, places)), index * entrySize + SECTION_OFFSET)
  }
  return bytes.withNumber(SECTION_HEADERS, place).with(place, table)
}

/** Where a byte of the file is now; of a moved page, where its zeros are. */
function newOffset(offset: number, parts: Parts, places: Places): number {
  const { code, front, content, data } = parts
  if (offset < code) {
    return placeInFront(front, offset)
  }
  if (isWithin(offset, data)) {
    return offset + places.data - dataPages(parts).start * PAGE_BYTES
  }
  if (isWithin(offset, content)) {
    return offset + places.content - content.offset
  }
  return offset < content.offset
    ? offset + places.rest - code
    : offset + places.tail - content.offset - content.fileSize
}

/** The address in memory of what is at `offset` in the new file, in what pkg has added or behind it. */
function addressOf(offset: number, { content }: Parts, places: Places): number {
  return content.address + offset - places.content
}

function inMemory({ start, count, segment }: Part): PageRange {
  return { start: start + (segment.address - segment.offset) / PAGE_BYTES, count }
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}
