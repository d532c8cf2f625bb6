/**
 * Leaves symbols out of what an ELF file exports, and lays what the dynamic linker reads of the rest side by side.
 *
 * It is in sections that follow each other (System V ABI, "Dynamic Linking"; of `.gnu.hash`, glibc's `elf/dl-lookup.c` tells), and
 * they are written anew in their place, which has room for fewer symbols:
 *
 *     .gnu.hash       which name is which symbol's: a Bloom filter, buckets, and the hash of each symbol
 *     .dynsym         the symbols, those with a hash in the order of their buckets
 *     .gnu.version    the version of each
 *     .gnu.version_r  versions of other libraries
 *     .rela.dyn       relocations, some of which name a symbol
 *     .rela.plt
 *     .dynstr         names: those that the file itself asks for, those that others are likely to, and the rest
 *
 * The dynamic linker compares a name only where its hash is the same. So most of `.dynstr`, which is more than all else, is not
 * read as a program starts, and comes last.
 */
import { type ElfFile, type ElfSection, parseElf, SECTION_HEADER_SIZE } from './elf-file.ts'
import { growSegment, readProgramHeaders, SEGMENT_TYPE } from './program-headers.ts'
import {
  type Contents,
  eachSection,
  entriesOf,
  NameTable,
  SECTIONS,
  type SectionName,
  SymbolTable,
} from './symbol-table.ts'

type Sections = Readonly<Record<SectionName, ElfSection>>

const DYNAMIC = { bytes: 16, value: 8 } as const
const SECTION_HEADER = { address: 16, offset: 24, size: 32 } as const

/** Tags of `.dynamic` whose values are addresses of sections. */
const ADDRESSES: ReadonlyMap<number, SectionName> = new Map([
  [5, '.dynstr'],
  [6, '.dynsym'],
  [7, '.rela.dyn'],
  [23, '.rela.plt'],
  [0x6ffffef5, '.gnu.hash'],
  [0x6ffffff0, '.gnu.version'],
  [0x6ffffffe, '.gnu.version_r'],
])
const SIZE_OF_NAMES = 10
/** Whose values are names: libraries that are needed, the file's own name, and paths of two kinds. */
const NAMED: ReadonlySet<number> = new Set([1, 14, 15, 29])
/** The older table of hashes, and versions of the file's own: nothing is known here of files that have them. */
const UNKNOWN: ReadonlySet<number> = new Set([4, 0x6ffffffc])

const ALIGNMENT = 8

export interface SymbolChoice {
  /** Whether a symbol that the file defines stays. Those that its relocations name stay in any case. */
  readonly isKept: (name: string) => boolean
  /** Whether another library is likely to ask for it as the program starts. */
  readonly isAskedFor: (name: string) => boolean
}

interface DynamicEntry {
  /** Where in the file it is. */
  readonly place: number
  readonly tag: number
  readonly value: number
}

/**
 * The file's bytes with those symbols; the same ones where all stay. Undefined where it is not laid out as is known here, or what
 * is left needs more room. Throws an
 * ElfFormatError, naming `fileName`.
 */
export function keepSymbols(executable: Buffer, fileName: string, choice: SymbolChoice): Buffer | undefined {
  const elf = parseElf(executable, fileName)
  const sections = findSections(elf)
  const dynamic = readDynamic(executable, elf)
  if (sections === undefined || dynamic.some(({ tag }) => UNKNOWN.has(tag))) {
    return undefined
  }
  const table = new SymbolTable(contentsOf(executable, sections))
  if (!table.isHashedWhole()) {
    return undefined
  }
  const hashed = table.hashed().filter((index) => choice.isKept(table.nameOf(index)) || table.isNeeded(index))
  if (hashed.length === table.hashed().length) {
    return executable
  }
  const names = new NameTable()
  const named = dynamic
    .filter(({ tag }) => NAMED.has(tag))
    .map(({ place, value }) => ({ place, value: names.add(table.nameAt(value)) }))
  const contents = table.with(hashed, names, choice.isAskedFor)
  const { start, end } = extentOf(sections)
  if (SECTIONS.reduce((at, name) => placeBehind(at, contents[name]), start) > end) {
    return undefined
  }
  const bytes = Buffer.from(executable)
  const addresses = writeSections(bytes, elf, sections, contents)
  const changed = dynamic.flatMap(({ place, tag }) => {
    const section = ADDRESSES.get(tag)
    const value = section === undefined ? contents['.dynstr'].length : addresses[section]
    return section !== undefined || tag === SIZE_OF_NAMES ? [{ place, value }] : []
  })
  for (const { place, value } of [...named, ...changed]) {
    bytes.writeBigUInt64LE(BigInt(value), place + DYNAMIC.value)
  }
  return bytes
}

