/**
 * Has V8 know where the stack of a program's first thread begins without reading /proc/self/maps.
 *
 * V8 asks glibc for the bounds of a thread's stack as it makes an isolate. For the first thread, glibc reads the list of all
 * areas of memory for that, 450 lines in an executable of ours: a fortieth of a start. V8 then takes none of the bounds, but
 * `__libc_stack_end`, the address that the dynamic linker wrote down as the program began, since that lies between them.
 *
 * So the calls of `v8::base::Stack::ObtainCurrentThreadStackStart` lead to code that compares first: on a stack that
 * is less than 1 MiB below that address, it answers with that address, as V8 would. The kernel keeps much more than that
 * below the first thread's stack free of others. All else, as a Worker's thread, goes on to V8's function.
 */

import { addCode } from '../elf/added-code.ts'
import { type Architecture, type ElfFile, parseElf } from '../elf/elf-file.ts'
import { type AddressedSymbol, readSymbols } from '../elf/elf-symbols.ts'
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

const OBTAIN = '_ZN2v84base5Stack29ObtainCurrentThreadStackStartEv'
const CALLERS = ['_ZN2v84base5Stack13GetStackStartEv', '_ZN2v84base5Stack22GetStackStartUncheckedEv']
const STACK_END = '__libc_stack_end'

/**
 * How V8's function ends, by compiler: it adds the stack's lowest address and its size, loads `__libc_stack_end` (`load`), and takes
 * that if it is between them.
 */
const ENDS: Readonly<Record<Architecture, readonly string[]>> = {
  x64: [
    '48 8b 4d .. 48 8b 45 .. load 48 01 c8 48 39 d0 72 .. 48 39 ca 72 .. c9 48 89 d0 c3',
    '48 8b 4d .. 48 8b 45 .. load 48 01 c8 48 39 d0 72 .. 48 39 d1 77 .. c9 48 89 d0 c3',
    '48 8b 4d .. 48 8b 45 .. load 48 01 c8 48 39 d0 72 .. 48 39 ca 72 .. 48 89 d0 eb ..',
    '48 8b 4d .. 48 8b 55 .. 48 01 ca load 48 39 d6 48 89 f0 48 0f 47 c2 48 39 f1 48 0f 47 c2 48 83 c4 50 5d c3',
  ],
  arm64: [
    'e2 03 41 a9 load fd 7b c6 a8 40 00 00 8b 1f 00 01 eb 42 20 41 fa 00 80 81 9a c0 03 5f d6',
    'e9 23 40 a9 load 09 01 09 8b 5f 01 09 eb 02 91 4a fa 20 81 8a 9a fd 7b 45 a9 ff 83 01 91 c0 03 5f d6',
  ],
}
/** `mov register, [rip + distance]`; `adrp register, page` and `ldr register, [register, rest]`. */
const LOAD: Readonly<Record<Architecture, string>> = {
  x64: '48 8b .. .. .. .. ..',
  arm64: '.. .. .. .. .. .. .. ..',
}

const JUMP = 'jump to V8’s function'

const X64: CodeTable = [
  ['48 8b 05 00 00 00 00', 'mov rax, [__libc_stack_end]'],
  ['48 89 c1', 'mov rcx, rax'],
  ['48 29 e1', 'sub rcx, rsp'],
  ['48 81 f9 00 00 10 00', 'cmp rcx, 1 MiB'],
  ['72 05', 'jb done'],
  ['e9 00 00 00 00', JUMP],
  ['c3', 'done: ret'],
]

const ARM64: CodeTable = [
  ['00 00 00 90', 'adrp x0, __libc_stack_end'],
  ['00 00 40 f9', 'ldr x0, [x0, __libc_stack_end]'],
  ['e1 03 00 91', 'mov x1, sp'],
  ['01 00 01 cb', 'sub x1, x0, x1'],
  ['3f 00 44 f1', 'cmp x1, 1 MiB'],
  ['43 00 00 54', 'b.lo done'],
  ['00 00 00 14', JUMP],
  ['c0 03 5f d6', 'done: ret'],
]

