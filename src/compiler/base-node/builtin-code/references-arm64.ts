/**
 * How AArch64 code says where a code cache is: it puts an address and a length together in registers, and stores both beside
 * each other.
 *
 *     adrp x0, PAGE          the upper bits of an address, as a distance from here in pages of 4 KiB
 *     add  x0, x0, #REST     its lower 12 bits; where the compiler counts from some other place in the data, in two steps
 *     movz x2, #LENGTH       16 bits; a `movk` sets the next 16 where there are more
 *     str  x0, [sp, #PLACE]
 *     str  x2, [sp, #PLACE+8]
 *
 * Other instructions stand in between, so what each register holds, and by which instructions, is followed through all
 * of the code: as far as these few kinds go, and whatever else writes to a register makes it unknown.
 */

import type { ElfSection } from '../../elf/elf-file.ts'
import type { CacheLengths, CacheReference, FoundReferences } from './cache-reference.ts'

/** What a register holds, and where the instructions are that put it there. */
interface Value {
  readonly value: number
  readonly made: readonly number[]
}

interface Store {
  readonly base: number
  readonly place: number
  readonly stored: Value
  /** Which instruction it is. */
  readonly at: number
}

const PAGE = 4096
/** How many instructions there may be between the two stores. */
const BETWEEN = 16
/** Registers that a called function may change are those up to this one. */
const LAST_SCRATCH = 18
const CALLS = 0b100101
/** Groups of instructions, by bits 28 to 26 and 27 to 25: those that jump, and those that compute with two registers. */
const BRANCHES = 0x1400_0000
const COMPUTES = 0x0a00_0000
/** The bit in which `sub` differs from `add`. */
const SUBTRACTS = 0x4000_0000

/** Only of those that exactly one place refers to, by instructions that serve nothing else. */
export function findArm64References(bytes: Buffer, text: ElfSection, lengths: CacheLengths): FoundReferences {
  const follower = new Follower(bytes, text)
  const found = new Map<number, { address: Value; length: Value } | undefined>()
  follower.onStores = (one, other) => {
    for (const [low, high] of [
      [one, other],
      [other, one],
    ] as const) {
      const address = low.stored.value
      if (high.place === low.place + 8 && lengths.get(address) === high.stored.value) {
        found.set(address, found.has(address) ? undefined : { address: low.stored, length: high.stored })
      }
    }
  }
  follower.run()
  return new Map(
    [...found].flatMap(([address, parts]) =>
      parts && isOwn(follower, parts.address) && isOwn(follower, parts.length)
        ? [[address, reference(text, parts.address.made, parts.length.made)]]
        : [],
    ),
  )
}

/** Whether what the instructions make is used by nothing else than the next of them, and what stores it. */
function isOwn({ uses }: Follower, { made }: Value): boolean {
  return made.every((at) => uses.get(at) === 1)
}

/** Follows what registers hold. */
class Follower {
  readonly #bytes: Buffer
  readonly #text: ElfSection
  readonly #registers: (Value | undefined)[] = new Array(32)
  #stores: Store[] = []
  /** By instruction, how often what it made was used. */
  readonly uses = new Map<number, number>()
  onStores: (one: Store, other: Store) => void = () => {}

  constructor(bytes: Buffer, text: ElfSection) {
    this.#bytes = bytes
    this.#text = text
  }

  run(): void {
    const { offset, size } = this.#text
    for (let at = offset; at < offset + size; at += 4) {
      this.#step(this.#bytes.readUInt32LE(at), at)
    }
  }

