/**
 * Takes out of a Node.js binary three pieces of work that each of its starts does, and that no function needs: more than an eighth of
 * the CPU time of a start. A few bytes are changed, and only where they are known.
 *
 * **The search for primes.** V8 hashes strings with three secrets of 64 bits that it draws anew in each process, so that
 * nobody can find strings with the same hash. It draws on until each is odd, has four ones in each of its bytes, differs from the
 * others in half of its bits, and is a prime. The last is a nicety of the hash's author, and takes a tenth of the start:
 * about 1 number in 20 passes, after up to twelve rounds of Miller and Rabin's test. That test's function is made to say
 * yes. All else stays: the same generator, the same seeds of the operating system's, and even more numbers to draw from.
 *
 * **Source positions for a profiler.** Node.js has V8 note, for all functions that are in the heap at the start, which
 * position in the source each of their instructions has, in case that somebody starts a profiler. V8 does so by itself when
 * one is started, or when a stack trace needs them. The call is left out; that V8 is to note the positions of what is
 * compiled from then on stays as it is.
 *
 * **Looking for deadlocks**, which Abseil's mutexes do: see {@link ./deadlock-detection.ts}.
 *
 * The functions are recognised by their machine code, so a Node.js with another layout is fine; one of another compiler or
 * version, whose code differs, is left as it is.
 */
import { createHash } from 'node:crypto'
import { type Architecture, type ElfFile, parseElf } from '../elf/elf-file.ts'
import { findSymbol } from '../elf/elf-symbols.ts'
import { callersOf, matchesCode, textSection } from '../elf/machine-code.ts'
import { ignoreDeadlocks } from './deadlock-detection.ts'
import { KNOWN_PRIME_TESTS, type PrimeTest } from './prime-tests.ts'

export interface LighterStart {
  readonly bytes: Buffer
  /** What could not be left out, and why, in one sentence each. */
  readonly kept: readonly string[]
}

/** The bytes of `executable` without that work. Throws ElfFormatError, naming `fileName`. */
export function leaveOutStartupWork(executable: Buffer, fileName: string): LighterStart {
  const elf = parseElf(executable, fileName)
  const bytes = Buffer.from(executable)
  const kept: string[] = []
  if (!answerPrimeTests(bytes, elf)) {
    kept.push(
      'this Node.js keeps V8’s search for primes, a tenth of each start, if it has one: it has none of the code that is known for it, which is that of Node.js 22, 24 and 26 as published',
    )
  }
  if (!skipSourcePositions(bytes, elf)) {
    kept.push(
      'this Node.js notes source positions for profilers, a fiftieth of each start: the code that does is not as in Node.js 22, 24 and 26 as published',
    )
  }
  if (!ignoreDeadlocks(bytes, elf)) {
    kept.push(
      'this Node.js keeps Abseil’s search for deadlocks, a fortieth of each start: what turns it on is not as in Node.js 22, 24 and 26 as published',
    )
  }
  return { bytes, kept }
}

/** How far the callers of a function may be from it: all are in one other, right beside it. */
const NEAR = 16_384

/**
 * A constant of the string hash that draws secrets (`RAPIDHASH_DEFAULT_SECRET[0]` of third_party/rapidhash-v8/rapidhash.h), as
 * it is in a binary. Node.js before 22.23 hashes strings another way, and tests nothing for being a prime.
 */
const RAPIDHASH_SECRET = Buffer.from('a5786caacc8d352d', 'hex')

/** Returns whether no test is left: it was found, changed or not before, or there never was one. */
function answerPrimeTests(bytes: Buffer, elf: ElfFile): boolean {
  if (!bytes.includes(RAPIDHASH_SECRET)) {
    return true
  }
  const found = KNOWN_PRIME_TESTS.filter(({ arch }) => arch === elf.architecture).flatMap((known) =>
    findPrimeTest(bytes, elf, known).map((offset) => ({ offset, change: known.change })),
  )
  const [only] = found
  if (only === undefined || found.length > 1) {
    return false
  }
  Buffer.from(only.change.bytes, 'hex').copy(bytes, only.offset + only.change.at)
  return true
}

