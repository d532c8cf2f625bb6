/**
 * Has V8 draw the seeds of its random numbers and string hashes from the operating system itself, by `getrandom(2)`. Node.js has it draw
 * them from OpenSSL's generator, which is made for that at each start, a twentieth of it, and is seeded from the operating system, too.
 *
 * As it starts, Node.js asks OpenSSL for nothing at all, to see that it can (`CHECK(ncrypto::CSPRNG(nullptr, 0))`), and gives V8 a function
 * that asks it (`V8::SetEntropySource`). The first call is made to say yes. The function that V8 is given is ours: it calls
 * `getrandom`, and where that does not give all bytes, Node.js's. OpenSSL makes its generator when it is first asked for
 * random bytes, as by `node:crypto`; what fails then is an error of that.
 */

import { addCode } from '../elf/added-code.ts'
import { type Architecture, type ElfFile, parseElf } from '../elf/elf-file.ts'
import { readSymbols } from '../elf/elf-symbols.ts'
import {
  assemble,
  type CodeTable,
  callersOf,
  matchesCode,
  readPageAddress,
  textSection,
  writeCall,
  writePageAddress,
} from '../elf/machine-code.ts'
import type { ChangedNode } from './changed-node.ts'

const GENERATE = '_ZN7ncrypto6CSPRNGEPvm'
const SET_SOURCE = '_ZN2v82V816SetEntropySourceEPFbPhmE'

/**
 * What Node.js does, by compiler, from `generate`, the call of `CSPRNG`, on: it goes elsewhere if that said no, loads the address
 * of its function (`load`), and calls `SetEntropySource`, with an instruction or two between.
 */
const FORMS: Readonly<Record<Architecture, readonly string[]>> = {
  x64: [
    '31 f6 31 ff generate 84 c0 0f 84 .. .. .. .. load',
    '31 ff 31 f6 generate 84 c0 0f 84 .. .. .. .. load',
  ],
  arm64: [
    '01 00 80 d2 00 00 80 d2 generate 1f 1c 00 72 .. .. .. 54 load',
    '01 00 80 d2 00 00 80 d2 generate .. .. .. 36 load',
    'e0 03 1f aa e1 03 1f aa generate .. .. .. 36 load',
  ],
}
/** Between the two, at most. */
const BYTES_BETWEEN = 12

/** What stands there, and what is written in the place of the first. */
const PARTS: Readonly<Record<Architecture, { generate: string; load: string; yes: string }>> = {
  x64: { generate: 'e8 .. .. .. ..', load: 'bf .. .. .. ..', yes: 'b8 01 00 00 00' },
  arm64: { generate: '.. .. .. ..', load: '.. .. .. .. .. .. .. 91', yes: '20 00 80 52' },
}

/** Called with an address and how many bytes are wanted there; answers whether they are there. */
const CODE: Readonly<Record<Architecture, CodeTable>> = {
  x64: [
    ['b8 3e 01 00 00', 'mov eax, 318               getrandom(rdi: bytes, rsi: how many,'],
    ['31 d2', 'xor edx, edx               0)'],
    ['0f 05', 'syscall'],
    ['48 39 f0', 'cmp rax, rsi'],
    ['75 06', 'jne other'],
    ['b8 01 00 00 00', 'mov eax, 1'],
    ['c3', 'ret'],
    ['e9 00 00 00 00', 'other: jmp to Node.js’s function, by the same two registers'],
  ],
  arm64: [
    ['e9 03 00 aa', 'mov x9, x0'],
    ['c8 22 80 d2', 'mov x8, 278                getrandom(x0: bytes, x1: how many,'],
    ['02 00 80 d2', 'mov x2, 0                  0)'],
    ['01 00 00 d4', 'svc 0'],
    ['1f 00 01 eb', 'cmp x0, x1'],
    ['61 00 00 54', 'b.ne other'],
    ['20 00 80 52', 'mov w0, 1'],
    ['c0 03 5f d6', 'ret'],
    ['e0 03 09 aa', 'other: mov x0, x9'],
    ['00 00 00 14', 'b to Node.js’s function'],
  ],
}

