/**
 * Has an executable's hot pages read ahead when it starts and they are not in memory, as in a new execution environment:
 * there, most of what a start takes is waiting for the disk. See {@link ./prefetch-stub.ts} for how.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { Architecture } from '../elf/elf-file.ts'
import { addEntryCode, lastSegmentOffset } from '../elf/entry-code.ts'
import { findHotPages, type RecordPages } from './hot-pages.ts'
import { PAGE_BYTES, type PageRange, pagesOf } from './page-ranges.ts'
import { prefetchStub } from './prefetch-stub.ts'
import type { StandInKind } from './stand-in.ts'

export interface ReadAheadOptions {
  readonly arch: Architecture
  /** The Node.js binary that the executable is made of. */
  readonly base: string
  /** What of the executable's content no start reads. */
  readonly cold: readonly Buffer[]
  readonly kind: StandInKind
  readonly record: RecordPages
}

/**
 * Changes the executable. Resolves to whether it did: it is left as it is where what a start touches is not known, and
 * where there is no place in it for more code. Rejects as `record` does.
 */
export async function addReadAhead(executable: string, options: ReadAheadOptions): Promise<boolean> {
  const bytes = await readFile(executable)
  const content = lastSegmentOffset(bytes, executable)
  if (content === undefined) {
    return false
  }
  const ofNode = await findHotPages(bytes, executable, options.base, options.kind, options.record)
  if (ofNode.length === 0) {
    return false
  }
  const ranges = [
    ...ofNode.filter(({ start, count }) => (start + count) * PAGE_BYTES <= content),
    ...contentPages(bytes, content, options.cold),
  ]
  const changed = addEntryCode(bytes, executable, (address, entry) =>
    prefetchStub(options.arch, address, entry, ranges),
  )
  if (changed === undefined) {
    return false
  }
  await writeFile(executable, changed)
  return true
}

/** The pages of what pkg has added, without those that are cold through and through. */
function contentPages(bytes: Buffer, content: number, cold: readonly Buffer[]): PageRange[] {
  const places = cold
    .filter(({ length }) => length > 0)
    .map((part) => ({ from: bytes.indexOf(part, content), length: part.length }))
    .filter(({ from }) => from !== -1)
    .toSorted((left, right) => left.from - right.from)
  const starts = [content, ...places.map(({ from, length }) => from + length)]
  const ends = [...places.map(({ from }) => from), bytes.length]
  return starts.map((start, index) => pagesOf(start, ends[index] as number)).filter(({ count }) => count > 0)
}
