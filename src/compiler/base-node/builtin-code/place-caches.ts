/**
 * Puts code caches of Node.js's own modules into its binary, in the place of those that it has.
 *
 * They are longer, so they need room elsewhere: that of the unwind tables, which are emptied (`../../elf/unwind-tables.ts`) and
 * lie in memory as the other read-only data does. What a start loads lies side by side there, in the order in which it is
 * loaded. Where an old one was there are zeros, which a zip holds for nothing. So there are in the place of those of Node.js's tools for
 * developers: V8 refuses what is no cache, and compiles the module's text.
 */

import type { BuiltinCode } from '../../../build-time/contract.ts'
import type { ElfFile, ElfSection } from '../../elf/elf-file.ts'
import { isOfSameKind, MARK_BYTES } from '../code-cache-header.ts'
import type { EmbeddedCache } from './embedded-caches.ts'

/** V8 copies a cache that does not begin at a multiple of 8. */
const ALIGNMENT = 16
/** Zeros that stay in front: they end what is left of the tables. */
const END_BYTES = 64

/**
 * The test runner, the REPL, the debugger, the profiler's report, watch mode and `--help`, and what is behind options while it is tried out. A
 * function that loads one of them all the same waits some milliseconds for it to be compiled.
 */
const TOOLS =
  /^(internal\/(test_runner|debugger|repl|watch_mode|deps\/v8|v8_prof_\w+|quic|streams\/iter)\b|(test|repl|quic)\b|internal\/main\/(inspect|print_help|prof_process|repl|test_runner|watch_mode)$)/

/** Whether there are caches already where {@link placeCaches} puts them. `mark` is what all begin with. */
export function hasPlacedCaches(bytes: Buffer, elf: ElfFile, mark: Buffer): boolean {
  const section = roomOf(elf)
  const at = section === undefined ? -1 : bytes.indexOf(mark.subarray(0, MARK_BYTES), section.offset)
  return section !== undefined && at !== -1 && at < section.offset + section.size
}

interface Placement {
  readonly old: EmbeddedCache
  readonly cache: Buffer
}

/** How many caches were put into `bytes`; none where there is no room. */
export function placeCaches(
  bytes: Buffer,
  elf: ElfFile,
  embedded: readonly EmbeddedCache[],
  code: BuiltinCode,
): number {
  const byModule = assign(embedded, code)
  const section = roomOf(elf)
  if (section === undefined) {
    return 0
  }
  const placements = code.loaded.flatMap((id): Placement[] => {
    const old = byModule.get(id)
    const cache = Buffer.from(code.modules[id]?.cache ?? '', 'base64')
    return old?.reference && isOfSameKind(bytes, old.offset, cache) ? [{ old, cache }] : []
  })
  const room = longestEmpty(bytes, section)
  const needed = placements.reduce((sum, { cache }) => sum + aligned(cache.length), END_BYTES + ALIGNMENT)
  if (needed > room.size) {
    return 0
  }
  let offset = aligned(room.offset + END_BYTES)
  let placed = 0
  for (const { old, cache } of placements) {
    const address = offset - section.offset + section.address
    if (old.reference?.move(bytes, address, cache.length)) {
      bytes.fill(0, old.offset, old.offset + old.length)
      cache.copy(bytes, offset)
      offset = aligned(offset + cache.length)
      placed += 1
    }
  }
  if (placed > 0) {
    leaveOutTools(bytes, byModule, new Set(code.loaded))
  }
  return placed
}

function leaveOutTools(
  bytes: Buffer,
  caches: ReadonlyMap<string, EmbeddedCache>,
  loaded: ReadonlySet<string>,
): void {
  for (const [id, { offset, length }] of caches) {
    if (TOOLS.test(id) && !loaded.has(id)) {
      bytes.fill(0, offset, offset + length)
    }
  }
}

function roomOf({ sections }: ElfFile): ElfSection | undefined {
  return sections.find(({ name }) => name === '.eh_frame')
}

/** Whose each is: it tells the length of its module's text. Where two are of the same length, nobody knows. */
function assign(
  embedded: readonly EmbeddedCache[],
  { modules }: BuiltinCode,
): ReadonlyMap<string, EmbeddedCache> {
  const caches = Map.groupBy(embedded, ({ sourceLength }) => sourceLength)
  const ids = Map.groupBy(Object.keys(modules), (id) => modules[id]?.length)
  const assigned = new Map<string, EmbeddedCache>()
  for (const [length, [id, otherId]] of ids) {
    const [cache, otherCache] = caches.get(length ?? -1) ?? []
    if (id !== undefined && cache !== undefined && otherId === undefined && otherCache === undefined) {
      assigned.set(id, cache)
    }
  }
  return assigned
}

function longestEmpty(bytes: Buffer, { offset, size }: ElfSection): { offset: number; size: number } {
  let longest = { offset, size: 0 }
  let start = offset
  for (let at = offset; at <= offset + size; at++) {
    if (at === offset + size || bytes[at] !== 0) {
      if (at - start > longest.size) {
        longest = { offset: start, size: at - start }
      }
      start = at + 1
    }
  }
  return longest
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT
}
