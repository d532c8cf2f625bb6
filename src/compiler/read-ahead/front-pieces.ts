/** The front of an executable: what is in its file before Node.js's code, which the kernel and the dynamic linker read. */
import { type ElfFile, SECTION_FLAG_ALLOCATED } from '../elf/elf-file.ts'
import { type ProgramHeader, SEGMENT_TYPE } from '../elf/program-headers.ts'
import { PAGE_BYTES } from './page-ranges.ts'

/** Bytes `start` to `end` of the file as it was, which are at `place` in the new one, in whole pages. */
export interface FrontPiece {
  readonly start: number
  readonly end: number
  readonly place: number
}

/** The headers with segments in front of `code` as long as what is in their sections: what was left out at their ends goes. */
export function withoutTails(
  headers: readonly ProgramHeader[],
  { sections }: ElfFile,
  code: number,
): ProgramHeader[] {
  return headers.map((header) => {
    const end = header.offset + header.fileSize
    if (header.type !== SEGMENT_TYPE.load || end > code) {
      return header
    }
    const ends = sections
      .filter(
        ({ flags, offset }) =>
          (flags & SECTION_FLAG_ALLOCATED) !== 0n && offset >= header.offset && offset < end,
      )
      .map(({ offset, size }) => offset + size)
    const size = Math.min(end, Math.max(header.offset, ...ends)) - header.offset
    return size === 0 ? header : { ...header, fileSize: size, memorySize: size }
  })
}

/** The segments in front of `code`, one behind the other. Undefined where they do not begin with the file, or with a page. */
export function frontPieces(headers: readonly ProgramHeader[], code: number): FrontPiece[] | undefined {
  const segments = headers
    .filter(({ type, offset }) => type === SEGMENT_TYPE.load && offset < code)
    .toSorted((left, right) => left.offset - right.offset)
  const pieces: FrontPiece[] = []
  for (const { offset, fileSize } of segments) {
    const [before] = pieces.slice(-1)
    if (offset % PAGE_BYTES !== 0 || (before === undefined ? offset !== 0 : offset < before.end)) {
      return undefined
    }
    pieces.push({ start: offset, end: offset + fileSize, place: endOfFront(pieces) })
  }
  return pieces.length === 0 ? undefined : pieces
}

/** Where the first page behind them is. */
export function endOfFront(pieces: readonly FrontPiece[]): number {
  const last = pieces.at(-1)
  return last === undefined ? 0 : last.place + Math.ceil((last.end - last.start) / PAGE_BYTES) * PAGE_BYTES
}

/** Where a byte in front of the code is now. */
export function placeInFront(pieces: readonly FrontPiece[], offset: number): number {
  const piece = pieces.find(({ start, end }) => offset >= start && offset < end)
  return piece === undefined ? offset : offset - piece.start + piece.place
}
