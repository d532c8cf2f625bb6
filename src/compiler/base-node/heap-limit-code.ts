/**
 * The machine code that sets V8's limit for its heap: see {@link ./heap-limit.ts}.
 *
 * It takes the place of a call of `v8::ResourceConstraints::ConfigureDefaults`, calls that, and reads the function's memory
 * from the environment with `uv_os_getenv`. Where it is a number of one to seven digits, nine tenths of it, in whole
 * mebibytes, become the second field of the constraints, the largest size of the old generation in bytes. The third, that of the
 * young generation, becomes three times a twentieth of it: two halves, and as much for large objects. The fifth, with which the young
 * generation begins, becomes three times 4 MiB.
 */
import type { Architecture } from '../elf/elf-file.ts'
import { assemble, type CodeTable, writeCall } from '../elf/machine-code.ts'

const VARIABLE = 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE\0'

/** The calls, in both tables; what they lead to is filled in. */
const CALL_DEFAULTS = 'call defaults'
const CALL_GETENV = 'call getenv'

/** Registers: rbx the constraints. On the stack: 8 bytes for the digits and a zero, and how many they may be. */
const X64 = [
  ['53', 'push rbx'],
  ['48 83 ec 30', 'sub rsp, 48'],
  ['48 89 fb', 'mov rbx, rdi'],
  ['e8 00 00 00 00', CALL_DEFAULTS],
  ['48 c7 44 24 18 08 00 00 00', 'mov qword [rsp + 24], 8'],
  ['48 8d 3d 83 00 00 00', 'lea rdi, [rip + name]      uv_os_getenv(name,'],
  ['48 89 e6', 'mov rsi, rsp               text,'],
  ['48 8d 54 24 18', 'lea rdx, [rsp + 24]        how long it may be)'],
  ['e8 00 00 00 00', CALL_GETENV],
  ['85 c0', 'test eax, eax'],
  ['75 6c', 'jnz done                   there is none, or it is longer'],
  ['48 89 e6', 'mov rsi, rsp'],
  ['31 c0', 'xor eax, eax               the number'],
  ['0f b6 0e', 'digit: movzx ecx, byte [rsi]'],
  ['48 ff c6', 'inc rsi'],
  ['83 e9 30', "sub ecx, '0'"],
  ['83 f9 09', 'cmp ecx, 9'],
  ['77 09', 'ja end'],
  ['48 6b c0 0a', 'imul rax, rax, 10'],
  ['48 01 c8', 'add rax, rcx'],
  ['eb e9', 'jmp digit'],
  ['83 f9 d0', "end: cmp ecx, -'0'         a zero ends the text"],
  ['75 4b', 'jne done'],
  ['48 85 c0', 'test rax, rax'],
  ['74 46', 'jz done'],
  ['49 89 c0', 'mov r8, rax'],
  ['48 8d 04 c0', 'lea rax, [rax + rax * 8]   nine'],
  ['31 d2', 'xor edx, edx'],
  ['b9 0a 00 00 00', 'mov ecx, 10'],
  ['48 f7 f1', 'div rcx                    tenths'],
  ['48 c1 e0 14', 'shl rax, 20                in bytes'],
  ['48 89 43 08', 'mov [rbx + 8], rax'],
  ['4c 89 c0', 'mov rax, r8                a twentieth,'],
  ['31 d2', 'xor edx, edx'],
  ['b9 14 00 00 00', 'mov ecx, 20'],
  ['48 f7 f1', 'div rcx'],
  ['b9 40 00 00 00', 'mov ecx, 64                at most 64,'],
  ['48 39 c8', 'cmp rax, rcx'],
  ['48 0f 47 c1', 'cmova rax, rcx'],
  ['48 8d 04 40', 'lea rax, [rax + rax * 2]   three times,'],
  ['48 c1 e0 14', 'shl rax, 20                in bytes'],
  ['48 89 43 10', 'mov [rbx + 16], rax'],
  ['48 c7 43 20 00 00 c0 00', 'mov qword [rbx + 32], 12582912'],
  ['48 83 c4 30', 'done: add rsp, 48'],
  ['5b', 'pop rbx'],
  ['c3', 'ret'],
] as const

