/** The symbols of an ELF file that is linked when it is loaded, and what refers to them: see {@link ./dynamic-symbols.ts}. */
import { readString } from './elf-file.ts'
import { HashTable, hashOf } from './gnu-hash.ts'

/** In the order in which they are written. */
export const SECTIONS = [
  '.gnu.hash',
  '.dynsym',
  '.gnu.version',
  '.gnu.version_r',
  '.rela.dyn',
  '.rela.plt',
  '.dynstr',
] as const
export type SectionName = (typeof SECTIONS)[number]
export type Contents = Readonly<Record<SectionName, Buffer>>

/** Of entries of tables: how many bytes they have, and where fields stand. */
const SYMBOL = { bytes: 24, name: 0, section: 6 } as const
const VERSION_BYTES = 2
const RELOCATION = { bytes: 24, symbol: 12 } as const
const LIBRARY = { file: 4, versions: 8, next: 12 } as const
const VERSION = { name: 8, next: 12 } as const

export function eachSection<Value>(make: (name: SectionName) => Value): Record<SectionName, Value> {
  return Object.fromEntries(SECTIONS.map((name) => [name, make(name)])) as Record<SectionName, Value>
}

/** Where each entry of a table begins. */
export function entriesOf(size: number, entryBytes: number): number[] {
  return Array.from({ length: Math.floor(size / entryBytes) }, (_, index) => index * entryBytes)
}

/** What those sections say together. */
export class SymbolTable {
  readonly #contents: Contents
  readonly #count: number
  /** The first symbol that has a hash. Those before it are asked for, and defined elsewhere. */
  readonly #firstHashed: number
  readonly #referred: ReadonlySet<number>

  constructor(contents: Contents) {
    this.#contents = contents
    this.#count = contents['.dynsym'].length / SYMBOL.bytes
    this.#firstHashed = contents['.gnu.hash'].readUInt32LE(4)
    this.#referred = new Set(
      [contents['.rela.dyn'], contents['.rela.plt']].flatMap((table) =>
        entriesOf(table.length, RELOCATION.bytes).map((at) => table.readUInt32LE(at + RELOCATION.symbol)),
      ),
    )
  }

  /** Whether each of the file's own has a hash, and each symbol a version. */
  isHashedWhole(): boolean {
    const unhashed = Array.from({ length: Math.min(this.#firstHashed, this.#count) }, (_, index) => index)
    return (
      this.#firstHashed <= this.#count &&
      this.#contents['.gnu.version'].length === this.#count * VERSION_BYTES &&
      !unhashed.some((index) => this.#isOwn(index))
    )
  }

  #isOwn(index: number): boolean {
    return this.#contents['.dynsym'].readUInt16LE(index * SYMBOL.bytes + SYMBOL.section) !== 0
  }

  hashed(): number[] {
    const count = Math.max(0, this.#count - this.#firstHashed)
    return Array.from({ length: count }, (_, index) => this.#firstHashed + index)
  }

  /** Whether the file cannot do without it. Of others' symbols, those have a hash whose address the program has taken. */
  isNeeded(index: number): boolean {
    return this.#referred.has(index) || !this.#isOwn(index)
  }

  nameAt(offset: number): string {
    return readString(this.#contents['.dynstr'], offset)
  }

  nameOf(index: number): string {
    return this.nameAt(this.#contents['.dynsym'].readUInt32LE(index * SYMBOL.bytes + SYMBOL.name))
  }

  /** The sections with those of the hashed symbols. Adds to `names`. */
  with(hashed: readonly number[], names: NameTable, isAskedFor: (name: string) => boolean): Contents {
    const { '.dynsym': symbols, '.gnu.version': versions } = this.#contents
    const hashes = new HashTable(hashed.map((index) => ({ index, hash: hashOf(this.nameOf(index)) })))
    const unhashed = Array.from({ length: this.#firstHashed }, (_, index) => index)
    const order = [...unhashed, ...hashes.order()]
    const libraries = this.#versionNeeds(names)
    const isFirst = (index: number) => this.isNeeded(index) || isAskedFor(this.nameOf(index))
    const inNameOrder = [...unhashed, ...hashed.filter(isFirst), ...hashed.filter((index) => !isFirst(index))]
    const nameOffsets = new Map(inNameOrder.map((index) => [index, names.add(this.nameOf(index))]))
    const entries = order.map((index) => {
      const entry = Buffer.from(symbols.subarray(index * SYMBOL.bytes, (index + 1) * SYMBOL.bytes))
      entry.writeUInt32LE(nameOffsets.get(index) as number, SYMBOL.name)
      return entry
    })
    const newIndexes = new Map(order.map((index, newIndex) => [index, newIndex]))
    return {
      '.gnu.hash': hashes.toBuffer(this.#firstHashed),
      '.dynsym': Buffer.concat(entries),
      '.gnu.version': Buffer.concat(
        order.map((index) => versions.subarray(index * VERSION_BYTES, (index + 1) * VERSION_BYTES)),
      ),
      '.gnu.version_r': libraries,
      '.rela.dyn': withSymbols(this.#contents['.rela.dyn'], newIndexes),
      '.rela.plt': withSymbols(this.#contents['.rela.plt'], newIndexes),
      '.dynstr': names.toBuffer(),
    }
  }

  #versionNeeds(names: NameTable): Buffer {
    const needs = Buffer.from(this.#contents['.gnu.version_r'])
    const rename = (at: number) => needs.writeUInt32LE(names.add(this.nameAt(needs.readUInt32LE(at))), at)
    for (const library of linked(needs, 0, LIBRARY.next)) {
      rename(library + LIBRARY.file)
      for (const version of linked(
        needs,
        library + needs.readUInt32LE(library + LIBRARY.versions),
        VERSION.next,
      )) {
        rename(version + VERSION.name)
      }
    }
    return needs
  }
}

/** Where the entries of a list begin, each of which says how far it is to the next one; 0 in the last. */
function linked(table: Buffer, first: number, next: number): number[] {
  const places: number[] = []
  for (let at = first; at + next + 4 <= table.length; at += table.readUInt32LE(at + next)) {
    places.push(at)
    if (table.readUInt32LE(at + next) === 0) {
      break
    }
  }
  return places
}

function withSymbols(relocations: Buffer, newIndexes: ReadonlyMap<number, number>): Buffer {
  const changed = Buffer.from(relocations)
  for (const at of entriesOf(changed.length, RELOCATION.bytes)) {
    const index = changed.readUInt32LE(at + RELOCATION.symbol)
    changed.writeUInt32LE(newIndexes.get(index) as number, at + RELOCATION.symbol)
  }
  return changed
}

/** Texts that end with a NUL byte, the empty one first. */
export class NameTable {
  readonly #offsets = new Map([['', 0]])
  #text = '\0'

  /** Where it is. */
  add(name: string): number {
    const offset = this.#offsets.get(name) ?? this.#text.length
    if (offset === this.#text.length) {
      this.#offsets.set(name, offset)
      this.#text += `${name}\0`
    }
    return offset
  }

  toBuffer(): Buffer {
    return Buffer.from(this.#text, 'latin1')
  }
}
