/** Which bytes of an executable are which part of the Node.js in it. */
import { ELF_HEADER_SIZE, type ElfFile, type ElfSection, SECTION_TYPE } from '../../compiler/elf/elf-file.ts'
import { readSymbols } from '../../compiler/elf/elf-symbols.ts'
import type { Claim, PartPath } from './file-parts.ts'
import { icuParts } from './icu-parts.ts'
import { findNodeContent } from './node-content.ts'
import type { NodeImage } from './node-image.ts'
import { NODE, OF_NODE } from './part-names.ts'
import type { Span } from './sea-blob.ts'

/** Bytes that are in the Node.js as it is published, and not in the executable, or are zeros or spaces there. */
export interface LeftOut {
  readonly unwindTables: number
  readonly icuData: number
  readonly typeScriptParser: number
}

export interface NodeParts {
  readonly claims: readonly Claim[]
  readonly leftOut: LeftOut
}

const FLAG = { writable: 1n, allocated: 2n, executable: 4n } as const
const SYMBOLS = /^\.(?:gnu\.hash|hash|dynsym|dynstr|gnu\.version(?:_[rd])?|rela?\.(?:dyn|plt)|relr\.dyn)$/
const UNWIND = /^\.(?:eh_frame|eh_frame_hdr|gcc_except_table)$/

/** `added` is what in the file is not Node.js's, whatever sections are there. */
export function nodeParts(bytes: Buffer, elf: ElfFile, image: NodeImage, added: Span): NodeParts {
  const { sections, programHeaders, sectionHeaders } = elf
  const allocated = sections
    .filter(isInFile)
    .filter(({ offset }) => offset < added.start || offset >= added.end)
  const readOnly = sections.find(({ name }) => name === '.rodata')
  const content = readOnly === undefined ? NOTHING : readOnlyParts(bytes, elf, image, readOnly)
  const headers: Span[] = [
    { start: 0, end: ELF_HEADER_SIZE },
    spanOf(programHeaders.offset, programHeaders.count * programHeaders.entrySize),
    spanOf(sectionHeaders.offset, sectionHeaders.count * sectionHeaders.entrySize),
    ...sections.filter(({ name }) => name === '.shstrtab').map(({ offset, size }) => spanOf(offset, size)),
  ]
  return {
    claims: [
      ...allocated.flatMap((section) =>
        claimsAt(image, section.address, section.size, [NODE, kindOf(section)]),
      ),
      ...image.holes.map((hole) => ({ ...hole, path: [NODE, OF_NODE.empty] })),
      ...headers.map((span) => ({ ...span, path: [NODE, OF_NODE.headers] })),
      ...content.claims,
    ],
    leftOut: {
      ...content.leftOut,
      unwindTables: sections
        .filter(({ name }) => name === '.eh_frame' || name === '.eh_frame_hdr')
        .reduce((sum, { address, size }) => sum + countZeros(image.read(address, size)), 0),
    },
  }
}

const NOTHING: { claims: Claim[]; leftOut: Omit<LeftOut, 'unwindTables'> } = {
  claims: [],
  leftOut: { icuData: 0, typeScriptParser: 0 },
}

function isInFile({ flags, type, size, address }: ElfSection): boolean {
  return (flags & FLAG.allocated) !== 0n && type !== SECTION_TYPE.noBits && size > 0 && address > 0
}

function kindOf({ name, flags }: ElfSection): string {
  if (SYMBOLS.test(name)) {
    return OF_NODE.symbols
  }
  if (UNWIND.test(name)) {
    return OF_NODE.unwind
  }
  if ((flags & FLAG.executable) !== 0n) {
    return OF_NODE.code
  }
  return (flags & FLAG.writable) === 0n ? OF_NODE.readOnly : OF_NODE.data
}

function spanOf(offset: number, size: number): Span {
  return { start: offset, end: offset + size }
}

function claimsAt(image: NodeImage, address: number, size: number, path: PartPath): Claim[] {
  return image.spans(address, size).map((span) => ({ ...span, path }))
}

const CONTENT = {
  'code cache': OF_NODE.codeCaches,
  snapshot: OF_NODE.snapshots,
  source: OF_NODE.sources,
} as const

/** ICU's data has a symbol. What is in the rest is told by what it looks like. */
function readOnlyParts(bytes: Buffer, elf: ElfFile, image: NodeImage, section: ElfSection): typeof NOTHING {
  const claims: Claim[] = []
  const found = readSymbols(bytes, elf, '.dynsym').find(({ name }) => /^icudt\d+_dat$/.test(name))
  const icu = found && found.address >= section.address ? found : undefined
  let icuData = 0
  if (icu !== undefined) {
    const parts = icuParts(image.read(icu.address, icu.size))
    icuData = icu.size - parts.usedBytes
    claims.push(...claimsAt(image, icu.address, icu.size, [NODE, OF_NODE.empty]))
    for (const { path, start, end } of parts.items) {
      claims.push(...claimsAt(image, icu.address + start, end - start, [NODE, OF_NODE.icu, ...path]))
    }
  }
  const around =
    icu === undefined
      ? [{ address: section.address, size: section.size }]
      : [
          { address: section.address, size: icu.address - section.address },
          { address: icu.address + icu.size, size: section.address + section.size - icu.address - icu.size },
        ]
  let typeScriptParser = 0
  for (const { address, size } of around.filter((part) => part.size > 0)) {
    const data = image.read(address, size)
    for (const { kind, start, end } of findNodeContent(data)) {
      claims.push(...claimsAt(image, address + start, end - start, [NODE, CONTENT[kind]]))
    }
    const blank = findBlank(data)
    if (blank !== undefined) {
      typeScriptParser += blank.end - blank.start
      claims.push(...claimsAt(image, address + blank.start, blank.end - blank.start, [NODE, OF_NODE.empty]))
    }
  }
  return { claims, leftOut: { icuData, typeScriptParser } }
}

const FEWEST_SPACES = 65_536
const SPACE = 32

/** A long run of spaces: where the TypeScript parser was. */
function findBlank(data: Buffer): Span | undefined {
  const found = data.indexOf(Buffer.alloc(FEWEST_SPACES, SPACE))
  if (found === -1) {
    return undefined
  }
  let end = found + FEWEST_SPACES
  while (data[end] === SPACE) {
    end += 1
  }
  return { start: found, end }
}

function countZeros(data: Buffer): number {
  let zeros = 0
  for (const byte of data) {
    zeros += byte === 0 ? 1 : 0
  }
  return zeros
}