/** Where in the file the code is; nothing unless it is the known one to the last byte, and so is who calls it. */
function findPrimeTest(bytes: Buffer, elf: ElfFile, known: PrimeTest): number[] {
  const text = textSection(elf)
  if (text === undefined) {
    return []
  }
  const found: number[] = []
  const anchor = Buffer.from(known.anchor.bytes, 'hex')
  const end = text.offset + text.size
  for (
    let at = bytes.indexOf(anchor, text.offset);
    at !== -1 && at < end;
    at = bytes.indexOf(anchor, at + 1)
  ) {
    const offset = at - known.anchor.at
    if (hashOf(bytes.subarray(offset, offset + known.size), known) === known.sha256) {
      const address = text.address + offset - text.offset
      if (known.calls === undefined || isCalled(callersOf(bytes, elf, address), address, known.calls)) {
        found.push(offset)
      }
    }
  }
  return found
}

function hashOf(code: Buffer, { change }: PrimeTest): string {
  const changed = change.bytes.length / 2
  return createHash('sha256')
    .update(code.subarray(0, change.at))
    .update(Buffer.alloc(changed))
    .update(code.subarray(change.at + changed))
    .digest('hex')
}

function isCalled(callers: readonly number[], address: number, times: number): boolean {
  return callers.length === times && callers.every((caller) => Math.abs(caller - address) < NEAR)
}

/**
 * `v8::CpuProfiler::UseDetailedSourcePositionsForProfiling`, which is exported: it calls
 * `Isolate::CollectSourcePositionsForAllBytecodeArrays` and sets a flag. By compiler, with the call as `call`.
 */
const SOURCE_POSITIONS = /^_ZN2v811CpuProfiler38UseDetailedSourcePositionsForProfilingEPNS_7IsolateE$/
const SOURCE_POSITIONS_CODE: Readonly<Record<Architecture, readonly string[]>> = {
  x64: [
    '55 48 89 e5 53 48 89 fb 48 83 ec 08 call c6 83 .. .. .. .. 01 48 8b 5d f8 c9 c3',
    '55 48 89 e5 53 50 48 89 fb call c6 83 .. .. .. .. 01 48 83 c4 08 5b 5d c3',
  ],
  arm64: [
    'fd 7b be a9 fd 03 00 91 f3 0b 00 f9 f3 03 00 aa 73 42 40 91 call 20 00 80 52 60 .. .. 39 f3 0b 40 f9 fd 7b c2 a8 c0 03 5f d6',
    'fd 7b be a9 f3 0b 00 f9 fd 03 00 91 f3 03 00 aa call 08 .. .. 52 29 00 80 52 28 00 a0 72 69 6a 28 38 f3 0b 40 f9 fd 7b c2 a8 c0 03 5f d6',
  ],
}
const CALL: Readonly<Record<Architecture, string>> = { x64: 'e8 .. .. .. ..', arm64: '.. .. .. ..' }
/** Nothing, in as many bytes as a call. */
const NOTHING: Readonly<Record<Architecture, string>> = { x64: '0f 1f 44 00 00', arm64: '1f 20 03 d5' }
/** The upper six bits of `bl`, in the last byte of the instruction. */
const isBranchWithLink = (byte: number | undefined) => byte !== undefined && byte >> 2 === 0b100101

/** Returns whether the call was found, left out or not before. */
function skipSourcePositions(bytes: Buffer, elf: ElfFile): boolean {
  const { architecture } = elf
  const symbol = findSymbol(bytes, elf, SOURCE_POSITIONS)
  if (symbol === undefined) {
    return false
  }
  for (const code of SOURCE_POSITIONS_CODE[architecture]) {
    const [before = ''] = code.split(' call ')
    const at = symbol.offset + before.split(' ').length
    if (matchesCode(bytes, symbol.offset, code.replace('call', NOTHING[architecture]))) {
      return true
    }
    const isCall = architecture === 'x64' || isBranchWithLink(bytes[at + 3])
    if (isCall && matchesCode(bytes, symbol.offset, code.replace('call', CALL[architecture]))) {
      Buffer.from(NOTHING[architecture].replaceAll(' ', ''), 'hex').copy(bytes, at)
      return true
    }
  }
  return false
}
