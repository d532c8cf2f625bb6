/**
 * Which pages of an executable a start touches, by running it to its first answer and asking the kernel.
 *
 * `/proc/PID/pagemap` says of each page of a process whether it is mapped; for one's own children that takes no rights. When
 * one page is touched the kernel also maps those around it that are in memory, within 64 KiB, so this finds twice what is
 * touched; where a file's pages are not in memory and none is read unasked, it finds just those: see `scripts/hot-pages.ts`.
 */
import { open, readFile, realpath } from 'node:fs/promises'
import type { TargetRunner } from '../base-node/target-runner.ts'
import { runToAnswer } from '../executable/self-test.ts'
import { joinRanges, PAGE_BYTES, type PageRange, pagesOf } from './page-ranges.ts'

/** Bits of an entry of pagemap, by the kernel's Documentation/admin-guide/mm/pagemap.rst. */
const PRESENT = 1n << 63n
const OF_FILE = 1n << 61n
const ENTRY_BYTES = 8

/** The type of the entry of the auxiliary vector that tells the page size, in bytes: getauxval(3), AT_PAGESZ. */
const PAGE_SIZE_ENTRY = 6n

export interface TouchedPages {
  readonly touched: readonly PageRange[]
  /**
   * What is to stay in one piece. V8 maps its built-in functions a second time, near the code that it compiles, and can do so
   * only where they lie together; else it copies them, 2 MB at each start.
   */
  readonly together: readonly PageRange[]
}

/** A part of the file that is mapped to be read only. */
interface Mapping {
  readonly address: number
  readonly size: number
  readonly offset: number
}

/**
 * The pages of `executable`, whose handler returns its event, that are mapped when it has answered once; none when the
 * kernel does not tell. Rejects with a SelfTestError when it does not answer.
 */
export async function findTouchedPages(executable: string, runner: TargetRunner): Promise<TouchedPages> {
  const file = await realpath(executable)
  let pages = NOTHING_TOUCHED
  await runToAnswer(file, runner, [], {
    whenAnswered: async (pid) => {
      pages = await readMappedPages(pid, file).catch(nothingIfRefused)
    },
  })
  return pages
}

export const NOTHING_TOUCHED: TouchedPages = { touched: [], together: [] }

/** What the system does not show: another kernel's /proc, or one that lets nobody look. All else is a mistake of ours. */
const REFUSALS = ['ENOENT', 'EACCES', 'EPERM', 'ENOSYS']

function nothingIfRefused(error: NodeJS.ErrnoException): TouchedPages {
  if (error.code !== undefined && REFUSALS.includes(error.code)) {
    return NOTHING_TOUCHED
  }
  throw error
}

async function readMappedPages(pid: number, file: string): Promise<TouchedPages> {
  const pageSize = await readPageSize(pid)
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8')
  const pagemap = await open(`/proc/${pid}/pagemap`)
  try {
    const pages: PageRange[] = []
    const mappings = mappingsOf(file, maps)
    for (const { address, size, offset } of mappings) {
      const entries = Buffer.alloc((size / pageSize) * ENTRY_BYTES)
      const { bytesRead } = await pagemap.read(entries, 0, entries.length, (address / pageSize) * ENTRY_BYTES)
      for (let at = 0; at < bytesRead; at += ENTRY_BYTES) {
        const entry = entries.readBigUInt64LE(at)
        if ((entry & PRESENT) === 0n || (entry & OF_FILE) === 0n) {
          continue
        }
        const start = (offset + (at / ENTRY_BYTES) * pageSize) / PAGE_BYTES
        pages.push({ start, count: pageSize / PAGE_BYTES })
      }
    }
    return { touched: joinRanges(pages, 0), together: mappedTwice(mappings) }
  } finally {
    await pagemap.close()
  }
}

/** What lies within another mapping of the file, too. */
function mappedTwice(mappings: readonly Mapping[]): PageRange[] {
  return mappings
    .filter((one) =>
      mappings.some(
        (other) =>
          other !== one && other.offset <= one.offset && one.offset + one.size < other.offset + other.size,
      ),
    )
    .map(({ offset, size }) => withNeighbours(pagesOf(offset, offset + size)))
}

/** V8 finds what it maps again only where it ends before the mapping does. */
export function withNeighbours({ start, count }: PageRange): PageRange {
  return { start: start - 1, count: count + 2 }
}

/** Lines are such as `00400000-00746000 r--p 00000000 fe:00 1234   /tmp/echo`, numbers hexadecimal. */
function mappingsOf(file: string, maps: string): Mapping[] {
  return maps.split('\n').flatMap((line) => {
    const [, start, end, mode, offset, path] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+ +(.*)$/.exec(line) ?? []
    if (start === undefined || end === undefined || offset === undefined || path !== file) {
      return []
    }
    // What is written to has been read as a whole, when the dynamic linker wrote to it.
    if (mode?.includes('w')) {
      return []
    }
    const address = Number.parseInt(start, 16)
    return { address, size: Number.parseInt(end, 16) - address, offset: Number.parseInt(offset, 16) }
  })
}

/**
 * Of the process itself, and not of this one: a process that has changed its user, as the container's does, may not
 * read its own /proc entries, while the programs that it starts are its user's like any other.
 */
async function readPageSize(pid: number): Promise<number> {
  const vector = await readFile(`/proc/${pid}/auxv`)
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === PAGE_SIZE_ENTRY) {
      return Number(vector.readBigUInt64LE(at + 8))
    }
  }
  return PAGE_BYTES
}