  #step(code: number, at: number): void {
    const target = code & 31
    const source = (code >>> 5) & 31
    if ((code & 0x9f00_0000) >>> 0 === 0x9000_0000) {
      this.#set(target, { value: pageOf(code, this.#addressOf(at)), made: [at] })
    } else if ((code & 0xbfc0_0000) >>> 0 === 0x9100_0000) {
      const from = this.#use(source)
      const distance = ((code >>> 10) & 0xfff) * ((code & SUBTRACTS) === 0 ? 1 : -1)
      this.#set(target, from && { value: from.value + distance, made: [...from.made, at] })
    } else if ((code & 0x7f80_0000) >>> 0 === 0x5280_0000) {
      this.#set(target, { value: ((code >>> 5) & 0xffff) * 2 ** (16 * ((code >>> 21) & 3)), made: [at] })
    } else if ((code & 0x7fe0_0000) >>> 0 === 0x72a0_0000) {
      const from = this.#use(target)
      const value = ((code >>> 5) & 0xffff) * 65_536 + ((from?.value ?? 0) & 0xffff)
      this.#set(target, from && { value, made: [...from.made, at] })
    } else if ((code & 0xffc0_0000) >>> 0 === 0xf900_0000) {
      this.#store(source, ((code >>> 10) & 0xfff) * 8, target, at)
    } else if ((code & 0xffc0_0000) >>> 0 === 0xa900_0000) {
      const place = ((code << 10) >> 25) * 8
      this.#store(source, place, target, at)
      this.#store(source, place + 8, (code >>> 10) & 31, at)
    } else {
      this.#other(code, target, source)
    }
  }

  /** Any other: what it reads is used, and what it writes is unknown from then on. */
  #other(code: number, target: number, source: number): void {
    if ((code & 0x1c00_0000) === BRANCHES) {
      if (code >>> 26 === CALLS) {
        this.#registers.fill(undefined, 0, LAST_SCRATCH + 1)
      }
      return
    }
    this.#use(source)
    if ((code & 0x0e00_0000) === COMPUTES) {
      this.#use((code >>> 16) & 31)
    }
    if (isStore(code)) {
      this.#use(target)
    } else {
      this.#set(target, undefined)
    }
  }

  #addressOf(at: number): number {
    return at - this.#text.offset + this.#text.address
  }

  #set(register: number, value: Value | undefined): void {
    // Register 31 is the stack pointer, or zero.
    if (register !== 31) {
      this.#registers[register] = value
    }
  }

  #use(register: number): Value | undefined {
    const value = this.#registers[register]
    const last = value?.made.at(-1)
    if (last !== undefined) {
      this.uses.set(last, (this.uses.get(last) ?? 0) + 1)
    }
    return value
  }

  #store(base: number, place: number, register: number, at: number): void {
    const stored = this.#use(register)
    if (stored === undefined) {
      return
    }
    const store = { base, place, stored, at }
    this.#stores = this.#stores.filter((earlier) => at - earlier.at <= BETWEEN * 4)
    for (const earlier of this.#stores) {
      if (earlier.base === base) {
        this.onStores(earlier, store)
      }
    }
    this.#stores.push(store)
  }
}

/** Whether it stores the register that others would write to: a register by itself, or two. */
function isStore(code: number): boolean {
  const isPair = (code & 0x3a00_0000) === 0x2800_0000
  const isSingle = (code & 0x3a00_0000) === 0x3800_0000
  return (isPair && (code & 0x0040_0000) === 0) || (isSingle && (code & 0x00c0_0000) === 0)
}

/** What `adrp` at `address` makes. */
function pageOf(code: number, address: number): number {
  const pages = (((code << 8) >> 13) << 2) | ((code >>> 29) & 3)
  return (Math.floor(address / PAGE) + pages) * PAGE
}

function reference(text: ElfSection, made: readonly number[], lengthMade: readonly number[]): CacheReference {
  const [adrp = 0, ...adds] = made
  const [movz = 0, movk] = lengthMade
  const page = Math.floor((adrp - text.offset + text.address) / PAGE)
  return {
    move(bytes, address, length) {
      // Without a second instruction there are 16 bits: those of a length that is larger, which V8 takes as well.
      const [low, high] =
        movk !== undefined
          ? [length & 0xffff, length >>> 16]
          : length > 0xffff
            ? [Math.ceil(length / 65_536), 1]
            : [length, 0]
      const pages = Math.floor(address / PAGE) - page
      if (adds.length === 0 || low > 0xffff || high > 0xffff || Math.abs(pages) >= 2 ** 20) {
        return false
      }
      const adrpBits = (((pages & 3) << 29) | (((pages >> 2) & 0x7_ffff) << 5)) >>> 0
      change(bytes, adrp, 0x60ff_ffe0, adrpBits)
      for (const [index, add] of adds.entries()) {
        change(bytes, add, SUBTRACTS | (0xfff << 10), index === 0 ? (address % PAGE) << 10 : 0)
      }
      change(bytes, movz, 0x0060_0000 | (0xffff << 5), (low << 5) | (movk === undefined ? high << 21 : 0))
      if (movk !== undefined) {
        change(bytes, movk, 0xffff << 5, high << 5)
      }
      return true
    },
  }
}

/** Sets those bits of an instruction that `mask` has. */
function change(bytes: Buffer, at: number, mask: number, bits: number): void {
  bytes.writeUInt32LE(((bytes.readUInt32LE(at) & ~mask) | bits) >>> 0, at)
}
