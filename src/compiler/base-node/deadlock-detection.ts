/**
 * Has Abseil's mutexes not look for deadlocks, as in release builds of Abseil.
 *
 * Node.js is published with Abseil built for debugging. With each lock of an `absl::Mutex` it then keeps a graph on the
 * heap of which locks were taken while others were held. Where that shows an order of locks that could end in a
 * deadlock, it ends the process. Node.js turns that off once V8 is ready (`InitializeOncePerProcess` of src/node.cc), but
 * what V8 locks until then takes two to three hundredths of a start. A variable of four bytes says what is done: 2
 * (`OnDeadlockCycle::kAbort` of absl/synchronization/mutex.h) in builds for debugging, 0 (`kIgnore`) in others, and once
 * Node.js has turned it off. Here it is 0 from the beginning.
 *
 * The variable has no name in a stripped Node.js. `absl::SetMutexDeadlockDetectionMode`, which is exported, does nothing
 * but write its parameter there, so its code says where that is.
 */
import { type ElfFile, wordOffset } from '../elf/elf-file.ts'
import { findSymbol } from '../elf/elf-symbols.ts'
import { matchesCode, readPageAddress, textSection } from '../elf/machine-code.ts'

const SET_MODE = /^_ZN4absl29SetMutexDeadlockDetectionModeENS_15OnDeadlockCycleE$/
/** What Abseil says of a deadlock: a Node.js whose Abseil is in a library, or that has none, does not have it. */
const MESSAGE = 'Potential Mutex deadlock: %s'

const ABORT = 2
const IGNORE = 0

/**
 * Makes that change in `bytes`, those of `elf`. Returns whether nothing looks for deadlocks then: it was left out now or before, or
 * this Node.js has nothing that does.
 */
export function ignoreDeadlocks(bytes: Buffer, elf: ElfFile): boolean {
  const setMode = findSymbol(bytes, elf, SET_MODE)
  if (setMode === undefined) {
    return !bytes.includes(MESSAGE)
  }
  const mode = dataOffset(elf, writtenAddress(bytes, elf, setMode.offset))
  if (mode === undefined) {
    return false
  }
  if (bytes.readUInt32LE(mode) === ABORT) {
    bytes.writeUInt32LE(IGNORE, mode)
  }
  return bytes.readUInt32LE(mode) === IGNORE
}

/** Where a function at `offset` that only writes its parameter writes that; undefined where it does something else. */
function writtenAddress(bytes: Buffer, elf: ElfFile, offset: number): number | undefined {
  const text = textSection(elf)
  if (text === undefined) {
    return undefined
  }
  const address = offset - text.offset + text.address
  return elf.architecture === 'x64'
    ? writtenByX64(bytes, offset, address)
    : writtenByArm64(bytes, offset, address)
}

/** `mov [rip + distance], edi` and `ret`, by GCC; Clang makes a stack frame around it. */
const X64_WRITES = ['89 3d .. .. .. .. c3', '55 48 89 e5 89 3d .. .. .. .. 5d c3']
const X64_STORE_BYTES = 6

function writtenByX64(bytes: Buffer, offset: number, address: number): number | undefined {
  const code = X64_WRITES.find((pattern) => matchesCode(bytes, offset, pattern))
  if (code === undefined) {
    return undefined
  }
  // A byte takes three characters of the pattern. The distance counts from the end of the instruction.
  const end = code.indexOf('89 3d') / 3 + X64_STORE_BYTES
  return address + end + bytes.readInt32LE(offset + end - 4)
}

/** `adrp xN, page`, `add xN, xN, #rest`, `stlr w0, [xN]` and `ret`, by both compilers. */
function writtenByArm64(bytes: Buffer, offset: number, address: number): number | undefined {
  const [page = 0, rest = 0, store = 0, end = 0] = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(offset + at))
  const register = page & 0x1f
  const isWrite =
    (page & 0x9f000000) >>> 0 === 0x90000000 &&
    (rest & 0xffc003ff) >>> 0 === (0x91000000 | (register << 5) | register) >>> 0 &&
    store === (0x889ffc00 | (register << 5)) >>> 0 &&
    end === 0xd65f03c0
  if (!isWrite) {
    return undefined
  }
  return readPageAddress(bytes, offset, address) + ((rest >>> 10) & 0xfff)
}

/** Where in the file the program's variable at `address` is, if it is one. */
function dataOffset({ sections }: ElfFile, address: number | undefined): number | undefined {
  const data = sections.find(({ name }) => name === '.data')
  return data === undefined || address === undefined ? undefined : wordOffset(data, address)
}
