/** `.gnu.hash`, by which the dynamic linker finds a symbol: made as glibc's `elf/dl-lookup.c` reads it. */

const HASH_HEAD_BYTES = 16
/** Of the filter: bits for each symbol, which sets two of them, so that one name in sixty passes that is not there. */
const FILTER_BITS = 16
const FILTER_SHIFT = 26
const FILTER_WORD_BITS = 64

export interface HashedSymbol {
  readonly index: number
  readonly hash: number
}

/** A table of some symbols; what is in the file for each symbol is to be in its order. */
export class HashTable {
  readonly #buckets: number
  readonly #symbols: readonly HashedSymbol[]

  constructor(symbols: readonly HashedSymbol[]) {
    this.#buckets = Math.max(1, symbols.length)
    this.#symbols = symbols.toSorted((left, right) => this.#bucketOf(left) - this.#bucketOf(right))
  }

  #bucketOf({ hash }: HashedSymbol): number {
    return hash % this.#buckets
  }

  order(): number[] {
    return this.#symbols.map(({ index }) => index)
  }

  /** `first` is the index of the first of the symbols. */
  toBuffer(first: number): Buffer {
    const words =
      2 ** Math.ceil(Math.log2(Math.max(1, (this.#symbols.length * FILTER_BITS) / FILTER_WORD_BITS)))
    const filter = new BigUint64Array(words)
    const buckets = new Uint32Array(this.#buckets)
    const chain = new Uint32Array(this.#symbols.length)
    this.#symbols.forEach((symbol, at) => {
      const { hash } = symbol
      const word = Math.floor(hash / FILTER_WORD_BITS) % words
      filter[word] =
        (filter[word] as bigint) |
        (1n << BigInt(hash % FILTER_WORD_BITS)) |
        (1n << BigInt((hash >>> FILTER_SHIFT) % FILTER_WORD_BITS))
      const bucket = this.#bucketOf(symbol)
      buckets[bucket] ||= first + at
      const next = this.#symbols[at + 1]
      const isLast = next === undefined || this.#bucketOf(next) !== bucket
      // The lowest bit says that the bucket ends.
      chain[at] = isLast ? hash | 1 : hash & ~1
    })
    const head = Buffer.alloc(HASH_HEAD_BYTES)
    for (const [index, value] of [this.#buckets, first, words, FILTER_SHIFT].entries()) {
      head.writeUInt32LE(value, index * 4)
    }
    // All that is built for here is little-endian, as is all that this runs on.
    return Buffer.concat([head, ...[filter, buckets, chain].map(({ buffer }) => Buffer.from(buffer))])
  }
}

/** GNU's hash of a name: 33 times what is there, and the byte. */
export function hashOf(name: string): number {
  let hash = 5381
  for (const byte of Buffer.from(name, 'latin1')) {
    hash = (Math.imul(hash, 33) + byte) >>> 0
  }
  return hash
}
