/**
 * Machine code that runs before Node.js, and decides whether an executable is a function's runtime or a Node.js as any.
 *
 * A function that starts `process.execPath` means Node.js: `fork`, `cluster`, `spawn(process.execPath, ['-e', …])`. Node.js
 * itself looks at one byte of itself to know whether it is an executable of somebody's, behind a mark in its read-only data
 * (the "fuse"): `1` says so. This code makes it `0` in the process's memory, and from there on all is Node.js's: options,
 * scripts, a program on stdin, the channel to its parent.
 *
 * It does so where there are parameters, other than lambdabin's own; and where there are none, but a variable in the environment
 * that each runtime sets for its children. A runtime has neither, and passes a few instructions. Where the system refuses to
 * have the page written to, the executable stays what it was.
 */
import { CHILD_VARIABLE, OWN_OPTION_PREFIX } from '../../executable/format.ts'
import type { Architecture } from '../elf/elf-file.ts'
import { assemble } from '../elf/machine-code.ts'

/** Registers: rbx table, rsi next variable. What _start gets in rdx is kept. */
const X64 = [
  [
    'f3 0f 1e fa',
    'endbr64                      a place that may be jumped to, where the processor checks that',
  ],
  ['52', 'push rdx                     what _start gets in rdx: how to end the dynamic linker'],
  ['48 8d 1d 7c 00 00 00', 'lea rbx, [rip + table]'],
  ['48 8b 4c 24 08', 'mov rcx, [rsp + 8]           how many words the process was started with'],
  ['48 83 f9 01', 'cmp rcx, 1'],
  ['77 26', 'ja parameters'],
  ['48 8d 74 cc 18', 'lea rsi, [rsp + rcx*8 + 24]  the environment'],
  ['48 8b 3e', 'variable: mov rdi, [rsi]'],
  ['48 85 ff', 'test rdi, rdi'],
  ['74 47', 'jz leave'],
  ['48 83 c6 08', 'add rsi, 8'],
  ['48 8b 07', 'mov rax, [rdi]'],
  ['48 3b 43 20', 'cmp rax, [rbx + 32]'],
  ['75 eb', 'jne variable'],
  ['48 8b 47 08', 'mov rax, [rdi + 8]'],
  ['48 3b 43 28', 'cmp rax, [rbx + 40]'],
  ['75 e1', 'jne variable'],
  ['eb 0e', 'jmp node'],
  ['48 8b 7c 24 18', 'parameters: mov rdi, [rsp + 24]'],
  ['48 8b 07', 'mov rax, [rdi]'],
  ['48 3b 43 30', 'cmp rax, [rbx + 48]'],
  ['74 20', 'je leave'],
  ['ba 03 00 00 00', 'node: mov edx, 3             PROT_READ | PROT_WRITE'],
  ['e8 1c 00 00 00', 'call protect'],
  ['85 c0', 'test eax, eax'],
  ['75 12', 'jnz leave'],
  ['48 8b 43 10', 'mov rax, [rbx + 16]'],
  ['c6 04 03 30', "mov byte [rbx + rax], '0'"],
  ['8b 53 38', 'mov edx, [rbx + 56]          as it was'],
  ['66 90', 'nop'],
  ['e8 06 00 00 00', 'call protect'],
  ['5a', 'leave: pop rdx'],
  ['48 03 1b', 'add rbx, [rbx]               the entry that there was'],
  ['ff e3', 'jmp rbx'],
  ['48 8b 7b 08', 'protect: mov rdi, [rbx + 8]'],
  ['48 01 df', 'add rdi, rbx                 mprotect(the pages,'],
  ['48 8b 73 18', 'mov rsi, [rbx + 24]          their bytes, edx)'],
  ['b8 0a 00 00 00', 'mov eax, 10'],
  ['0f 05', 'syscall'],
  ['c3', 'ret'],
  ['0f 1f 40 00', 'nop                          so that the table begins at a multiple of 8'],
] as const

