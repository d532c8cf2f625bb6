/**
 * Has V8 read a large script's text where it is mapped from the executable, and not in a copy.
 *
 * A string of Latin-1 with more than 1 MB is made by `ExternString::NewFromCopy` in Node.js: it takes memory from `malloc`, copies the bytes, and
 * gives V8 a string whose bytes are there. A script whose code cache V8 takes is hardly read at all, but the copy of 10 MB was a seventh of the
 * start of a function that has as much, and was in its memory.
 *
 * So those who call it call code that looks first whether the bytes are constants of the program: in one of the segments that the program
 * headers tell of, and that nobody can write to. They are there as long as the process is, and that code goes on to
 * `ExternString::New`, which takes bytes as they are, and else to `NewFromCopy`. As a string of that class ends, its bytes are freed:
 * those calls of `free` lead to code that leaves constants alone.
 *
 * Node.js 22.23 as published has no such function, since its compiler has put it into those who call it: there the text is copied as ever.
 */

import { readFile } from 'node:fs/promises'
import { addCode } from '../elf/added-code.ts'
import { type Architecture, type ElfFile, parseElf } from '../elf/elf-file.ts'
import { type AddressedSymbol, importedAddress, readSymbols } from '../elf/elf-symbols.ts'
import { assemble, type CodeTable, callersOf, textSection, writeCall } from '../elf/machine-code.ts'
import { readProgramHeaders, SEGMENT_TYPE } from '../elf/program-headers.ts'

const CLASS = '_ZN4node12_GLOBAL__N_112ExternStringIN2v86String29ExternalOneByteStringResourceEcE'
/** Names go on with the parameters: in Node.js 22 there is one more, for an error, the same of both. */
const NEW_FROM_COPY = `${CLASS}11NewFromCopyE`
const NEW = `${CLASS}3NewE`
/** One that frees the object, too, and one that does not. */
const DESTRUCTORS = [`${CLASS}D0Ev`, `${CLASS}D2Ev`]
/** Where Node.js for Linux begins in memory. The code has it written in it. */
const PROGRAM_START = 0x400000
/** Node.js has three calls for Latin-1, ASCII and base64; a compiler may have put some of them into others. */
const MOST_CALLS = 8

/** 1031912: `cmp` on x64 has it as four bytes, and AArch64 puts it together. */
const LONGEST_COPIED = Buffer.from('e8be0f00', 'hex')
/** `mov w0, 0xbee8` and `movk w0, 0xf, lsl 16` */
const MOV_LOW = 0x5297dd00
const MOVK_HIGH = 0x72a001e0

const FREE = 'free:'
const CONSTANT = 'constant:'
const TO_NEW_FROM_COPY = 'jump to NewFromCopy'
const TO_NEW = 'jump to New'
const TO_FREE = 'jump to free'

/**
 * Two functions. The first has the parameters of `NewFromCopy`: an isolate, bytes, and how many. The second, `free`, has those of that. `constant`
 * tells whether the address in r10 or x10 is in a segment that is loaded (type 1) and not to be written to (flag 2). It
 * looks at the program headers only where they are in the program's first 2 kB, as in what the build writes: all of that is mapped.
 */
