/** Finds symbols of an ELF file: what it exports, which stays when it is stripped, or all that it has a table of. */
import { type ElfFile, readString } from './elf-file.ts'

export interface ElfSymbol {
  readonly name: string
  /** Where its bytes are in the file. */
  readonly offset: number
  readonly size: number
}

const SYMBOL_BYTES = 24
/** The index of the section that symbols of another file have. */
const ELSEWHERE = 0

/** A symbol at an address of the program's own. */
export interface AddressedSymbol {
  readonly name: string
  readonly address: number
  readonly size: number
  /** The index of its section. */
  readonly section: number
}

/** The symbols of a table that are in one of the file's sections; none where there is no such table. */
export function readSymbols(bytes: Buffer, elf: ElfFile, table: '.dynsym' | '.symtab'): AddressedSymbol[] {
  return [...symbolsIn(bytes, elf, table)].filter(({ section }) => section !== ELSEWHERE)
}

/** Each symbol of a table, those that another file has, too. */
function* symbolsIn(
  bytes: Buffer,
  { sections }: ElfFile,
  table: '.dynsym' | '.symtab',
): Generator<AddressedSymbol> {
  const symbols = sections.find(({ name }) => name === table)
  const names = sections[symbols?.link ?? 0]
  if (symbols === undefined || names === undefined) {
    return
  }
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += SYMBOL_BYTES) {
    const section = sections[bytes.readUInt16LE(at + 6)]
    if (section !== undefined) {
      const name = readString(bytes, names.offset + bytes.readUInt32LE(at))
      const address = Number(bytes.readBigUInt64LE(at + 8))
      yield { name, address, size: Number(bytes.readBigUInt64LE(at + 16)), section: section.index }
    }
  }
}

/** The first exported symbol whose name `pattern` matches; undefined when there is none with bytes in the file. */
export function findSymbol(
  bytes: Buffer,
  elf: ElfFile,
  pattern: RegExp,
  table: '.dynsym' | '.symtab' = '.dynsym',
): ElfSymbol | undefined {
  const found = readSymbols(bytes, elf, table).find(({ name }) => pattern.test(name))
  const section = elf.sections[found?.section ?? 0]
  if (found === undefined || section === undefined) {
    return undefined
  }
  const { name, address, size } = found
  const offset = address - section.address + section.offset
  return offset + size <= section.offset + section.size ? { name, offset, size } : undefined
}

/**
 * Where the program itself has a function of a library: code that goes on to it. Undefined where it has none at a fixed address,
 * which only those have that take a function's address.
 */
export function importedAddress(bytes: Buffer, elf: ElfFile, name: string): number | undefined {
  for (const symbol of symbolsIn(bytes, elf, '.dynsym')) {
    if (symbol.section === ELSEWHERE && symbol.name === name) {
      return symbol.address || undefined
    }
  }
  return undefined
}
