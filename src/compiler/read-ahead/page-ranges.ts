/** Pages of a file, in runs. */

/** Of 4 KiB whatever the pages of a system are. */
export const PAGE_BYTES = 4096

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
