/**
 * Empties the unwind tables of a Node.js binary of all that no C++ exception can need: 1.6 MB of a package.
 *
 * The tables say how to get from a function's frame to its caller's. Those who read them are debuggers, `backtrace`,
 * which Node.js calls to show native frames when it dies of a bug of its own, and whoever throws C++ exceptions. Node.js,
 * V8 and ICU are compiled without exceptions. What is compiled with them is what Node.js links in of others: parts of
 * libstdc++, and from Node.js 26 on the Rust library behind Temporal. Their functions are known by having a table of
 * handlers (an LSDA), and keep what they have; so do the functions between them, which the linker puts in one place
 * with them, and which an exception may pass through. That is one function in a hundred.
 *
 * Native addons have tables of their own, so what they throw and catch among themselves works. What they throw through
 * JavaScript ends the process with any Node.js: the code that V8 makes has no tables.
 *
 * Nothing moves: the tables keep their places, and what is left out becomes zeros, which a zip holds for nothing. The
 * formats are those of the Linux Standard Base, "Exception Frames" (`.eh_frame`, `.eh_frame_hdr`), with constants of
 * DWARF.
 */
import { type ElfSection, parseElf } from './elf-file.ts'

/** How far apart, in bytes of code, two functions with handlers may be for those between to be of the same library. */
const SAME_LIBRARY = 32_768

/** `.eh_frame_hdr`: its version and how its fields are written. All linkers write this one. */
const INDEX_HEADER = 0x3b_03_1b_01
const INDEX_HEADER_BYTES = 12
const INDEX_ENTRY_BYTES = 8

/** A function's entry in the index, in the order of the functions' addresses. */
interface IndexEntry {
  /** Relative to the index. */
  readonly functionAddress: number
  /** Where its frame description starts, in the section of those. */
  readonly description: number
}

/**
 * The bytes of `executable` with what exceptions need of its unwind tables; `executable` itself when it has no such
 * tables, or some that are written in another way. Throws ElfFormatError, naming `fileName`.
 */
export function emptyUnwindTables(executable: Buffer, fileName: string): Buffer {
  const { sections } = parseElf(executable, fileName)
  const descriptions = sections.find(({ name }) => name === '.eh_frame')
  const index = sections.find(({ name }) => name === '.eh_frame_hdr')
  if (!descriptions || !index) {
    return executable
  }
  try {
    const entries = readIndex(executable, index, descriptions)
    if (entries === undefined) {
      return executable
    }
    const kept = neededEntries(executable, descriptions, entries)
    return kept === undefined ? executable : withOnly(kept, executable, index, descriptions)
  } catch (error) {
    if (error instanceof RangeError) {
      return executable // Something leads outside: not written as is known here.
    }
    throw error
  }
}

function readIndex(bytes: Buffer, index: ElfSection, descriptions: ElfSection): IndexEntry[] | undefined {
  if (bytes.readUInt32LE(index.offset) !== INDEX_HEADER) {
    return undefined
  }
  const count = bytes.readUInt32LE(index.offset + 8)
  if (INDEX_HEADER_BYTES + count * INDEX_ENTRY_BYTES > index.size) {
    return undefined
  }
  return Array.from({ length: count }, (_, position) => {
    const at = index.offset + INDEX_HEADER_BYTES + position * INDEX_ENTRY_BYTES
    return {
      functionAddress: bytes.readInt32LE(at),
      description: index.address + bytes.readInt32LE(at + 4) - descriptions.address,
    }
  })
}

/** The entries of functions with handlers, and of those between them; undefined when that cannot be told. */
function neededEntries(
  bytes: Buffer,
  section: ElfSection,
  entries: readonly IndexEntry[],
): IndexEntry[] | undefined {
  const kept: IndexEntry[] = []
  let between: IndexEntry[] = []
  let last: IndexEntry | undefined
  for (const entry of entries) {
    const handlers = hasHandlers(bytes, section, entry.description)
    if (handlers === undefined) {
      return undefined
    }
    if (!handlers) {
      between.push(entry)
      continue
    }
    const near = last !== undefined && entry.functionAddress - last.functionAddress <= SAME_LIBRARY
    kept.push(...(near ? between : []), entry)
    between = []
    last = entry
  }
  return kept
}

/** Whether a function has a table of handlers; undefined when its description is not written as is known here. */
function hasHandlers(bytes: Buffer, section: ElfSection, description: number): boolean | undefined {
  const common = readString(bytes, section, commonPartOf(bytes, section, description) + 9)
  // z: the lengths of what follows are told; R: how addresses are written; P and L: there are handlers; S: a signal's.
  // Others, on AArch64, sign return addresses (B), or are of the past (eh).
  if (!/^zP?L?R?[SB]*$/.test(common)) {
    return undefined
  }
  return common.includes('L')
}

/** Where the part begins that a description has in common with others. */
function commonPartOf(bytes: Buffer, section: ElfSection, description: number): number {
  const pointer = description + 4
  return pointer - bytes.readUInt32LE(section.offset + pointer)
}

function readString(bytes: Buffer, section: ElfSection, at: number): string {
  const start = section.offset + at
  return bytes.toString('latin1', start, bytes.indexOf(0, start))
}

function withOnly(
  kept: readonly IndexEntry[],
  executable: Buffer,
  index: ElfSection,
  section: ElfSection,
): Buffer {
  const bytes = Buffer.from(executable)
  bytes.fill(0, section.offset, section.offset + section.size)
  const copy = (record: number) => {
    const start = section.offset + record
    executable.copy(bytes, start, start, start + 4 + executable.readUInt32LE(start))
  }
  for (const { description } of kept) {
    copy(description)
    copy(commonPartOf(executable, section, description))
  }
  bytes.fill(0, index.offset + INDEX_HEADER_BYTES, index.offset + index.size)
  bytes.writeUInt32LE(kept.length, index.offset + 8)
  kept.forEach(({ functionAddress, description }, position) => {
    const at = index.offset + INDEX_HEADER_BYTES + position * INDEX_ENTRY_BYTES
    bytes.writeInt32LE(functionAddress, at)
    bytes.writeInt32LE(section.address + description - index.address, at + 4)
  })
  return bytes
}
