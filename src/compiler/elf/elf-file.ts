/**
 * The parts of an ELF file that the build reads and rewrites: its header, its segments and its sections.
 *
 * Only what AWS Lambda runs is understood: 64-bit, little endian, x86-64 and AArch64. Layout and constants
 * are those of the System V ABI, "Object Files".
 */

import type { FileBytes } from './gathered-bytes.ts'

export type Architecture = 'x64' | 'arm64'

/**
 * One entry of the program header table: bytes `offset` to `offset + fileSize` are mapped when the program
 * runs.
 */
export interface ElfSegment {
  readonly type: number
  readonly offset: number
  readonly fileSize: number
}

export interface ElfSection {
  readonly name: string
  readonly index: number
  readonly type: number
  readonly flags: bigint
  /** Where it is in memory when the program runs; 0 when it is not mapped. */
  readonly address: number
  readonly offset: number
  readonly size: number
  /** Index of a related section; for dynamic ones the string table of the names. */
  readonly link: number
  /** Depends on the type; for version needs the number of entries. */
  readonly info: number
}

export interface ElfFile {
  readonly architecture: Architecture
  readonly programHeaders: { readonly offset: number; readonly entrySize: number; readonly count: number }
  readonly sectionHeaders: { readonly offset: number; readonly entrySize: number; readonly count: number }
  readonly segments: readonly ElfSegment[]
  readonly sections: readonly ElfSection[]
}

export const SECTION_TYPE = { null: 0, stringTable: 3, noBits: 8, versionNeed: 0x6ffffffe } as const
export const SECTION_FLAG_ALLOCATED = 2n

/** Where the fields of the file header and of a section header stand. */
export const ELF_HEADER_SIZE = 64
export const SECTION_HEADER_SIZE = 64

const MACHINES: Readonly<Record<number, Architecture>> = { 62: 'x64', 183: 'arm64' }

/** The file is no ELF file, or one that AWS Lambda could not run. */
export class ElfFormatError extends Error {
  override readonly name = 'ElfFormatError'
}

/**
 * Reads the tables of an ELF file that is wholly in `bytes`. Throws {@link ElfFormatError}, naming
 * `fileName`.
 */
export function parseElf(bytes: FileBytes, fileName: string): ElfFile {
  const architecture = readArchitecture(bytes.subarray(0, ELF_HEADER_SIZE), fileName)
  try {
    const programHeaders = {
      offset: readOffset(bytes, 32),
      entrySize: bytes.readUInt16LE(54),
      count: bytes.readUInt16LE(56),
    }
    const sectionHeaders = {
      offset: readOffset(bytes, 40),
      entrySize: bytes.readUInt16LE(58),
      count: bytes.readUInt16LE(60),
    }
    const segments = readSegments(bytes, programHeaders)
    const sections = readSections(bytes, sectionHeaders, bytes.readUInt16LE(62))
    return { architecture, programHeaders, sectionHeaders, segments, sections }
  } catch (error) {
    throw new ElfFormatError(
      `${fileName} is a damaged ELF file: one of its tables leads outside of it; get the file anew`,
      {
        cause: error,
      },
    )
  }
}

/** The architecture that an ELF file is for, from its first 64 bytes. Throws {@link ElfFormatError}. */
export function readArchitecture(bytes: Buffer, fileName: string): Architecture {
  if (bytes.length < ELF_HEADER_SIZE || bytes.readUInt32BE(0) !== 0x7f454c46) {
    throw new ElfFormatError(
      `${fileName} is not an ELF file, as programs for Linux are; give a Node.js binary for Linux`,
    )
  }
  if (bytes[4] !== 2 || bytes[5] !== 1) {
    throw new ElfFormatError(
      `${fileName} is not a 64-bit little-endian ELF file; give a Node.js binary for x64 or arm64`,
    )
  }
  const machine = bytes.readUInt16LE(18)
  const architecture = MACHINES[machine]
  if (architecture === undefined) {
    throw new ElfFormatError(
      `${fileName} is for a machine that AWS Lambda does not have (ELF machine ${machine}); give a Node.js binary for x64 or arm64`,
    )
  }
  return architecture
}

/** Where four bytes at `address` in memory are in the file, if they are in the section and aligned. */
export function wordOffset(section: ElfSection, address: number): number | undefined {
  const at = address - section.address
  return at >= 0 && at + 4 <= section.size && at % 4 === 0 ? section.offset + at : undefined
}

/** The string that starts at `offset` and ends before the next NUL byte. */
export function readString(bytes: FileBytes, offset: number): string {
  const end = bytes.indexOf(0, offset)
  if (offset >= bytes.length || end === -1) {
    throw new RangeError(`no string at ${offset}`)
  }
  return bytes.subarray(offset, end).toString('latin1')
}

function readSegments(bytes: FileBytes, table: ElfFile['programHeaders']): ElfSegment[] {
  return Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * table.entrySize
    return {
      type: bytes.readUInt32LE(at),
      offset: readOffset(bytes, at + 8),
      fileSize: readOffset(bytes, at + 32),
    }
  })
}

function readSections(
  bytes: FileBytes,
  table: ElfFile['sectionHeaders'],
  nameTableIndex: number,
): ElfSection[] {
  const nameTable = table.offset + nameTableIndex * table.entrySize
  const names = table.count === 0 ? 0 : readOffset(bytes, nameTable + 24)
  return Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * table.entrySize
    return {
      name: readString(bytes, names + bytes.readUInt32LE(at)),
      index,
      type: bytes.readUInt32LE(at + 4),
      flags: bytes.readBigUInt64LE(at + 8),
      address: readOffset(bytes, at + 16),
      offset: readOffset(bytes, at + 24),
      size: readOffset(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
      info: bytes.readUInt32LE(at + 44),
    }
  })
}

/** A 64-bit offset, address or size; no file here is near 2^53 bytes, so a number holds it or the file is damaged. */
function readOffset(bytes: FileBytes, at: number): number {
  const value = bytes.readBigUInt64LE(at)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`no offset at ${at}: ${value}`)
  }
  return Number(value)
}
