/**
 * Where in an executable's file the bytes are that Node.js has at an address: as its program headers say, but for the pages
 * that were moved to the front of the file, which lie there.
 */
import type { ElfFile } from '../../compiler/elf/elf-file.ts'
import { type ProgramHeader, readProgramHeaders, SEGMENT_TYPE } from '../../compiler/elf/program-headers.ts'
import { readMovedPages } from '../../compiler/read-ahead/own-file-table.ts'
import { PAGE_BYTES } from '../../compiler/read-ahead/page-ranges.ts'
import type { Span } from './sea-blob.ts'

/** Bytes at `address` in memory, and where they are in the file. */
export interface Extent {
  readonly address: number
  readonly size: number
  readonly offset: number
}

export class NodeImage {
  /** In the order of their addresses, none of them overlapping. */
  readonly extents: readonly Extent[]
  /** Where in the file pages were that have been moved, and zeros are now. */
  readonly holes: readonly Span[]
  readonly #bytes: Buffer

  constructor(bytes: Buffer, elf: ElfFile) {
    this.#bytes = bytes
    const segments = readProgramHeaders(bytes, elf)
      .filter(({ type, fileSize }) => type === SEGMENT_TYPE.load && fileSize > 0)
      .sort((left, right) => left.address - right.address)
    const moved = movedExtents(bytes)
    this.extents = segments.flatMap((segment) => extentsOf(segment, moved))
    this.holes = moved.flatMap(({ address, size }) => holesOf(address, size, segments))
  }

  /** Where in the file the bytes of some addresses are, in the order of those. What is not in the file is left out. */
  spans(address: number, size: number): Span[] {
    const end = address + size
    const spans: Span[] = []
    for (let index = this.#firstBefore(address); index < this.extents.length; index++) {
      const extent = this.extents[index] as Extent
      if (extent.address >= end) {
        break
      }
      const from = Math.max(address, extent.address)
      const to = Math.min(end, extent.address + extent.size)
      if (to > from) {
        const start = extent.offset + from - extent.address
        spans.push({ start, end: start + to - from })
      }
    }
    return spans
  }

  /** A copy of what is there when the program runs, as far as the file has it. */
  read(address: number, size: number): Buffer {
    return Buffer.concat(this.spans(address, size).map(({ start, end }) => this.#bytes.subarray(start, end)))
  }

  #firstBefore(address: number): number {
    let [low, high] = [0, this.extents.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const { address: start, size } = this.extents[middle] as Extent
      if (start + size <= address) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

function movedExtents(bytes: Buffer): Extent[] {
  const moved = readMovedPages(bytes)
  let page = moved?.firstPage ?? 0
  const extents = (moved?.runs ?? []).map(({ start, count }) => {
    const offset = page * PAGE_BYTES
    page += count
    return { address: start * PAGE_BYTES, size: count * PAGE_BYTES, offset }
  })
  return extents
    .filter(({ offset, size }) => offset + size <= bytes.length)
    .sort((left, right) => left.address - right.address)
}

function extentsOf(segment: ProgramHeader, moved: readonly Extent[]): Extent[] {
  const end = segment.address + segment.fileSize
  const within = moved.filter(({ address, size }) => address >= segment.address && address + size <= end)
  const extents: Extent[] = []
  let at = segment.address
  const addUnmoved = (to: number) => {
    if (to > at) {
      extents.push({ address: at, size: to - at, offset: segment.offset + at - segment.address })
    }
  }
  for (const run of within) {
    addUnmoved(run.address)
    extents.push(run)
    at = run.address + run.size
  }
  addUnmoved(end)
  return extents
}

function holesOf(address: number, size: number, segments: readonly ProgramHeader[]): Span[] {
  const segment = segments.find(
    (each) => address >= each.address && address + size <= each.address + each.fileSize,
  )
  if (segment === undefined) {
    return []
  }
  const start = segment.offset + address - segment.address
  return [{ start, end: start + size }]
}
