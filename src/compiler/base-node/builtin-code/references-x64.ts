/**
 * How x86-64 code says where a code cache is: it moves two numbers of 32 bits into a table.
 *
 *     movq $ADDRESS, TABLE(%rbp)     48 c7 85 TABLE ADDRESS
 *     movq $LENGTH, TABLE+8(%rbp)    48 c7 85 TABLE LENGTH
 *
 * Node.js's binary is no position-independent one, so the address is one as it will be in memory.
 */

import type { ElfSection } from '../../elf/elf-file.ts'
import type { CacheLengths, CacheReference, FoundReferences } from './cache-reference.ts'

/** `movq` of an immediate value to memory. */
const MOVE = [0x48, 0xc7] as const
/** How many bytes there may be before the value: with a short and a long distance, and with a scaled index. */
const VALUE_AT = [4, 7, 5, 8] as const
const VALUE_BYTES = 4
/** How far behind the address the length may be. */
const BETWEEN = 32
/** Numbers of 32 bits are extended by their sign. */
const MOST = 0x7fff_ffff

/** Only of those that exactly one place refers to. */
export function findX64References(bytes: Buffer, text: ElfSection, lengths: CacheLengths): FoundReferences {
  const addresses = [...lengths.keys()]
  const [least, most] = [Math.min(...addresses), Math.max(...addresses)]
  const found = new Map<number, CacheReference | undefined>()
  const end = text.offset + text.size - 2 * (MOVE.length + VALUE_BYTES)
  for (let at = text.offset; at < end; at++) {
    const address = bytes.readUInt32LE(at)
    if (address < least || address > most) {
      continue
    }
    const length = lengths.get(address)
    const lengthAt = length === undefined ? undefined : movedNext(bytes, at, length)
    if (lengthAt !== undefined) {
      found.set(address, found.has(address) ? undefined : reference(at, lengthAt))
    }
  }
  return new Map([...found].flatMap(([address, one]) => (one ? [[address, one]] : [])))
}

/** Where the length is, if the value at `at` is moved, and the length behind it; other instructions may be in between. */
function movedNext(bytes: Buffer, at: number, length: number): number | undefined {
  if (!isMoved(bytes, at)) {
    return undefined
  }
  for (let place = at + VALUE_BYTES; place < at + BETWEEN; place++) {
    if (bytes.readUInt32LE(place) === length && isMoved(bytes, place)) {
      return place
    }
  }
  return undefined
}

function isMoved(bytes: Buffer, valueAt: number): boolean {
  return VALUE_AT.some((before) => isMove(bytes, valueAt - before))
}

function isMove(bytes: Buffer, at: number): boolean {
  return bytes[at] === MOVE[0] && bytes[at + 1] === MOVE[1]
}

function reference(addressAt: number, lengthAt: number): CacheReference {
  return {
    move(bytes, address, length) {
      if (address > MOST || length > MOST) {
        return false
      }
      bytes.writeUInt32LE(address, addressAt)
      bytes.writeUInt32LE(length, lengthAt)
      return true
    },
  }
}
