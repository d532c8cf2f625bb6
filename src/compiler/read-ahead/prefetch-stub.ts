/**
 * Machine code that runs before Node.js and has the kernel read ahead what a start is going to touch.
 *
 * In a new execution environment nothing of the executable is in memory. The kernel reads what Node.js touches when
 * Node.js touches it, and each time Node.js waits, some hundred times. This code, which the executable's entry leads to
 * (the dynamic linker is through by then), asks for all of it at once, in the background, and goes on to Node.js.
 *
 * When the executable is in memory, that would be half a millisecond for nothing. So it first tries some of the pages with
 * preadv2 and RWF_NOWAIT (Linux 4.14), which gives a byte only if there is no need to wait for it. (mincore would be made for
 * this, and says that all is in memory of files that the process may not write.) Whatever else comes back, be it that the
 * kernel or the file system does not know how, means to read ahead.
 *
 * No system call has to succeed: where /proc is not mounted, or a sandbox refuses, the code goes on to Node.js. What it
 * needs of the registers and the stack are as the dynamic linker left them.
 */
import type { Architecture } from '../elf/elf-file.ts'
import { assemble } from '../elf/machine-code.ts'
import { inPieces, type PageRange } from './page-ranges.ts'

/** Registers: rbp table, ebx file, r12 next entry, r13 end of the entries, r14 next entry to try. */
const X64 = [
  [
    'f3 0f 1e fa',
    'endbr64                    a place that may be jumped to, where the processor checks that',
  ],
  ['52', 'push rdx                   what _start gets in rdx: how to end the dynamic linker'],
  ['48 8d 2d bc 00 00 00', 'lea rbp, [rip + table]'],
  ['b8 01 01 00 00', 'mov eax, 257               openat('],
  ['bf 9c ff ff ff', 'mov edi, -100              AT_FDCWD,'],
  ['48 8d 35 9b 00 00 00', 'lea rsi, [rip + path]      path,'],
  ['ba 00 00 08 00', 'mov edx, 0x80000           O_RDONLY | O_CLOEXEC,'],
  ['45 31 d2', 'xor r10d, r10d             0)'],
  ['0f 05', 'syscall'],
  ['85 c0', 'test eax, eax'],
  ['0f 88 82 00 00 00', 'js leave'],
  ['89 c3', 'mov ebx, eax'],
  ['8b 4d 08', 'mov ecx, [rbp + 8]         the number of entries'],
  ['4c 8d 65 0c', 'lea r12, [rbp + 12]'],
  ['4d 8d 2c 8c', 'lea r13, [r12 + rcx * 4]'],
  ['4d 89 e6', 'mov r14, r12'],
  ['6a 00', 'push 0                     room for the byte'],
  ['6a 01', 'push 1                     struct iovec: its length'],
  ['48 8d 44 24 08', 'lea rax, [rsp + 8]'],
  ['50', 'push rax                   and its address'],
  ['4d 39 ee', 'probe: cmp r14, r13'],
  ['73 56', 'jae close                  all that were tried are in memory'],
  ['45 8b 16', 'mov r10d, [r14]'],
  ['41 c1 ea 08', 'shr r10d, 8                its page'],
  ['49 c1 e2 0c', 'shl r10, 12                and that as an offset'],
  ['b8 47 01 00 00', 'mov eax, 327               preadv2('],
  ['89 df', 'mov edi, ebx               file,'],
  ['48 89 e6', 'mov rsi, rsp               iovec,'],
  ['ba 01 00 00 00', 'mov edx, 1                 1, r10: offset,'],
  ['45 31 c0', 'xor r8d, r8d               its upper half in 32-bit programs,'],
  ['41 b9 08 00 00 00', 'mov r9d, 8                 RWF_NOWAIT)'],
  ['0f 05', 'syscall'],
  ['49 83 c6 40', 'add r14, 64                every sixteenth'],
  ['48 83 f8 01', 'cmp rax, 1'],
  ['74 cc', 'je probe'],
  ['4d 39 ec', 'fetch: cmp r12, r13'],
  ['73 22', 'jae close'],
  ['41 8b 34 24', 'mov esi, [r12]'],
  ['40 0f b6 d6', 'movzx edx, sil             the number of pages'],
  ['48 c1 e2 0c', 'shl rdx, 12                and that in bytes'],
  ['c1 ee 08', 'shr esi, 8                 the first page'],
  ['48 c1 e6 0c', 'shl rsi, 12                and its offset'],
  ['b8 bb 00 00 00', 'mov eax, 187               readahead('],
  ['89 df', 'mov edi, ebx               file, rsi: offset, rdx: bytes)'],
  ['0f 05', 'syscall'],
  ['49 83 c4 04', 'add r12, 4'],
  ['eb d9', 'jmp fetch'],
  ['b8 03 00 00 00', 'close: mov eax, 3          close('],
  ['89 df', 'mov edi, ebx               file)'],
  ['0f 05', 'syscall'],
  ['48 83 c4 18', 'add rsp, 24'],
  ['48 03 6d 00', 'leave: add rbp, [rbp]      the entry of Node.js'],
  ['5a', 'pop rdx'],
  ['ff e5', 'jmp rbp'],
  ['2f 70 72 6f 63 2f 73 65 6c 66 2f 65 78 65 00', 'path: "/proc/self/exe"'],
  ['90', 'nop                        so that the table begins at a multiple of 8'],
] as const

