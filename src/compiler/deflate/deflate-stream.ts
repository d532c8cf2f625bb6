/**
 * Reads a deflate stream: its bits, its blocks' kinds and their codes. The format is RFC 1951's.
 *
 * A stream is blocks of bits, each of which begins with one bit that says whether it is the last, and two for its kind. In a
 * block of codes, the symbols up to 255 are bytes, 256 ends the block, and those above are the lengths of repetitions, each
 * followed by a distance.
 */

export const BLOCK_KIND = { stored: 0, fixed: 1, dynamic: 2 } as const
export const END_OF_BLOCK = 256
const LONGEST_CODE = 15
/** The order in which a dynamic block gives the lengths of the codes for code lengths. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Bits that follow a length's symbol, from 257 on, and a distance's. */
export const LENGTH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
] as const
export const DISTANCE_BITS = Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1))

export class BitReader {
  position = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** The next 15 bits, or zeros beyond the end, the first of them lowest. */
  peek(): number {
    const at = this.position >> 3
    const three =
      (this.#bytes[at] ?? 0) | ((this.#bytes[at + 1] ?? 0) << 8) | ((this.#bytes[at + 2] ?? 0) << 16)
    return (three >>> (this.position & 7)) & 0x7fff
  }

  take(count: number): number {
    const value = this.peek() & ((1 << count) - 1)
    this.skip(count)
    return value
  }

  skip(count: number): void {
    this.position += count
    if (this.position > 8 * this.#bytes.length) {
      throw new RangeError('a deflate stream ends too early')
    }
  }
}

/** How many bytes a stored block has, whose bits are read up to its kind. */
export function readStoredLength(bits: BitReader): number {
  bits.skip(-bits.position & 7)
  const length = bits.take(8) | (bits.take(8) << 8)
  bits.skip(16)
  return length
}

/** A block's codes for bytes and lengths, and for distances. Throws RangeError for a kind that has none. */
export function readBlockCodes(bits: BitReader, kind: number): [Code, Code] {
  if (kind === BLOCK_KIND.fixed) {
    return FIXED_CODES
  }
  if (kind === BLOCK_KIND.dynamic) {
    return readDynamicCodes(bits)
  }
  throw new RangeError('a deflate stream has a block of no known kind')
}

function readDynamicCodes(bits: BitReader): [Code, Code] {
  const literals = 257 + bits.take(5)
  const distances = 1 + bits.take(5)
  const count = 4 + bits.take(4)
  const ofLengths = new Array<number>(19).fill(0)
  for (const symbol of ORDER.slice(0, count)) {
    ofLengths[symbol] = bits.take(3)
  }
  const code = new Code(ofLengths)
  const lengths: number[] = []
  while (lengths.length < literals + distances) {
    const symbol = code.read(bits)
    if (symbol < 16) {
      lengths.push(symbol)
    } else {
      const repeated = symbol === 16 ? (lengths.at(-1) ?? 0) : 0
      const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7)
      for (let time = 0; time < times; time += 1) {
        lengths.push(repeated)
      }
    }
  }
  return [new Code(lengths.slice(0, literals)), new Code(lengths.slice(literals))]
}

/** A Huffman code, of which the lengths tell all. */
export class Code {
  /** By the next 15 bits: the symbol, and in the lowest four bits its code's length. */
  readonly #symbols = new Uint16Array(1 << LONGEST_CODE)

  constructor(lengths: readonly number[]) {
    let code = 0
    for (let length = 1; length <= LONGEST_CODE; length += 1) {
      // What is known by fewer bits, whatever the next one is.
      const known = 1 << (length - 1)
      this.#symbols.copyWithin(known, 0, known)
      for (
        let symbol = lengths.indexOf(length);
        symbol !== -1;
        symbol = lengths.indexOf(length, symbol + 1)
      ) {
        this.#symbols[reversed(code, length)] = (symbol << 4) | length
        code += 1
      }
      code <<= 1
    }
  }

  read(bits: BitReader): number {
    const entry = this.#symbols[bits.peek()] ?? 0
    if (entry === 0) {
      throw new RangeError('a deflate stream has a code that it does not define')
    }
    bits.skip(entry & 15)
    return entry >> 4
  }
}

/** Codes stand in a stream with their highest bit first, and all else with the lowest. */
function reversed(code: number, length: number): number {
  let result = 0
  for (let bit = 0; bit < length; bit += 1) {
    result |= ((code >> bit) & 1) << (length - 1 - bit)
  }
  return result
}

const FIXED_LENGTHS = Array.from({ length: 288 }, (_, code) =>
  code < 144 ? 8 : code < 256 ? 9 : code < 280 ? 7 : 8,
)
const FIXED_CODES: [Code, Code] = [new Code(FIXED_LENGTHS), new Code(new Array(30).fill(5))]
