/** Machine code: what of an ELF file's calls a function, whether code is of a known form, and tables of code to be added. */
import type { Architecture, ElfFile, ElfSection } from './elf-file.ts'

/** x86-64: `call` and `jmp` with a distance of 32 bits behind them. */
const X64_CALLS = [0xe8, 0xe9]
/** AArch64: `b` and `bl`, by the upper six bits of an instruction; the others are the distance in instructions. */
const ARM64_CALLS = [0b000101, 0b100101]

/** The section with the program's own code. */
export function textSection({ sections }: ElfFile): ElfSection | undefined {
  return sections.find(({ name }) => name === '.text')
}

/** The addresses of all instructions of `.text` that call, or jump to, the function at `address`. */
export function callersOf(bytes: Buffer, elf: ElfFile, address: number): number[] {
  const text = textSection(elf)
  if (text === undefined) {
    return []
  }
  return elf.architecture === 'x64'
    ? x64CallersOf(bytes, text, address)
    : arm64CallersOf(bytes, text, address)
}

function x64CallersOf(bytes: Buffer, text: ElfSection, address: number): number[] {
  const found: number[] = []
  const end = text.offset + text.size - 5
  // Instructions have no fixed length, so each byte may begin one: what looks like a call of just this address is one.
  for (const code of X64_CALLS) {
    for (
      let at = bytes.indexOf(code, text.offset);
      at !== -1 && at <= end;
      at = bytes.indexOf(code, at + 1)
    ) {
      const caller = text.address + at - text.offset
      if (caller + 5 + bytes.readInt32LE(at + 1) === address) {
        found.push(caller)
      }
    }
  }
  return found.sort((left, right) => left - right)
}

function arm64CallersOf(bytes: Buffer, text: ElfSection, address: number): number[] {
  const found: number[] = []
  for (let at = text.offset; at < text.offset + text.size; at += 4) {
    const instruction = bytes.readInt32LE(at)
    const caller = text.address + at - text.offset
    // Shifted left and back: the distance has a sign.
    if (ARM64_CALLS.includes(instruction >>> 26) && caller + ((instruction << 6) >> 6) * 4 === address) {
      found.push(caller)
    }
  }
  return found
}

const PAGE_BYTES = 4096

/** AArch64's `adrp`: the address of the page that the instruction at `offset`, which is at `address`, puts into a register. */
export function readPageAddress(bytes: Buffer, offset: number, address: number): number {
  const instruction = bytes.readUInt32LE(offset)
  // 21 bits with a sign, of which the lower two stand apart.
  const pages = (((instruction << 8) >> 13) << 2) | ((instruction >>> 29) & 3)
  return address - (address % PAGE_BYTES) + pages * PAGE_BYTES
}

/** Has the `adrp` at `offset`, which is at `address`, put the address of the page of `target` into its register. */
export function writePageAddress(bytes: Buffer, offset: number, address: number, target: number): void {
  const pages = Math.floor(target / PAGE_BYTES) - Math.floor(address / PAGE_BYTES)
  const register = bytes.readUInt32LE(offset) & 0x1f
  const places = ((pages & 3) << 29) | (((pages >> 2) & 0x7ffff) << 5)
  bytes.writeUInt32LE((0x90000000 | places | register) >>> 0, offset)
}

/**
 * Has the call or jump at `offset` lead `distance` bytes further, counted from its first byte. Throws a RangeError if that is
 * too far.
 */
export function writeCall(bytes: Buffer, offset: number, arch: Architecture, distance: number): void {
  if (arch === 'x64') {
    bytes.writeInt32LE(distance - 5, offset + 1)
    return
  }
  const instructions = distance / 4
  if (Math.abs(instructions) >= 2 ** 25) {
    throw new RangeError(`a call cannot lead ${distance} bytes further`)
  }
  const operation = bytes.readUInt32LE(offset) & 0xfc000000
  bytes.writeUInt32LE((operation | (instructions & 0x3ffffff)) >>> 0, offset)
}

/** An instruction for each line: its bytes, in hexadecimal, and what it is in assembler, with a remark. */
export type CodeTable = readonly (readonly [bytes: string, meaning: string])[]

export function assemble(lines: CodeTable): Buffer {
  return Buffer.concat(lines.map(([bytes]) => Buffer.from(bytes.replaceAll(' ', ''), 'hex')))
}

/** Whether the bytes at `offset` are those of `pattern`: hexadecimal, with `..` for a byte that may be any. */
export function matchesCode(bytes: Buffer, offset: number, pattern: string): boolean {
  const wanted = pattern.split(/\s+/)
  return wanted.every((byte, index) => byte === '..' || bytes[offset + index] === Number.parseInt(byte, 16))
}
