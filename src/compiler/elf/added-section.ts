/**
 * Adds a section that is not mapped to an ELF file: content with a name, which tools find and the program never sees. Nothing
 * that is mapped moves or changes.
 */
import {
  ELF_HEADER_SIZE,
  ElfFormatError,
  type ElfSection,
  parseElf,
  SECTION_HEADER_SIZE,
  SECTION_TYPE,
} from './elf-file.ts'
import type { FileBytes } from './gathered-bytes.ts'

/** Where the fields of the file header stand: System V ABI, "ELF Header". */
const SECTION_HEADERS = 40
const SECTION_COUNT = 60
const NAMES_INDEX = 62

const PROGRAM_DATA = 1
const ALIGNMENT = 8

/** What is other in a file that has the section: all else is as it was. */
export interface SectionChange {
  /** The file header. */
  readonly header: Buffer
  /** What follows the end. */
  readonly tail: Buffer
}

/**
 * What makes of `executable` one with the section. Undefined where it has no section headers, or ones of another size than is
 * known. Throws an ElfFormatError, naming `fileName`.
 */
export function addSection(
  executable: FileBytes,
  fileName: string,
  name: string,
  content: Buffer,
): SectionChange | undefined {
  const { sectionHeaders, sections } = parseElf(executable, fileName)
  const names = sections[executable.readUInt16LE(NAMES_INDEX)]
  if (names === undefined || names.type !== SECTION_TYPE.stringTable) {
    return undefined
  }
  if (sectionHeaders.entrySize !== SECTION_HEADER_SIZE) {
    return undefined
  }
  if (sections.some((section) => section.name === name)) {
    throw new ElfFormatError(`${fileName} has a section ${name} already`)
  }
  const nameTable = Buffer.concat([
    executable.subarray(names.offset, names.offset + names.size),
    Buffer.from(`${name}\0`),
  ])
  const end = executable.length
  const contentOffset = align(end)
  const namesOffset = align(contentOffset + content.length)
  const tableOffset = align(namesOffset + nameTable.length)
  const tableBytes = sections.length * SECTION_HEADER_SIZE
  const tail = Buffer.alloc(tableOffset + tableBytes + SECTION_HEADER_SIZE - end)
  content.copy(tail, contentOffset - end)
  nameTable.copy(tail, namesOffset - end)
  executable.subarray(sectionHeaders.offset, sectionHeaders.offset + tableBytes).copy(tail, tableOffset - end)
  moveNames(tail, tableOffset - end, names, { offset: namesOffset, size: nameTable.length })
  const added = { name: names.size, offset: contentOffset, size: content.length }
  writeHeader(tail, tableOffset + tableBytes - end, added)
  const header = Buffer.from(executable.subarray(0, ELF_HEADER_SIZE))
  header.writeBigUInt64LE(BigInt(tableOffset), SECTION_HEADERS)
  header.writeUInt16LE(sections.length + 1, SECTION_COUNT)
  return { header, tail }
}

/** The section's content; undefined where there is none of the name. Throws an ElfFormatError, naming `fileName`. */
export function readSection(executable: Buffer, fileName: string, name: string): Buffer | undefined {
  const { sections } = parseElf(executable, fileName)
  const found = sections.find((section) => section.name === name)
  if (found === undefined) {
    return undefined
  }
  if (found.offset + found.size > executable.length) {
    throw new ElfFormatError(
      `${fileName} is a damaged ELF file: ${name} leads outside of it; get the file anew`,
    )
  }
  return executable.subarray(found.offset, found.offset + found.size)
}

interface Place {
  readonly offset: number
  readonly size: number
}

function moveNames(bytes: Buffer, table: number, { index }: ElfSection, { offset, size }: Place): void {
  const at = table + index * SECTION_HEADER_SIZE
  bytes.writeBigUInt64LE(BigInt(offset), at + 24)
  bytes.writeBigUInt64LE(BigInt(size), at + 32)
}

/** Flags, address, link and info are 0: not mapped, and of no kin. */
function writeHeader(bytes: Buffer, at: number, { name, offset, size }: Place & { name: number }): void {
  bytes.writeUInt32LE(name, at)
  bytes.writeUInt32LE(PROGRAM_DATA, at + 4)
  bytes.writeBigUInt64LE(BigInt(offset), at + 24)
  bytes.writeBigUInt64LE(BigInt(size), at + 32)
  bytes.writeBigUInt64LE(1n, at + 48)
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT
}
