/** Reads one section of an ELF file without the rest of it, which may be a hundred megabytes. */
import { type FileHandle, open } from 'node:fs/promises'
import { ELF_HEADER_SIZE, SECTION_HEADER_SIZE } from './elf-file.ts'

/** The first bytes of an ELF file of 64 bits that is little-endian. */
const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1])

/** The section's content; undefined where the file is no ELF file for Lambda's processors, or has no section of the name. */
export async function readSectionOfFile(path: string, name: string): Promise<Buffer | undefined> {
  const file = await open(path)
  try {
    const header = await read(file, 0, ELF_HEADER_SIZE)
    if (header === undefined || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
      return undefined
    }
    const count = header.readUInt16LE(60)
    const table = await read(file, Number(header.readBigUInt64LE(40)), count * SECTION_HEADER_SIZE)
    const headers = Array.from({ length: table === undefined ? 0 : count }, (_, index) =>
      table?.subarray(index * SECTION_HEADER_SIZE, (index + 1) * SECTION_HEADER_SIZE),
    )
    const names = await contentOf(file, headers[header.readUInt16LE(62)])
    const wanted = Buffer.from(`${name}\0`)
    const found = headers.find((each) => each && names?.subarray(each.readUInt32LE(0)).indexOf(wanted) === 0)
    return await contentOf(file, found)
  } finally {
    await file.close()
  }
}

function contentOf(file: FileHandle, section: Buffer | undefined): Promise<Buffer | undefined> | undefined {
  return section && read(file, Number(section.readBigUInt64LE(24)), Number(section.readBigUInt64LE(32)))
}

/** Undefined where the file has not so much. */
async function read(file: FileHandle, offset: number, size: number): Promise<Buffer | undefined> {
  if (offset + size > (await file.stat()).size) {
    return undefined
  }
  const bytes = Buffer.alloc(size)
  const { bytesRead } = await file.read(bytes, 0, size, offset)
  return bytesRead === size ? bytes : undefined
}
