/**
 * Strips an ELF file: leaves out what is only for debuggers and linkers, so that a deployment package is
 * smaller.
 *
 * A program runs from its segments, and its sections beyond them (symbol table, debug information, notes of
 * the compiler) are dead weight: 18 MB of Node.js. They are at the end of the file, after every segment, so
 * stripping is to end the file there and to write a section header table that names the allocated sections
 * only. Nothing that is mapped moves. `strip` of GNU binutils does the same, but a host need not have it, nor
 * one that knows the other architecture.
 */
import {
  ELF_HEADER_SIZE,
  type ElfFile,
  ElfFormatError,
  type ElfSection,
  parseElf,
  SECTION_FLAG_ALLOCATED,
  SECTION_HEADER_SIZE,
  SECTION_TYPE,
} from './elf-file.ts'

const SECTION_NAME_TABLE = '.shstrtab'

/**
 * The bytes of `executable` without its unallocated sections. Throws {@link ElfFormatError}, naming
 * `fileName`.
 */
export function stripElf(executable: Buffer, fileName: string): Buffer {
  const elf = parseElf(executable, fileName)
  const kept = elf.sections.filter((section) => section.index === 0 || isAllocated(section))
  const loaded = executable.subarray(0, endOfLoadedBytes(elf, executable, fileName))
  const names = sectionNames(kept)
  const namesOffset = loaded.length
  const tableOffset = alignTo8(namesOffset + names.table.length)

  const stripped = Buffer.alloc(tableOffset + (kept.length + 1) * SECTION_HEADER_SIZE)
  loaded.copy(stripped)
  names.table.copy(stripped, namesOffset)
  const newIndexes = new Map(kept.map((section, newIndex) => [section.index, newIndex]))
  kept.forEach((section, newIndex) => {
    const from = elf.sectionHeaders.offset + section.index * elf.sectionHeaders.entrySize
    const to = tableOffset + newIndex * SECTION_HEADER_SIZE
    executable.copy(stripped, to, from, from + SECTION_HEADER_SIZE)
    stripped.writeUInt32LE(names.offsets.get(section.index) ?? 0, to)
    stripped.writeUInt32LE(newIndexes.get(section.link) ?? 0, to + 40)
    if (section.flags & SECTION_FLAG_INFO_IS_INDEX) {
      stripped.writeUInt32LE(newIndexes.get(section.info) ?? 0, to + 44)
    }
  })
  writeNameTableHeader(stripped, tableOffset + kept.length * SECTION_HEADER_SIZE, {
    name: names.ownOffset,
    offset: namesOffset,
    size: names.table.length,
  })
  writeFileHeader(stripped, { tableOffset, count: kept.length + 1 })
  return stripped
}

/** The section's `info` is the index of another section (SHF_INFO_LINK). */
const SECTION_FLAG_INFO_IS_INDEX = 0x40n

function isAllocated(section: ElfSection): boolean {
  return (section.flags & SECTION_FLAG_ALLOCATED) !== 0n
}

/** Where the last byte that is mapped, or that describes what is mapped, ends. */
function endOfLoadedBytes(elf: ElfFile, executable: Buffer, fileName: string): number {
  const end = Math.max(
    ELF_HEADER_SIZE,
    elf.programHeaders.offset + elf.programHeaders.count * elf.programHeaders.entrySize,
    ...elf.segments.map((segment) => segment.offset + segment.fileSize),
    ...elf.sections
      .filter((section) => isAllocated(section) && section.type !== SECTION_TYPE.noBits)
      .map((section) => section.offset + section.size),
  )
  if (end > executable.length) {
    throw new ElfFormatError(
      `${fileName} is a damaged ELF file: it needs ${end} bytes and has ${executable.length}; get the file anew`,
    )
  }
  return end
}

/** A string table of the kept sections' names and its own, and where in it each name is. */
function sectionNames(kept: readonly ElfSection[]) {
  const offsets = new Map<number, number>()
  let text = '\0'
  for (const section of kept.filter(({ index }) => index !== 0)) {
    offsets.set(section.index, text.length)
    text += `${section.name}\0`
  }
  const ownOffset = text.length
  return { offsets, ownOffset, table: Buffer.from(`${text}${SECTION_NAME_TABLE}\0`, 'latin1') }
}

function writeNameTableHeader(
  bytes: Buffer,
  at: number,
  table: { name: number; offset: number; size: number },
) {
  bytes.writeUInt32LE(table.name, at)
  bytes.writeUInt32LE(SECTION_TYPE.stringTable, at + 4)
  bytes.writeBigUInt64LE(BigInt(table.offset), at + 24)
  bytes.writeBigUInt64LE(BigInt(table.size), at + 32)
  bytes.writeBigUInt64LE(1n, at + 48)
}

function writeFileHeader(bytes: Buffer, table: { tableOffset: number; count: number }) {
  bytes.writeBigUInt64LE(BigInt(table.tableOffset), 40)
  bytes.writeUInt16LE(SECTION_HEADER_SIZE, 58)
  bytes.writeUInt16LE(table.count, 60)
  bytes.writeUInt16LE(table.count - 1, 62)
}

function alignTo8(offset: number): number {
  return Math.ceil(offset / 8) * 8
}