const CODE: Readonly<Record<Architecture, CodeTable>> = {
  x64: [
    ['48 81 fa e8 be 0f 00', 'cmp rdx, 1031912           shorter ones are copied into the heap'],
    ['76 0a', 'jbe copy'],
    ['49 89 f2', 'mov r10, rsi'],
    ['e8 1c 00 00 00', 'call constant              it answers by the carry flag'],
    ['72 05', 'jc take'],
    ['e9 00 00 00 00', TO_NEW_FROM_COPY],
    ['e9 00 00 00 00', TO_NEW],
    ['49 89 fa', `${FREE} mov r10, rdi`],
    ['e8 08 00 00 00', 'call constant'],
    ['72 05', 'jc done'],
    ['e9 00 00 00 00', TO_FREE],
    ['c3', 'done: ret'],
    ['b8 00 00 40 00', `${CONSTANT} mov eax, 0x400000`],
    ['4c 8b 40 20', 'mov r8, [rax + 32]         where the program headers are'],
    ['44 0f b7 48 38', 'movzx r9d, word [rax + 56] how many'],
    ['49 81 f8 00 08 00 00', 'cmp r8, 2048'],
    ['77 2b', 'ja other'],
    ['49 01 c0', 'add r8, rax'],
    ['41 83 e9 01', 'next: sub r9d, 1'],
    ['72 22', 'jb other'],
    ['41 83 38 01', 'cmp dword [r8], 1          type'],
    ['75 16', 'jne on'],
    ['4d 89 d3', 'mov r11, r10'],
    ['4d 2b 58 10', 'sub r11, [r8 + 16]         address'],
    ['4d 3b 58 28', 'cmp r11, [r8 + 40]         size'],
    ['73 09', 'jae on'],
    ['41 f6 40 04 02', 'test byte [r8 + 4], 2      flags'],
    ['75 08', 'jnz other'],
    ['f9', 'stc'],
    ['c3', 'ret'],
    ['49 83 c0 38', 'on: add r8, 56'],
    ['eb d8', 'jmp next'],
    ['f8', 'other: clc'],
    ['c3', 'ret'],
  ],
  arm64: [
    ['09 dd 97 d2', 'mov x9, 0xbee8             shorter than 1031913'],
    ['e9 01 a0 f2', 'movk x9, 0xf, lsl 16'],
    ['5f 00 09 eb', 'cmp x2, x9'],
    ['89 00 00 54', 'b.ls copy'],
    ['ea 03 01 aa', 'mov x10, x1'],
    ['0f 00 80 52', 'mov w15, 0                 who asks'],
    ['08 00 00 14', 'b constant'],
    ['00 00 00 14', TO_NEW_FROM_COPY],
    ['00 00 00 14', TO_NEW],
    ['ea 03 00 aa', `${FREE} mov x10, x0`],
    ['2f 00 80 52', 'mov w15, 1'],
    ['03 00 00 14', 'b constant'],
    ['6f ff ff 34', 'other: cbz w15, copy'],
    ['00 00 00 14', TO_FREE],
    ['09 08 a0 d2', `${CONSTANT} mov x9, 0x400000`],
    ['2b 11 40 f9', 'ldr x11, [x9, 32]          where the program headers are'],
    ['2c 71 40 79', 'ldrh w12, [x9, 56]         how many'],
    ['7f 01 20 f1', 'cmp x11, 2048'],
    ['48 ff ff 54', 'b.hi other'],
    ['6b 01 09 8b', 'add x11, x11, x9'],
    ['0c ff ff 34', 'next: cbz w12, other'],
    ['8c 05 00 51', 'sub w12, w12, 1'],
    ['6d 01 40 b9', 'ldr w13, [x11]             type'],
    ['bf 05 00 71', 'cmp w13, 1'],
    ['41 01 00 54', 'b.ne on'],
    ['6d 09 40 f9', 'ldr x13, [x11, 16]         address'],
    ['6e 15 40 f9', 'ldr x14, [x11, 40]         size'],
    ['4d 01 0d cb', 'sub x13, x10, x13'],
    ['bf 01 0e eb', 'cmp x13, x14'],
    ['a2 00 00 54', 'b.hs on'],
    ['6d 05 40 b9', 'ldr w13, [x11, 4]          flags'],
    ['ad fd 0f 37', 'tbnz w13, 1, other'],
    ['0f fd ff 34', 'cbz w15, take'],
    ['c0 03 5f d6', 'ret'],
    ['6b e1 00 91', 'on: add x11, x11, 56'],
    ['f1 ff ff 17', 'b next'],
  ],
}

/** Addresses of Node.js's functions, and of what calls them. */
interface ConstantStrings {
  readonly newFromCopy: number
  readonly create: number
  readonly free: number
  /** Calls of `NewFromCopy`. */
  readonly copies: readonly number[]
  /** Calls of `free` in the destructors. */
  readonly frees: readonly number[]
}

/**
 * The bytes of `executable` with that code; as they are where what is to be changed is not as it is known. `published` is the
 * same Node.js with all its symbols. Throws ElfFormatError, naming `fileName`.
 */
