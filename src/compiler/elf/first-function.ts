/**
 * Has the dynamic linker call a function of an executable before anything else of the program, and of its libraries: it becomes
 * the only entry of `DT_PREINIT_ARRAY` (System V ABI, "Initialization and Termination Functions"). By then all are mapped and
 * linked, and nothing of theirs has run.
 *
 * The linker's list of the program's parts, `.dynamic`, has room for it: GNU's linkers leave some entries empty.
 */
import type { ElfFile } from './elf-file.ts'
import type { FileBytes } from './gathered-bytes.ts'

const DYNAMIC = 2
const ENTRY_BYTES = 16
const PREINIT_ARRAY = 32n
const PREINIT_ARRAY_BYTES = 33n
const POINTER_BYTES = 8n
/** Where the type of the file stands; one that is mapped where its addresses say, and nowhere else. */
const TYPE = 16
const AT_FIXED_ADDRESSES = 2

/**
 * Where in the file two entries more fit; undefined where they do not, or the program has such functions already, or its
 * addresses are not known before it runs.
 */
export function roomForFirstFunction(bytes: FileBytes, elf: ElfFile): number | undefined {
  const dynamic = elf.segments.find(({ type }) => type === DYNAMIC)
  if (dynamic === undefined || bytes.readUInt16LE(TYPE) !== AT_FIXED_ADDRESSES) {
    return undefined
  }
  // The segment may have been made as short as its entries; the room then goes on to the next section.
  const behind = elf.sections.map(({ offset }) => offset).filter((offset) => offset > dynamic.offset)
  const end = Math.max(dynamic.offset + dynamic.fileSize, Math.min(...behind))
  for (let at = dynamic.offset; at + 3 * ENTRY_BYTES <= end; at += ENTRY_BYTES) {
    const tag = bytes.readBigUInt64LE(at)
    if (tag === PREINIT_ARRAY) {
      return undefined
    }
    if (tag === 0n) {
      return bytes.subarray(at, at + 3 * ENTRY_BYTES).every((byte) => byte === 0) ? at : undefined
    }
  }
  return undefined
}

/** Writes the entries at `room`, for a pointer to the function that is at `pointer` in memory. */
export function addFirstFunction(bytes: Buffer, room: number, pointer: number): void {
  bytes.writeBigUInt64LE(PREINIT_ARRAY, room)
  bytes.writeBigUInt64LE(BigInt(pointer), room + 8)
  bytes.writeBigUInt64LE(PREINIT_ARRAY_BYTES, room + ENTRY_BYTES)
  bytes.writeBigUInt64LE(POINTER_BYTES, room + ENTRY_BYTES + 8)
}
