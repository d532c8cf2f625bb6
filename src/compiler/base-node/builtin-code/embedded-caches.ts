/**
 * The code caches that a Node.js binary has of its own modules: where they are, and the machine code that says so.
 *
 * When Node.js is built, it writes a code cache of each of its modules into its read-only data, one beside the other. As the process starts, a function that its compiler made of that list puts the address and
 * the length of each into a table. Both are in its instructions, so a cache can be put elsewhere, and be longer, by changing
 * two numbers for each: {@link ./references-x64.ts} and {@link ./references-arm64.ts}.
 */

import type { ElfFile, ElfSection } from '../../elf/elf-file.ts'
import { textSection } from '../../elf/machine-code.ts'
import { cacheLength, HEADER_BYTES, MARK_BYTES, sourceLength } from '../code-cache-header.ts'
import type { CacheReference } from './cache-reference.ts'
import { findArm64References } from './references-arm64.ts'
import { findX64References } from './references-x64.ts'

/** How far apart two caches may be, in bytes: they are aligned. */
const ALIGNMENT = 64

export interface EmbeddedCache {
  /** Where it is in the file. */
  readonly offset: number
  /** With its header. */
  readonly length: number
  /** Of the module's text, in UTF-16 units. */
  readonly sourceLength: number
  /** Undefined where the instructions that refer to it are shared with others: it stays as it is. */
  readonly reference: CacheReference | undefined
}

/**
 * All of them, in the order of the file; undefined unless most are referred to as is known here. `mark` is what any code
 * cache of this Node.js begins with.
 */
export function findEmbeddedCaches(bytes: Buffer, elf: ElfFile, mark: Buffer): EmbeddedCache[] | undefined {
  const offsets = findOffsets(bytes, elf, mark)
  const data = readOnlyData(elf)
  const text = textSection(elf)
  if (offsets.length === 0 || data === undefined || text === undefined) {
    return undefined
  }
  const addressOf = (offset: number) => offset - data.offset + data.address
  const lengths = new Map(offsets.map((offset) => [addressOf(offset), cacheLength(bytes, offset)]))
  const find = elf.architecture === 'x64' ? findX64References : findArm64References
  const references = find(bytes, text, lengths)
  const caches = offsets.map((offset) => ({
    offset,
    length: cacheLength(bytes, offset),
    sourceLength: sourceLength(bytes, offset),
    reference: references.get(addressOf(offset)),
  }))
  return references.size > caches.length / 2 ? caches : undefined
}

function readOnlyData({ sections }: ElfFile): ElfSection | undefined {
  return sections.find(({ name }) => name === '.rodata')
}

/** One behind the other: what else begins so is no cache of Node.js's own. */
function findOffsets(bytes: Buffer, elf: ElfFile, mark: Buffer): number[] {
  const data = readOnlyData(elf)
  const found: number[] = []
  const end = (data?.offset ?? 0) + (data?.size ?? 0) - HEADER_BYTES
  let at = bytes.indexOf(mark.subarray(0, MARK_BYTES), data?.offset ?? bytes.length)
  while (at !== -1 && at <= end) {
    const last = found.at(-1)
    if (last !== undefined && at > last + cacheLength(bytes, last) + ALIGNMENT) {
      break
    }
    found.push(at)
    at = bytes.indexOf(mark.subarray(0, MARK_BYTES), at + cacheLength(bytes, at))
  }
  return found
}
