/** Finds symbols of an ELF file: what it exports, which stays when it is stripped, or all that it has a table of. */
import { type ElfFile, readString } from './elf-file.ts'

export interface ElfSymbol {
  readonly name: string
  /** Where its bytes are in the file. */
  readonly offset: number
  readonly size: number
}

const SYMBOL_BYTES = 24

/** The first exported symbol whose name `pattern` matches; undefined when there is none with bytes in the file. */
export function findSymbol(
  bytes: Buffer,
  { sections }: ElfFile,
  pattern: RegExp,
  table: '.dynsym' | '.symtab' = '.dynsym',
): ElfSymbol | undefined {
  const symbols = sections.find(({ name }) => name === table)
  const names = sections[symbols?.link ?? 0]
  if (symbols === undefined || names === undefined) {
    return undefined
  }
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += SYMBOL_BYTES) {
    const section = sections[bytes.readUInt16LE(at + 6)]
    const name = readString(bytes, names.offset + bytes.readUInt32LE(at))
    // The section with the index 0 is that of symbols which another file has.
    if (section !== undefined && section.index !== 0 && pattern.test(name)) {
      const address = Number(bytes.readBigUInt64LE(at + 8))
      const size = Number(bytes.readBigUInt64LE(at + 16))
      const offset = address - section.address + section.offset
      return offset + size <= section.offset + section.size ? { name, offset, size } : undefined
    }
  }
  return undefined
}
