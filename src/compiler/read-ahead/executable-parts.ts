/** What an executable's file is made of, as pkg has left it: see {@link ./packed-file.ts}. */
import type { ElfFile } from '../elf/elf-file.ts'
import { roomForFirstFunction } from '../elf/first-function.ts'
import type { FileBytes } from '../elf/gathered-bytes.ts'
import {
  type ProgramHeader,
  readProgramHeaders,
  roomInFront,
  SEGMENT_FLAG,
  SEGMENT_TYPE,
  splitSegmentAt,
} from '../elf/program-headers.ts'
import { type FrontPiece, frontPieces, withoutTails } from './front-pieces.ts'
import { codeOffset, type HotPages, movableParts, movedRuns, type Part } from './moved-pages.ts'
import { PAGE_BYTES, type PageRange, pagesOf } from './page-ranges.ts'

/** There is as much room in memory in front of what pkg has added. */
export const MOST_CODE = 65_536

/** Offsets are those in the file as it was. */
export interface Parts {
  readonly headers: readonly ProgramHeader[]
  readonly interpreter: Buffer
  /** Where Node.js's code begins. */
  readonly code: number
  /** What is in front of it. */
  readonly front: readonly FrontPiece[]
  /** The segment that pkg has added. */
  readonly content: ProgramHeader
  readonly data: ProgramHeader
  /** Where in the file the dynamic linker's list has room. */
  readonly room: number
  readonly movable: readonly Part[]
  readonly runs: readonly Part[]
}

/** Undefined where something is not as is known here. */
export function findParts(executable: FileBytes, elf: ElfFile, hot: HotPages): Parts | undefined {
  const code = codeOffset(elf)
  if (code === undefined) {
    return undefined
  }
  const headers = withoutTails(splitSegmentAt(readProgramHeaders(executable, elf), code), elf, code)
  const front = frontPieces(headers, code)
  const loaded = headers.filter(({ type }) => type === SEGMENT_TYPE.load)
  const content = loaded.toSorted((left, right) => right.address - left.address)[0]
  const writable = loaded.filter(({ flags }) => (flags & SEGMENT_FLAG.writable) !== 0)
  const interpreter = headers.find(({ type }) => type === SEGMENT_TYPE.interpreter)
  const [data] = writable
  const room = roomForFirstFunction(executable, elf)
  if (!content || !data || !interpreter || !front || room === undefined || writable.length > 1) {
    return undefined
  }
  const isLast = loaded.every(
    (each) =>
      each === content ||
      (each.offset <= content.offset && each.address + each.memorySize + MOST_CODE <= content.address),
  )
  if (!isLast || content.offset % PAGE_BYTES !== 0 || !isWithin(room, data) || content === data) {
    return undefined
  }
  if (roomInFront(elf, headers) < headers.length) {
    return undefined
  }
  const movable = movableParts(headers, content, code)
  return {
    ...{ headers, code, front, content, data, room, movable },
    interpreter: executable.subarray(interpreter.offset, interpreter.offset + interpreter.fileSize),
    runs: movedRuns(movable, hot),
  }
}

export function dataPages({ data }: Parts): PageRange {
  return pagesOf(data.offset, data.offset + data.fileSize)
}

export function isWithin(offset: number, { offset: start, fileSize }: ProgramHeader): boolean {
  return offset >= start && offset < start + fileSize
}
