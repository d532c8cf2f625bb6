/** Reads only the header of a file, to tell what machine it is for, however big it is. */
import { open } from 'node:fs/promises'
import { ELF_HEADER_SIZE } from './elf-file.ts'

export interface ElfHeader {
  /** 64 bytes, or all there are. */
  readonly header: Buffer
  /** The whole file, in bytes. */
  readonly size: number
  readonly mtimeMs: number
}

export async function readHeader(path: string): Promise<ElfHeader> {
  const file = await open(path)
  try {
    const { size, mtimeMs } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(ELF_HEADER_SIZE), 0, ELF_HEADER_SIZE, 0)
    return { header: buffer.subarray(0, bytesRead), size, mtimeMs }
  } finally {
    await file.close()
  }
}