/** Undefined where they do not follow each other. */
function findSections({ sections }: ElfFile): Sections | undefined {
  const found = SECTIONS.flatMap((name) => sections.find((section) => section.name === name) ?? [])
  const inOrder = found.toSorted((left, right) => left.offset - right.offset)
  const follow = inOrder.slice(1).every((section, index) => {
    const before = inOrder[index] as ElfSection
    const gap = section.offset - before.offset - before.size
    return gap >= 0 && gap < ALIGNMENT && section.address - before.address === section.offset - before.offset
  })
  return found.length === SECTIONS.length && follow
    ? (Object.fromEntries(found.map((section) => [section.name, section])) as Record<SectionName, ElfSection>)
    : undefined
}

function contentsOf(bytes: Buffer, sections: Sections): Contents {
  return eachSection((name) => {
    const { offset, size } = sections[name]
    return bytes.subarray(offset, offset + size)
  })
}

function readDynamic(bytes: Buffer, { sections }: ElfFile): DynamicEntry[] {
  const { offset = 0, size = 0 } = sections.find(({ name }) => name === '.dynamic') ?? {}
  return entriesOf(size, DYNAMIC.bytes).map((at) => ({
    place: offset + at,
    tag: Number(bytes.readBigUInt64LE(offset + at)),
    value: Number(bytes.readBigUInt64LE(offset + at + DYNAMIC.value)),
  }))
}

/** Where in the file they are, all together. */
function extentOf(sections: Sections): { readonly start: number; readonly end: number } {
  const all = SECTIONS.map((name) => sections[name])
  return {
    start: Math.min(...all.map(({ offset }) => offset)),
    end: Math.max(...all.map(({ offset, size }) => offset + size)),
  }
}

function placeBehind(place: number, { length }: Buffer): number {
  return Math.ceil((place + length) / ALIGNMENT) * ALIGNMENT
}

/** Writes them side by side from where the first one was on. Returns their addresses. */
function writeSections(
  bytes: Buffer,
  elf: ElfFile,
  sections: Sections,
  contents: Contents,
): Readonly<Record<SectionName, number>> {
  const { start, end } = extentOf(sections)
  bytes.fill(0, start, end)
  let at = start
  const addresses = eachSection((name) => {
    const { index, address, offset } = sections[name]
    const place = at
    contents[name].copy(bytes, place)
    at = placeBehind(place, contents[name])
    const header = elf.sectionHeaders.offset + index * SECTION_HEADER_SIZE
    bytes.writeBigUInt64LE(BigInt(place + address - offset), header + SECTION_HEADER.address)
    bytes.writeBigUInt64LE(BigInt(place), header + SECTION_HEADER.offset)
    bytes.writeBigUInt64LE(BigInt(contents[name].length), header + SECTION_HEADER.size)
    return place + address - offset
  })
  // Where nothing else is behind them, nothing is to be mapped.
  for (const header of readProgramHeaders(bytes, elf)) {
    if (header.type === SEGMENT_TYPE.load && header.offset + header.fileSize === end) {
      growSegment(bytes, elf, header, at - header.offset)
    }
  }
  return addresses
}
