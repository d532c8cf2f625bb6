/** Which pages of an executable are laid side by side. */
import type { ElfFile } from '../elf/elf-file.ts'
import { type ProgramHeader, SEGMENT_FLAG, SEGMENT_TYPE } from '../elf/program-headers.ts'
import {
  intersectRanges,
  joinRanges,
  PAGE_BYTES,
  type PageRange,
  pagesOf,
  sizeOf,
  withFewRuns,
  withoutRanges,
} from './page-ranges.ts'

/**
 * For how many hot pages there is a run, in the mean. Each run is a call of mmap, and two areas of memory more, which the kernel keeps:
 * 2.4 microseconds of a start. With twice as many pages, an echo function's start takes 2% less of processor time, and reads 39 chunks
 * instead of 33.
 */
const PAGES_OF_A_RUN = 8
/** As many cost nothing that could be measured. */
const FEW_RUNS = 32

/** Pages of the file that are in one segment. */
export interface Part extends PageRange {
  readonly segment: ProgramHeader
}

export interface HotPages {
  /** Pages of the file that a start touches of Node.js. */
  readonly ofNode: readonly PageRange[]
  /** What of that also a small function touches, where it is for functions of both kinds; undefined where it is for one. */
  readonly ofSmall?: readonly PageRange[] | undefined
  /** And of what pkg has added. */
  readonly ofContent: readonly PageRange[]
  /** What is to stay in one piece: see {@link ./touched-pages.ts}. */
  readonly together: readonly PageRange[]
}

/**
 * Where pages may be moved from: Node.js's code and read-only data, from `from` on, in whole pages that no other segment
 * begins on.
 */
export function movableParts(
  segments: readonly ProgramHeader[],
  last: Pick<ProgramHeader, 'offset'>,
  from: number,
): Part[] {
  const loaded = segments.filter(({ type }) => type === SEGMENT_TYPE.load)
  return loaded
    .filter(({ flags, offset }) => (flags & SEGMENT_FLAG.writable) === 0 && offset !== last.offset)
    .map((segment) => {
      const start = Math.ceil(Math.max(segment.offset, from) / PAGE_BYTES)
      const { start: first, count } = pagesOf(segment.offset, segment.offset + segment.fileSize)
      const lastPage = first + count - 1
      const isShared = loaded.some(
        (other) => other !== segment && lastPage === Math.floor(other.offset / PAGE_BYTES),
      )
      return { start, count: lastPage + (isShared ? 0 : 1) - start, segment }
    })
    .filter(({ count }) => count > 0)
}

/**
 * The hot pages of all parts, with what is between those that are moved as one: in order, but for those that small functions have no
 * use of, which are behind the others.
 */
export function movedRuns(parts: readonly Part[], hot: HotPages): Part[] {
  const runs = runsInOrder(parts, hot)
  const isSmall = (run: Part) => hot.ofSmall === undefined || intersectRanges(hot.ofSmall, run).length > 0
  return [...runs.filter(isSmall), ...runs.filter((run) => !isSmall(run))]
}

function runsInOrder(parts: readonly Part[], { ofNode, together }: HotPages): Part[] {
  const scattered = (part: Part) => withoutRanges(intersectRanges(ofNode, part), together)
  return parts.flatMap((part) => {
    const own = scattered(part)
    const most = Math.max(FEW_RUNS, Math.round(sizeOf(own) / PAGES_OF_A_RUN))
    const runs = joinRanges([...withFewRuns(own, most), ...intersectRanges(together, part)], 0)
    return runs.map((run) => ({ ...run, segment: part.segment }))
  })
}

/** Where `.text` begins, in whole pages: all that the dynamic linker reads is in front of it. */
export function codeOffset({ sections }: ElfFile): number | undefined {
  const text = sections.find(({ name }) => name === '.text')
  return text && Math.floor(text.offset / PAGE_BYTES) * PAGE_BYTES
}
