/**
 * Has V8 make baseline code (Sparkplug's) in larger lots, so that what a first invocation runs is not compiled while it runs.
 *
 * V8 makes baseline code of a function that has been called some times, in another thread, as soon as it has a lot of them. The
 * lots are small, and a function with an AWS SDK client has many of them in its init phase and its first invocation. At 128 MB,
 * a fourteenth of a processor, this was a quarter of the time that the first invocation took. What is called often gets its lot
 * all the same, and what is called very often Maglev's code, as ever.
 *
 * How large a lot is says an option of V8, `--baseline-batch-compilation-threshold`. Given as an option, it would count: code
 * caches and snapshots are made for the options that differ from their defaults, and others are void. So the default is
 * changed, and with it the variable that begins with it. V8 has a table of its options (`Flag` of src/flags/flags.h),
 * whose entries begin with an option's type and the addresses of its name, of its variable and of its default.
 */

import { type ElfFile, type ElfSection, parseElf, wordOffset } from '../elf/elf-file.ts'
import type { ChangedNode } from './changed-node.ts'

const OPTION = 'baseline_batch_compilation_threshold'
/** `TYPE_INT` of V8's `FlagType`. */
const INT = 2
/** In bytes of machine code, as V8 estimates it. */
const PUBLISHED = 4096
const WANTED = 65_536

const KEPT =
  'this Node.js compiles functions in small lots while the first invocation runs, up to a quarter of its time: V8’s option for that is not as in Node.js 22, 24 and 26'

/** In an entry of the table, in bytes. */
const ENTRY = { type: 0, name: 8, variable: 16, default: 24 } as const

/** `executable` with that change. Throws an ElfFormatError, naming `fileName`. */
export function compileInLargerLots(executable: Buffer, fileName: string): ChangedNode {
  const elf = parseElf(executable, fileName)
  const places = findValues(executable, elf)
  if (places?.every((place) => executable.readInt32LE(place) === WANTED)) {
    return { bytes: executable, kept: undefined }
  }
  if (!places?.every((place) => executable.readInt32LE(place) === PUBLISHED)) {
    return { bytes: executable, kept: KEPT }
  }
  const bytes = Buffer.from(executable)
  for (const place of places) {
    bytes.writeInt32LE(WANTED, place)
  }
  return { bytes, kept: undefined }
}

/** Where in the file the option's variable and its default are; undefined where the table is not as it is known. */
function findValues(bytes: Buffer, elf: ElfFile): number[] | undefined {
  const [data, constants] = ['.data', '.rodata'].map((wanted) =>
    elf.sections.find(({ name }) => name === wanted),
  )
  if (data === undefined || constants === undefined) {
    return undefined
  }
  const variables = contentOf(bytes, data)
  // A linker lets a text be the end of a longer one, so there may be several.
  const entries = occurrences(contentOf(bytes, constants), Buffer.from(`${OPTION}\0`))
    .flatMap((at) => occurrences(variables, pointerTo(constants.address + at)))
    .map((at) => at - ENTRY.name)
  const [entry = -1] = entries
  if (entries.length !== 1 || entry < 0 || entry % 8 !== 0) {
    return undefined
  }
  const variable = Number(variables.readBigUInt64LE(entry + ENTRY.variable))
  const byDefault = Number(variables.readBigUInt64LE(entry + ENTRY.default))
  const places = [wordOffset(data, variable), wordOffset(constants, byDefault)].filter(
    (at) => at !== undefined,
  )
  const isOwn = [variable, byDefault].every(
    (address) => occurrences(variables, pointerTo(address)).length === 1,
  )
  return variables.readUInt32LE(entry + ENTRY.type) === INT && places.length === 2 && isOwn
    ? places
    : undefined
}

function contentOf(bytes: Buffer, { offset, size }: ElfSection): Buffer {
  return bytes.subarray(offset, offset + size)
}

function pointerTo(address: number): Buffer {
  const pointer = Buffer.alloc(8)
  pointer.writeBigUInt64LE(BigInt(address))
  return pointer
}

function occurrences(bytes: Buffer, wanted: Buffer): number[] {
  const found: number[] = []
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) {
    found.push(at)
  }
  return found
}
