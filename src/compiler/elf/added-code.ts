/** Code of our own in an ELF file: behind the program's own, where the segment ends and its last page does not. */
import { type ElfFile, SECTION_FLAG_ALLOCATED, SECTION_TYPE } from './elf-file.ts'
import { growSegment, type ProgramHeader, readProgramHeaders, SEGMENT_TYPE } from './program-headers.ts'

const ALIGNMENT = 16

export interface AddedCode {
  readonly bytes: Buffer
  /** Where the code is. */
  readonly address: number
}

/**
 * The bytes of `executable` with the code that `makeCode` gives for an address, a multiple of 16. It is near the code
 * at the address `beside`. Undefined where there is no room for it.
 */
export function addCode(
  executable: Buffer,
  elf: ElfFile,
  beside: number,
  makeCode: (address: number) => Buffer,
): AddedCode | undefined {
  const place = placeBehind(executable, elf, beside)
  if (place === undefined) {
    return undefined
  }
  const { header, offset, address } = place
  const code = makeCode(address)
  if (
    code.length > place.room ||
    executable.subarray(offset, offset + code.length).some((byte) => byte !== 0)
  ) {
    return undefined
  }
  const bytes = Buffer.from(executable)
  code.copy(bytes, offset)
  growSegment(bytes, elf, header, offset + code.length - header.offset)
  return { bytes, address }
}

interface Place {
  readonly header: ProgramHeader
  readonly offset: number
  readonly address: number
  /** In bytes. */
  readonly room: number
}

/** Behind the segment that the code at `address` is in: neither the file nor the memory has anything there. */
function placeBehind(bytes: Buffer, elf: ElfFile, address: number): Place | undefined {
  const headers = readProgramHeaders(bytes, elf).filter(({ type }) => type === SEGMENT_TYPE.load)
  const header = headers.find((one) => address >= one.address && address < one.address + one.fileSize)
  if (header === undefined || header.memorySize !== header.fileSize) {
    return undefined
  }
  const size = Math.ceil(header.fileSize / ALIGNMENT) * ALIGNMENT
  const end = header.offset + header.fileSize
  const next = [
    bytes.length,
    elf.sectionHeaders.offset,
    ...headers.map(({ offset }) => offset),
    ...elf.sections.filter(takesPlace).map(({ offset }) => offset),
  ].filter((offset) => offset >= end)
  const nextInMemory = headers.map((one) => one.address).filter((one) => one > header.address)
  const room = Math.min(
    Math.min(...next) - header.offset,
    // The next one's first page is mapped whole.
    ...nextInMemory.map((one) => one - (one % header.align) - header.address),
  )
  return { header, offset: header.offset + size, address: header.address + size, room: room - size }
}

function takesPlace({ flags, type, size }: ElfFile['sections'][number]): boolean {
  return size > 0 && (type !== SECTION_TYPE.noBits || (flags & SECTION_FLAG_ALLOCATED) === 0n)
}