/** Registers: x19 table, x2 next variable, x20 what _start gets in x0. */
const ARM64 = [
  [
    '5f 24 03 d5',
    'bti c                        a place that may be jumped to, where the processor checks that',
  ],
  ['f4 03 00 aa', 'mov x20, x0                  what _start gets in x0: how to end the dynamic linker'],
  ['13 05 00 10', 'adr x19, table'],
  ['e1 03 40 f9', 'ldr x1, [sp]                 how many words the process was started with'],
  ['3f 04 00 f1', 'cmp x1, #1'],
  ['a8 01 00 54', 'b.hi parameters'],
  ['e2 6f 21 8b', 'add x2, sp, x1, lsl #3'],
  ['42 40 00 91', 'add x2, x2, #16              the environment'],
  ['63 12 42 a9', 'ldp x3, x4, [x19, #32]'],
  ['45 84 40 f8', 'variable: ldr x5, [x2], #8'],
  ['a5 02 00 b4', 'cbz x5, leave'],
  ['a6 00 40 f9', 'ldr x6, [x5]'],
  ['df 00 03 eb', 'cmp x6, x3'],
  ['81 ff ff 54', 'b.ne variable'],
  ['a6 04 40 f9', 'ldr x6, [x5, #8]'],
  ['df 00 04 eb', 'cmp x6, x4'],
  ['21 ff ff 54', 'b.ne variable'],
  ['06 00 00 14', 'b node'],
  ['e5 0b 40 f9', 'parameters: ldr x5, [sp, #16]'],
  ['a6 00 40 f9', 'ldr x6, [x5]'],
  ['63 1a 40 f9', 'ldr x3, [x19, #48]'],
  ['df 00 03 eb', 'cmp x6, x3'],
  ['20 01 00 54', 'b.eq leave'],
  ['62 00 80 d2', 'node: mov x2, #3             PROT_READ | PROT_WRITE'],
  ['0b 00 00 94', 'bl protect'],
  ['c0 00 00 35', 'cbnz w0, leave'],
  ['63 0a 40 f9', 'ldr x3, [x19, #16]'],
  ['04 06 80 52', "mov w4, #'0'"],
  ['64 6a 23 38', 'strb w4, [x19, x3]'],
  ['62 1e 40 f9', 'ldr x2, [x19, #56]           as it was'],
  ['05 00 00 94', 'bl protect'],
  ['e0 03 14 aa', 'leave: mov x0, x20'],
  ['70 02 40 f9', 'ldr x16, [x19]'],
  ['70 02 10 8b', 'add x16, x19, x16            the entry that there was'],
  [
    '00 02 1f d6',
    'br x16                       by the register that may lead to functions, where that is checked',
  ],
  ['60 06 40 f9', 'protect: ldr x0, [x19, #8]'],
  ['60 02 00 8b', 'add x0, x19, x0              mprotect(the pages,'],
  ['61 0e 40 f9', 'ldr x1, [x19, #24]           their bytes, x2)'],
  ['48 1c 80 d2', 'mov x8, #226'],
  ['01 00 00 d4', 'svc #0'],
  ['c0 03 5f d6', 'ret'],
  ['1f 20 03 d5', 'nop                          so that the table begins at a multiple of 8'],
] as const

const CODE: Readonly<Record<Architecture, Buffer>> = { x64: assemble(X64), arm64: assemble(ARM64) }

export interface Fuse {
  /** Where in memory the byte is. */
  readonly address: number
  /** Whole pages around it, of the same read-only segment. */
  readonly pages: { readonly address: number; readonly bytes: number }
  /** What may be done with that memory, in the bits of `mprotect`: 1 to read, 2 to write, 4 to execute it. */
  readonly protection: number
}

/** The code, and behind it its table. `address` is where it is going to be, a multiple of 8, and `entry` where it leads on to. */
export function nodeCode(arch: Architecture, address: number, entry: number, fuse: Fuse): Buffer {
  const code = CODE[arch]
  const tableAddress = address + code.length
  const table = Buffer.alloc(32)
  table.writeBigInt64LE(BigInt(entry - tableAddress), 0)
  table.writeBigInt64LE(BigInt(fuse.pages.address - tableAddress), 8)
  table.writeBigInt64LE(BigInt(fuse.address - tableAddress), 16)
  table.writeBigInt64LE(BigInt(fuse.pages.bytes), 24)
  const protection = Buffer.alloc(8)
  protection.writeBigInt64LE(BigInt(fuse.protection))
  const words = [exactly(`${CHILD_VARIABLE}=`, 16), exactly(OWN_OPTION_PREFIX, 8)]
  return Buffer.concat([code, table, ...words, protection])
}

/** What the code compares in one or two words, and no more of it. */
function exactly(text: string, length: number): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length !== length) {
    throw new Error(`${text} has ${bytes.length} bytes, and the machine code compares ${length}`)
  }
  return bytes
}
