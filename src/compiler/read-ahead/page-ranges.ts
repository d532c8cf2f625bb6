/** Pages of a file, in runs. */

/** Of 4 KiB whatever the pages of a system are. */
export const PAGE_BYTES = 4096

/** What is at most 16 KiB apart is read as one: reading that much more takes less time than asking twice. */
export const GAP_PAGES = 4

/** Pages `start` to `start + count`, the latter not included. */
export interface PageRange {
  readonly start: number
  readonly count: number
}

/** The fewest ranges that hold all of the given ones; those that are at most `gap` pages apart become one. In order. */
export function joinRanges(ranges: readonly PageRange[], gap: number): PageRange[] {
  const joined: { start: number; count: number }[] = []
  for (const { start, count } of ranges.toSorted((left, right) => left.start - right.start)) {
    const last = joined.at(-1)
    if (last !== undefined && start - (last.start + last.count) <= gap) {
      last.count = Math.max(last.count, start + count - last.start)
    } else {
      joined.push({ start, count })
    }
  }
  return joined
}

/** The same pages, in ranges of at most `most`. */
export function inPieces(ranges: readonly PageRange[], most: number): PageRange[] {
  return ranges.flatMap(({ start, count }) =>
    Array.from({ length: Math.ceil(count / most) }, (_, piece) => ({
      start: start + piece * most,
      count: Math.min(most, count - piece * most),
    })),
  )
}

/** The pages that bytes `from` to `to` are on. */
export function pagesOf(from: number, to: number): PageRange {
  const start = Math.floor(from / PAGE_BYTES)
  return { start, count: Math.ceil(to / PAGE_BYTES) - start }
}

/** Text such as `0+71 902+8`, and back. */
export function formatRanges(ranges: readonly PageRange[]): string {
  return ranges.map(({ start, count }) => `${start}+${count}`).join(' ')
}

export function parseRanges(text: string): PageRange[] {
  return [...text.matchAll(/(\d+)\+(\d+)/g)].map(([, start, count]) => ({
    start: Number(start),
    count: Number(count),
  }))
}

/** How many pages there are. */
export function sizeOf(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0)
}

/** What of the ranges lies within another one. */
export function intersectRanges(ranges: readonly PageRange[], within: PageRange): PageRange[] {
  return ranges.flatMap(({ start, count }) => {
    const from = Math.max(start, within.start)
    const to = Math.min(start + count, within.start + within.count)
    return to > from ? [{ start: from, count: to - from }] : []
  })
}

/** What of the ranges lies in none of the `others`. */
export function withoutRanges(ranges: readonly PageRange[], others: readonly PageRange[]): PageRange[] {
  return joinRanges(others, 0).reduce(
    (rest, other) =>
      rest.flatMap(({ start, count }) => {
        const [end, otherEnd] = [start + count, other.start + other.count]
        return [
          { start, count: Math.min(end, other.start) - start },
          { start: Math.max(start, otherEnd), count: end - Math.max(start, otherEnd) },
        ].filter((range) => range.count > 0)
      }),
    [...ranges],
  )
}

/** At most `most` ranges that hold all of the given ones: those with the least between them become one. In order. */
export function withFewRuns(ranges: readonly PageRange[], most: number): PageRange[] {
  const apart = joinRanges(ranges, 0)
  const gaps = apart.slice(1).map(({ start }, index) => {
    const before = apart[index] as PageRange
    return start - (before.start + before.count)
  })
  const widest = gaps.toSorted((left, right) => right - left)[most - 1] ?? 0
  return joinRanges(apart, widest)
}

/**
 * The first page of each chunk of a file that there is something in. They come first: few requests are under way at the same time, and
 * so they are for as many chunks, which are fetched at the same time.
 */
export function firstPages(ranges: readonly PageRange[], chunkBytes: number): PageRange[] {
  const inChunk = chunkBytes / PAGE_BYTES
  const firsts = ranges.flatMap(({ start, count }) => {
    const chunk = Math.floor(start / inChunk)
    const chunks = Math.floor((start + count - 1) / inChunk) - chunk + 1
    return Array.from({ length: chunks }, (_, index) => Math.max(start, (chunk + index) * inChunk))
  })
  return firsts
    .filter((page, index) => Math.floor(page / inChunk) !== Math.floor((firsts[index - 1] ?? -1) / inChunk))
    .map((start) => ({ start, count: 1 }))
}

/** Where a range begins and ends in bytes. */
export function bytesOf({ start, count }: PageRange): [from: number, to: number] {
  return [start * PAGE_BYTES, (start + count) * PAGE_BYTES]
}