const LINES: Readonly<Record<Architecture, CodeTable>> = { x64: X64, arm64: ARM64 }

/** Of an instruction that loads eight bytes, AArch64 counts in these. */
const WORD_BYTES = 8

/** The bytes of `executable` with that code. Throws ElfFormatError, naming `fileName`. */
export function answerStackStart(executable: Buffer, fileName: string): ChangedNode {
  const bytes = withStackStart(executable, parseElf(executable, fileName))
  return bytes === undefined
    ? {
        bytes: executable,
        kept: 'this Node.js looks up where its stack begins, a fortieth of each start: the code that does is not as in Node.js 22, 24 and 26 as published',
      }
    : { bytes, kept: undefined }
}

/** Undefined where the functions are not as they are known, or there is no room. */
function withStackStart(executable: Buffer, elf: ElfFile): Buffer | undefined {
  const symbols = readSymbols(executable, elf, '.dynsym')
  const named = (wanted: string) => symbols.find(({ name }) => name === wanted)
  const [obtain, stackEnd, text] = [named(OBTAIN), named(STACK_END), textSection(elf)]
  if (!obtain || !stackEnd || !text || !takesStackEnd(executable, elf, obtain, stackEnd.address)) {
    return undefined
  }
  const calls = callersOf(executable, elf, obtain.address)
  const callers = CALLERS.map(named)
  if (calls.length !== callers.length || !callers.every((caller) => hasOne(calls, caller))) {
    return undefined
  }
  const added = addCode(executable, elf, obtain.address, (address) =>
    stackStartCode(elf.architecture, address, { stackEnd: stackEnd.address, obtain: obtain.address }),
  )
  if (added === undefined) {
    return undefined
  }
  for (const call of calls) {
    writeCall(added.bytes, call - text.address + text.offset, elf.architecture, added.address - call)
  }
  return added.bytes
}

function hasOne(calls: readonly number[], caller: AddressedSymbol | undefined): boolean {
  return (
    caller !== undefined &&
    calls.filter((call) => call > caller.address && call < caller.address + caller.size).length === 1
  )
}

/** Whether the function ends as is known, and what it loads there is `__libc_stack_end`. */
function takesStackEnd(bytes: Buffer, elf: ElfFile, { address, size }: AddressedSymbol, stackEnd: number) {
  const text = textSection(elf)
  const start = address - (text?.address ?? 0) + (text?.offset ?? 0)
  return ENDS[elf.architecture].some((end) => {
    const code = end.replace('load', LOAD[elf.architecture])
    const before = end.split(' load ')[0]?.split(' ').length ?? 0
    for (let at = start; at < start + size; at++) {
      if (matchesCode(bytes, at, code)) {
        const load = at + before
        return loadedFrom(bytes, elf.architecture, load, address + load - start) === stackEnd
      }
    }
    return false
  })
}

function loadedFrom(bytes: Buffer, arch: Architecture, offset: number, address: number): number {
  if (arch === 'x64') {
    return address + 7 + bytes.readInt32LE(offset + 3)
  }
  const words = (bytes.readUInt32LE(offset + 4) >>> 10) & 0xfff
  return readPageAddress(bytes, offset, address) + words * WORD_BYTES
}

/** The code for `address`, by the addresses of what it loads and of V8's function. */
function stackStartCode(
  arch: Architecture,
  address: number,
  { stackEnd, obtain }: { stackEnd: number; obtain: number },
): Buffer {
  const lines = LINES[arch]
  const code = assemble(lines)
  if (arch === 'x64') {
    code.writeInt32LE(stackEnd - address - 7, 3)
  } else {
    writePageAddress(code, 0, address, stackEnd)
    const words = (stackEnd % 4096) / WORD_BYTES
    code.writeUInt32LE((code.readUInt32LE(4) | (words << 10)) >>> 0, 4)
  }
  const jump = assemble(
    lines.slice(
      0,
      lines.findIndex(([, meaning]) => meaning === JUMP),
    ),
  ).length
  writeCall(code, jump, arch, obtain - address - jump)
  return code
}
