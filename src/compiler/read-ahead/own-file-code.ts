/**
 * Machine code that has the kernel read what a start is going to touch, and maps the pages that have been moved in the file
 * to where they belong. It runs before anything else of the program: see {@link ../elf/first-function.ts}.
 *
 * **Reading.** In a new execution environment nothing of the executable is in memory. The kernel reads what Node.js touches
 * when Node.js touches it, and each time Node.js waits, some hundred times. So all that is going to be touched is asked for at
 * once, in the background. When the executable is in memory that would be half a millisecond for nothing: some of
 * the pages are tried first, with preadv2 and RWF_NOWAIT (Linux 4.14), which gives a byte only if there is no need to wait for
 * it. (mincore would be made for this, and says that all is in memory of files that the process may not write.) What
 * else comes back, be it that the kernel or the file system does not know how, means to read. A runtime layer has more to read than
 * small functions need: where the environment says that the function is one, it is less.
 *
 * **Reading no more than that.** The kernel reads as much around a page that is touched as the disk's read-ahead says: 128 KiB
 * often, 8 MiB where it is meant for large files. Of the parts that no start needs, it is asked to read just the pages.
 *
 * **Mapping.** Each entry is a run of pages in memory; they follow each other in the file, in the same order.
 *
 * The file is `/proc/self/exe`; where /proc is not mounted, the path that the program was started by. Where nothing is to be
 * mapped, no system call has to succeed. Where something is, the program cannot go on without it, and says so.
 */
import type { Architecture } from '../elf/elf-file.ts'
import { assemble, type CodeTable } from '../elf/machine-code.ts'
import { CODE as ARM64 } from './own-file-code-arm64.ts'
import { CODE as X64 } from './own-file-code-x64.ts'
import { inPieces, type PageRange } from './page-ranges.ts'

export interface OwnFileTable {
  /** What to read, in pages of the file. */
  readonly read: readonly PageRange[]
  /** What of the beginning of `read` is all that is read where the environment has `SMALL_VARIABLE` of `../../executable/format.ts`; undefined for all of it. */
  readonly smallRead?: readonly PageRange[] | undefined
  /** Of what to read single pages only, in pages of the memory. */
  readonly spare: readonly PageRange[]
  /** What to map, in pages of the memory. */
  readonly map: readonly MappedRun[]
  /** The page of the file that the first of those is on. */
  readonly firstMapped: number
}

export interface MappedRun extends PageRange {
  readonly isCode: boolean
}

/** Both are 127 bytes long as the code says: the message ends with a line feed. */
const PATH = '/proc/self/exe\0'
const MESSAGE =
  'lambdabin: the executable could not map its own file: it needs /proc, or its path, and pages of 4 KiB; build it on this system\n'

/** What the code begins at a multiple of, and what its table is at. */
export const CODE_ALIGNMENT = 16

const CODE: Readonly<Record<Architecture, Buffer>> = { x64: withTexts(X64), arm64: withTexts(ARM64) }

/** The kernel reads no more than this for one call of readahead unless told otherwise: 128 KiB. */
const MOST_READ = 32
/** As many as an entry can say. */
const MOST_MAPPED = 127
const CODE_BIT = 128

/** The code, and behind it the table. It is to be at a multiple of {@link CODE_ALIGNMENT}. */
export function ownFileCode(
  arch: Architecture,
  { read, smallRead = [], spare, map, firstMapped }: OwnFileTable,
): Buffer {
  const smallEntries = inPieces(smallRead, MOST_READ)
  const rest = inPieces(read.slice(smallRead.length), MOST_READ)
  const readEntries = [...smallEntries, ...rest].map(({ start, count }) => start * 256 + count)
  const spareEntries = spare.flatMap(({ start, count }) => [start, count])
  const mapEntries = map.flatMap((run) =>
    inPieces([run], MOST_MAPPED).map(({ start, count }) => start * 256 + count + (run.isCode ? CODE_BIT : 0)),
  )
  return Buffer.concat([
    CODE[arch],
    numbers([
      readEntries.length,
      spare.length + smallEntries.length * 65_536,
      mapEntries.length,
      firstMapped,
    ]),
    numbers([...readEntries, ...spareEntries, ...mapEntries]),
  ])
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4)
  })
  return bytes
}

function withTexts(lines: CodeTable): Buffer {
  const code = assemble(lines)
  const text = Buffer.from(PATH + MESSAGE)
  const length = code.length + text.length
  return Buffer.concat([code, text, Buffer.alloc(-length & (CODE_ALIGNMENT - 1))])
}