/** Registers: x19 table, x20 what _start gets in x0, x21 file, x22 next entry, x23 end of them, x24 next to try. */
const ARM64 = [
  [
    '5f 24 03 d5',
    'bti c                      a place that may be jumped to, where the processor checks that',
  ],
  ['f4 03 00 aa', 'mov x20, x0                what _start gets in x0: how to end the dynamic linker'],
  ['d3 06 00 10', 'adr x19, table'],
  ['60 0c 80 92', 'mov x0, #-100              openat(AT_FDCWD,'],
  ['01 06 00 10', 'adr x1, path               path,'],
  ['02 01 a0 d2', 'mov x2, #0x80000           O_RDONLY | O_CLOEXEC,'],
  ['03 00 80 d2', 'mov x3, #0                 0)'],
  ['08 07 80 d2', 'mov x8, #56'],
  ['01 00 00 d4', 'svc #0'],
  ['e0 04 f8 b7', 'tbnz x0, #63, leave        negative: an error'],
  ['f5 03 00 aa', 'mov x21, x0'],
  ['77 0a 40 b9', 'ldr w23, [x19, #8]         the number of entries'],
  ['76 32 00 91', 'add x22, x19, #12'],
  ['d7 0a 17 8b', 'add x23, x22, x23, lsl #2'],
  ['f8 03 16 aa', 'mov x24, x22'],
  ['ff 83 00 d1', 'sub sp, sp, #32'],
  ['e9 43 00 91', 'add x9, sp, #16            struct iovec: the address of room for a byte'],
  ['2a 00 80 d2', 'mov x10, #1                and its length'],
  ['e9 2b 00 a9', 'stp x9, x10, [sp]'],
  ['1f 03 17 eb', 'probe: cmp x24, x23'],
  ['02 03 00 54', 'b.hs close                 all that were tried are in memory'],
  ['03 07 44 b8', 'ldr w3, [x24], #64         every sixteenth'],
  ['63 7c 08 53', 'lsr w3, w3, #8             its page'],
  ['63 cc 74 d3', 'lsl x3, x3, #12            and that as an offset'],
  ['e0 03 15 aa', 'mov x0, x21                preadv2(file,'],
  ['e1 03 00 91', 'mov x1, sp                 iovec,'],
  ['22 00 80 d2', 'mov x2, #1                 1, x3: offset,'],
  ['04 00 80 d2', 'mov x4, #0                 its upper half in 32-bit programs,'],
  ['05 01 80 d2', 'mov x5, #8                 RWF_NOWAIT)'],
  ['c8 23 80 d2', 'mov x8, #286'],
  ['01 00 00 d4', 'svc #0'],
  ['1f 04 00 f1', 'cmp x0, #1'],
  ['60 fe ff 54', 'b.eq probe'],
  ['df 02 17 eb', 'fetch: cmp x22, x23'],
  ['42 01 00 54', 'b.hs close'],
  ['c1 46 40 b8', 'ldr w1, [x22], #4'],
  ['22 1c 40 92', 'and x2, x1, #0xff          the number of pages'],
  ['42 cc 74 d3', 'lsl x2, x2, #12            and that in bytes'],
  ['21 7c 08 53', 'lsr w1, w1, #8             the first page'],
  ['21 cc 74 d3', 'lsl x1, x1, #12            and its offset'],
  ['e0 03 15 aa', 'mov x0, x21                readahead(file, x1: offset, x2: bytes)'],
  ['a8 1a 80 d2', 'mov x8, #213'],
  ['01 00 00 d4', 'svc #0'],
  ['f6 ff ff 17', 'b fetch'],
  ['e0 03 15 aa', 'close: mov x0, x21         close(file)'],
  ['28 07 80 d2', 'mov x8, #57'],
  ['01 00 00 d4', 'svc #0'],
  ['ff 83 00 91', 'add sp, sp, #32'],
  ['70 02 40 f9', 'leave: ldr x16, [x19]'],
  ['70 02 10 8b', 'add x16, x19, x16          the entry of Node.js'],
  ['e0 03 14 aa', 'mov x0, x20'],
  [
    '00 02 1f d6',
    'br x16                     by the register that may lead to functions, where that is checked',
  ],
  ['2f 70 72 6f 63 2f 73 65 6c 66 2f 65 78 65 00', 'path: "/proc/self/exe"'],
  ['00', 'so that the table begins at a multiple of 8'],
] as const

const CODE: Readonly<Record<Architecture, Buffer>> = { x64: assemble(X64), arm64: assemble(ARM64) }

/** The kernel reads no more than this for one call of readahead unless told otherwise: 128 KiB. */
const MOST_PAGES = 32

/**
 * The code, and after it the table of what to read. `address` is where it is going to be, a multiple of 8, and `entry`
 * where it is to lead on to.
 */
export function prefetchStub(
  arch: Architecture,
  address: number,
  entry: number,
  ranges: readonly PageRange[],
): Buffer {
  const code = CODE[arch]
  const entries = inPieces(ranges, MOST_PAGES)
  const head = Buffer.alloc(12)
  head.writeBigInt64LE(BigInt(entry - address - code.length))
  head.writeUInt32LE(entries.length, 8)
  const table = Buffer.alloc(entries.length * 4)
  entries.forEach(({ start, count }, index) => {
    table.writeUInt32LE(start * 256 + count, index * 4)
  })
  return Buffer.concat([code, head, table])
}