/** Registers: x19 the constraints. On the stack: how long the text may be, and behind it the text. */
const ARM64 = [
  ['fd 7b bc a9', 'stp x29, x30, [sp, #-64]!'],
  ['fd 03 00 91', 'mov x29, sp'],
  ['f3 0b 00 f9', 'str x19, [sp, #16]'],
  ['f3 03 00 aa', 'mov x19, x0'],
  ['00 00 00 94', CALL_DEFAULTS],
  ['09 01 80 d2', 'mov x9, #8'],
  ['e9 0f 00 f9', 'str x9, [sp, #24]'],
  ['60 04 00 10', 'adr x0, name               uv_os_getenv(name,'],
  ['e1 83 00 91', 'add x1, sp, #32            text,'],
  ['e2 63 00 91', 'add x2, sp, #24            how long it may be)'],
  ['00 00 00 94', CALL_GETENV],
  ['80 03 00 35', 'cbnz w0, done              there is none, or it is longer'],
  ['e1 83 00 91', 'add x1, sp, #32'],
  ['00 00 80 d2', 'mov x0, #0                 the number'],
  ['43 01 80 d2', 'mov x3, #10'],
  ['22 14 40 38', 'digit: ldrb w2, [x1], #1'],
  ['42 c0 00 51', "sub w2, w2, #'0'"],
  ['5f 24 00 71', 'cmp w2, #9'],
  ['68 00 00 54', 'b.hi end'],
  ['00 08 03 9b', 'madd x0, x0, x3, x2'],
  ['fb ff ff 17', 'b digit'],
  ['5f c0 00 31', "end: cmn w2, #'0'          a zero ends the text"],
  ['21 02 00 54', 'b.ne done'],
  ['00 02 00 b4', 'cbz x0, done'],
  ['e4 03 00 aa', 'mov x4, x0'],
  ['00 0c 00 8b', 'add x0, x0, x0, lsl #3     nine'],
  ['00 08 c3 9a', 'udiv x0, x0, x3            tenths'],
  ['00 ac 6c d3', 'lsl x0, x0, #20            in bytes'],
  ['60 06 00 f9', 'str x0, [x19, #8]'],
  ['83 02 80 d2', 'mov x3, #20'],
  ['80 08 c3 9a', 'udiv x0, x4, x3            a twentieth,'],
  ['1f 00 01 f1', 'cmp x0, #64'],
  ['03 08 80 d2', 'mov x3, #64                at most 64,'],
  ['60 80 80 9a', 'csel x0, x3, x0, hi'],
  ['00 04 00 8b', 'add x0, x0, x0, lsl #1     three times,'],
  ['00 ac 6c d3', 'lsl x0, x0, #20            in bytes'],
  ['60 0a 00 f9', 'str x0, [x19, #16]'],
  ['00 18 a0 d2', 'mov x0, #12582912'],
  ['60 12 00 f9', 'str x0, [x19, #32]'],
  ['f3 0b 40 f9', 'done: ldr x19, [sp, #16]'],
  ['fd 7b c4 a8', 'ldp x29, x30, [sp], #64'],
  ['c0 03 5f d6', 'ret'],
] as const

const LINES: Readonly<Record<Architecture, CodeTable>> = { x64: X64, arm64: ARM64 }

/** The addresses of the functions that it calls. */
export interface HeapLimitCalls {
  readonly defaults: number
  readonly getenv: number
}

/** The code for `address`, a multiple of 16. */
export function heapLimitCode(arch: Architecture, address: number, calls: HeapLimitCalls): Buffer {
  const lines = LINES[arch]
  const code = assemble(lines)
  for (const [meaning, target] of [
    [CALL_DEFAULTS, calls.defaults],
    [CALL_GETENV, calls.getenv],
  ] as const) {
    const before = lines.slice(
      0,
      lines.findIndex((line) => line[1] === meaning),
    )
    const offset = assemble(before).length
    writeCall(code, offset, arch, target - address - offset)
  }
  return Buffer.concat([code, Buffer.from(VARIABLE, 'latin1')])
}