/** The bytes of `executable` with that code. Throws ElfFormatError, naming `fileName`. */
export function drawEntropyDirectly(executable: Buffer, fileName: string): ChangedNode {
  const bytes = withDirectEntropy(executable, parseElf(executable, fileName))
  return bytes === undefined
    ? {
        bytes: executable,
        kept: 'this Node.js makes OpenSSL’s generator of random numbers at each start, a twentieth of it: the code that does is not as in Node.js 22, 24 and 26 as published',
      }
    : { bytes, kept: undefined }
}

/** Offsets in the file of what is changed, and the address of Node.js's function. */
interface Found {
  readonly generate: number
  readonly load: number
  readonly source: number
}

/** Undefined where the code is not as it is known, or there is no room. */
function withDirectEntropy(executable: Buffer, elf: ElfFile): Buffer | undefined {
  const found = findStart(executable, elf)
  const text = textSection(elf)
  if (found === undefined || text === undefined) {
    return undefined
  }
  const { architecture } = elf
  const added = addCode(executable, elf, found.source, (address) =>
    entropyCode(architecture, address, found.source),
  )
  if (added === undefined) {
    return undefined
  }
  const { bytes, address } = added
  assemble([[PARTS[architecture].yes, 'yes']]).copy(bytes, found.generate)
  writeAddress(bytes, architecture, found.load, found.load - text.offset + text.address, address)
  return bytes
}

function findStart(bytes: Buffer, elf: ElfFile): Found | undefined {
  const symbols = readSymbols(bytes, elf, '.dynsym')
  const [generator, setSource] = [GENERATE, SET_SOURCE].map((wanted) =>
    symbols.find(({ name }) => name === wanted),
  )
  const text = textSection(elf)
  if (!generator || !setSource || !text) {
    return undefined
  }
  const { architecture } = elf
  const { generate, load } = PARTS[architecture]
  const offsetOf = (address: number) => address - text.address + text.offset
  const found: Found[] = []
  const setters = callersOf(bytes, elf, setSource.address).map(offsetOf)
  for (const caller of callersOf(bytes, elf, generator.address).map(offsetOf)) {
    for (const form of FORMS[architecture]) {
      const code = form.replace('generate', generate).replace('load', load)
      const [before = '', between = ''] = form.split(/ ?(?:generate|load) ?/)
      const start = caller - lengthOf(before)
      const at = { generate: caller, load: caller + lengthOf(generate) + lengthOf(between) }
      const end = start + lengthOf(code)
      const isBefore = setters.some((setter) => setter >= end && setter <= end + BYTES_BETWEEN)
      if (isBefore && matchesCode(bytes, start, code)) {
        const source = readAddress(bytes, architecture, at.load, at.load - text.offset + text.address)
        found.push({ ...at, source })
      }
    }
  }
  const [only] = found
  const isInText = only && only.source >= text.address && only.source < text.address + text.size
  return setters.length === 1 && found.length === 1 && isInText ? only : undefined
}

function lengthOf(pattern: string): number {
  return pattern === '' ? 0 : pattern.split(' ').length
}

/** What `mov edi, address`, or `adrp x0, page` and `add x0, x0, rest`, load. */
function readAddress(bytes: Buffer, arch: Architecture, offset: number, address: number): number {
  return arch === 'x64'
    ? bytes.readUInt32LE(offset + 1)
    : readPageAddress(bytes, offset, address) + ((bytes.readUInt32LE(offset + 4) >>> 10) & 0xfff)
}

function writeAddress(
  bytes: Buffer,
  arch: Architecture,
  offset: number,
  address: number,
  target: number,
): void {
  if (arch === 'x64') {
    bytes.writeUInt32LE(target, offset + 1)
    return
  }
  writePageAddress(bytes, offset, address, target)
  const add = bytes.readUInt32LE(offset + 4) & ~(0xfff << 10)
  bytes.writeUInt32LE((add | ((target % 4096) << 10)) >>> 0, offset + 4)
}

function entropyCode(arch: Architecture, address: number, source: number): Buffer {
  const lines = CODE[arch]
  const code = assemble(lines)
  const jump = assemble(lines.slice(0, -1)).length
  writeCall(code, jump, arch, source - address - jump)
  return code
}
