/** Reads, in a finished executable, the table of the code that maps its own file: see {@link ./own-file-code.ts}. */
import type { PageRange } from './page-ranges.ts'

/** The pages that were moved. */
export interface MovedPages {
  /** Where they are in memory, in the order in which they lie in the file. */
  readonly runs: readonly PageRange[]
  /** The page of the file that the first of them is on. */
  readonly firstPage: number
}

/** What stands in front of the table, whatever the code is. */
const TEXT = Buffer.from('/proc/self/exe\0lambdabin: ')
const LINE_FEED = 10
const ALIGNMENT = 16
const HEAD_BYTES = 16
const READ_BYTES = 4
const SPARE_BYTES = 8
/** The upper half of the number says how much small functions read. */
const SPARE_BITS = 0xffff
/** Of an entry: the highest bit of its low byte says whether the pages are code. */
const COUNT_BITS = 127

/** Undefined where the executable has no such code, or a table that leads outside of the file. */
export function readMovedPages(executable: Buffer): MovedPages | undefined {
  const text = executable.indexOf(TEXT)
  const end = text === -1 ? -1 : executable.indexOf(LINE_FEED, text)
  if (end === -1) {
    return undefined
  }
  const head = Math.ceil((end + 1) / ALIGNMENT) * ALIGNMENT
  try {
    const [reads = 0, spares = 0, maps = 0, firstPage = 0] = [0, 4, 8, 12].map((field) =>
      executable.readUInt32LE(head + field),
    )
    const first = head + HEAD_BYTES + reads * READ_BYTES + (spares & SPARE_BITS) * SPARE_BYTES
    if (first + 4 * maps > executable.length) {
      return undefined
    }
    const runs = Array.from({ length: maps }, (_, index) => {
      const entry = executable.readUInt32LE(first + 4 * index)
      return { start: entry >>> 8, count: entry & COUNT_BITS }
    })
    return { runs, firstPage }
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined
    }
    throw error
  }
}