export function readConstantsInPlace(executable: Buffer, published: Buffer, fileName: string): Buffer {
  const elf = parseElf(executable, fileName)
  const text = textSection(elf)
  const found = findConstantStrings(executable, elf, published, fileName)
  if (found === undefined || text === undefined) {
    return executable
  }
  const { architecture } = elf
  const added = addCode(executable, elf, found.newFromCopy, (address) =>
    codeFor(architecture, address, found),
  )
  if (added === undefined) {
    return executable
  }
  const { bytes, address } = added
  const lead = (calls: readonly number[], target: number) => {
    for (const call of calls) {
      writeCall(bytes, call - text.address + text.offset, architecture, target - call)
    }
  }
  lead(found.copies, address)
  lead(found.frees, address + placeOf(architecture, FREE))
  return bytes
}

/** Whether the Node.js at `path` has that code. */
export async function readsConstantsInPlace(path: string, arch: Architecture): Promise<boolean> {
  // What comes before it are jumps, whose distances differ from Node.js to Node.js.
  return (await readFile(path)).includes(assemble(CODE[arch]).subarray(placeOf(arch, CONSTANT)))
}

/** Undefined where something is not as it is known. */
function findConstantStrings(
  executable: Buffer,
  elf: ElfFile,
  published: Buffer,
  fileName: string,
): ConstantStrings | undefined {
  const symbols = readSymbols(published, parseElf(published, fileName), '.symtab')
  const named = (wanted: string) => symbols.find(({ name }) => name.startsWith(wanted))
  const [newFromCopy, create] = [named(NEW_FROM_COPY), named(NEW)]
  const free = importedAddress(executable, elf, 'free')
  if (!newFromCopy || !create || free === undefined) {
    return undefined
  }
  if (!beginsWhereKnown(executable, elf) || !takesFromSameLength(executable, elf, create)) {
    return undefined
  }
  const copies = callersOf(executable, elf, newFromCopy.address)
  const allFrees = callersOf(executable, elf, free)
  const frees = DESTRUCTORS.map((destructor) => {
    const { address = 0, size = 0 } = named(destructor) ?? {}
    return allFrees.filter((call) => call > address && call < address + size)
  })
  const isKnown =
    copies.length > 0 && copies.length <= MOST_CALLS && frees.every(({ length }) => length === 1)
  return isKnown
    ? { newFromCopy: newFromCopy.address, create: create.address, free, copies, frees: frees.flat() }
    : undefined
}

function beginsWhereKnown(executable: Buffer, elf: ElfFile): boolean {
  return readProgramHeaders(executable, elf).some(
    ({ type, offset, address }) => type === SEGMENT_TYPE.load && offset === 0 && address === PROGRAM_START,
  )
}

/** Whether `New` copies shorter strings, and frees their bytes, and no others. */
function takesFromSameLength(executable: Buffer, elf: ElfFile, { address, size }: AddressedSymbol): boolean {
  const text = textSection(elf)
  const start = address - (text?.address ?? 0) + (text?.offset ?? 0)
  const code = executable.subarray(start, start + size)
  if (elf.architecture === 'x64') {
    return code.includes(LONGEST_COPIED)
  }
  const kinds = Array.from({ length: code.length >> 2 }, (_, index) => kindOf(code.readUInt32LE(index * 4)))
  return [MOV_LOW, MOVK_HIGH].every((instruction) => kinds.includes(kindOf(instruction)))
}

/** An instruction without its lower five bits, the register, and the highest, whether that has 64 bits. */
function kindOf(instruction: number): number {
  return (instruction & 0x7fffffff) >>> 5
}

function codeFor(
  arch: Architecture,
  address: number,
  { newFromCopy, create, free }: ConstantStrings,
): Buffer {
  const code = assemble(CODE[arch])
  const targets = { [TO_NEW_FROM_COPY]: newFromCopy, [TO_NEW]: create, [TO_FREE]: free }
  for (const [meaning, target] of Object.entries(targets)) {
    const place = placeOf(arch, meaning)
    writeCall(code, place, arch, target - address - place)
  }
  return code
}

/** How far into the code the instruction is whose meaning begins so. */
function placeOf(arch: Architecture, wanted: string): number {
  const lines = CODE[arch]
  // A longer one may begin with the same words.
  const line = lines.findIndex(([, meaning]) => meaning === wanted || meaning.startsWith(`${wanted} `))
  return assemble(lines.slice(0, line)).length
}
