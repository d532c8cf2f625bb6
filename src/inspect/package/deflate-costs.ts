/**
 * What each part of a file takes of its deflate stream, by the stream's own bits.
 *
 * Each symbol of the stream stands for bytes of the file, one or, where it repeats others, up to 258; its bits are those
 * bytes' cost, in equal shares. What a block has besides, above all the table of its codes, is shared by the parts in
 * it in proportion to their bits. So the costs of all parts together are the stream, to the bit. What a part costs is what it
 * costs beside the others: it may be short because it repeats what another one has.
 */
import {
  BitReader,
  BLOCK_KIND,
  DISTANCE_BITS,
  END_OF_BLOCK,
  LENGTH_BITS,
  readBlockCodes,
  readStoredLength,
} from '../../compiler/deflate/deflate-stream.ts'

/** The shortest repetition that a symbol stands for, from 257 on. The last one, 258, has no bits behind it. */
const SHORTEST = LENGTH_BITS.map((_, index) =>
  index === 28 ? 258 : 3 + LENGTH_BITS.slice(0, index).reduce<number>((sum, bits) => sum + (1 << bits), 0),
)

/**
 * Bits of `stream`, a whole raw deflate stream, by part; `ends` tells where in the file each part ends, in order. Throws
 * RangeError where the stream is none, or is of another size than the last part's end.
 */
export function deflateCosts(stream: Buffer, ends: readonly number[]): number[] {
  const bits = new BitReader(stream)
  const costs = new PartCosts(ends)
  for (let isLast = false; !isLast; ) {
    const start = bits.position
    costs.beginBlock()
    isLast = bits.take(1) === 1
    const kind = bits.take(2)
    if (kind === BLOCK_KIND.stored) {
      const length = readStoredLength(bits)
      bits.skip(8 * length)
      costs.add(length, 8 * length)
    } else {
      addSymbols(bits, kind, costs)
    }
    costs.endBlock(bits.position - start)
  }
  return costs.finish(8 * stream.length - bits.position)
}

function addSymbols(bits: BitReader, kind: number, costs: PartCosts): void {
  const [literals, distances] = readBlockCodes(bits, kind)
  for (;;) {
    const start = bits.position
    const symbol = literals.read(bits)
    if (symbol < END_OF_BLOCK) {
      costs.addByte(bits.position - start)
    } else if (symbol === END_OF_BLOCK) {
      return
    } else {
      const length = (SHORTEST[symbol - 257] ?? 0) + bits.take(LENGTH_BITS[symbol - 257] ?? 0)
      bits.skip(DISTANCE_BITS[distances.read(bits)] ?? 0)
      costs.add(length, bits.position - start)
    }
  }
}

class PartCosts {
  readonly #ends: readonly number[]
  readonly #costs: number[]
  /** The part that is under way, its end, and where in the file this is. */
  #part = 0
  #end: number
  #position = 0
  /** The part in which the block began, what it had cost by then, and what the block has cost since. */
  #blockPart = 0
  #costBefore = 0
  #blockCost = 0

  constructor(ends: readonly number[]) {
    this.#ends = ends
    this.#costs = new Array(ends.length).fill(0)
    this.#end = ends[0] ?? 0
    this.#skipEmpty()
  }

  addByte(bits: number): void {
    if (this.#position === this.#end) {
      this.#next()
    }
    this.#position += 1
    this.#addTo(this.#part, bits)
    this.#blockCost += bits
  }

  add(bytes: number, bits: number): void {
    this.#blockCost += bits
    let [leftBytes, leftBits] = [bytes, bits]
    while (leftBytes > 0) {
      if (this.#position === this.#end) {
        this.#next()
      }
      const here = Math.min(leftBytes, this.#end - this.#position)
      const share = Math.round((leftBits * here) / leftBytes)
      this.#addTo(this.#part, share)
      this.#position += here
      leftBytes -= here
      leftBits -= share
    }
  }

  beginBlock(): void {
    this.#blockPart = this.#part
    this.#costBefore = this.#costs[this.#part] ?? 0
    this.#blockCost = 0
  }

  /** Shares what the block, of `bits` in all, has beside its symbols. */
  endBlock(bits: number): void {
    const rest = bits - this.#blockCost
    let seen = 0
    let shared = 0
    for (let part = this.#blockPart; part <= this.#part; part++) {
      seen += (this.#costs[part] ?? 0) - (part === this.#blockPart ? this.#costBefore : 0)
      const upToHere = this.#blockCost === 0 ? rest : Math.round((rest * seen) / this.#blockCost)
      this.#addTo(part, upToHere - shared)
      shared = upToHere
    }
  }

  /** What fills the last byte is the last part's. */
  finish(paddingBits: number): number[] {
    if (this.#position !== (this.#ends.at(-1) ?? 0)) {
      throw new RangeError(`a deflate stream has ${this.#position} bytes, and ${this.#ends.at(-1)} were told`)
    }
    if (this.#costs.length > 0) {
      this.#addTo(this.#costs.length - 1, paddingBits)
    }
    return this.#costs
  }

  #addTo(part: number, bits: number): void {
    this.#costs[part] = (this.#costs[part] ?? 0) + bits
  }

  #next(): void {
    this.#part += 1
    this.#end = this.#ends[this.#part] ?? -1
    this.#skipEmpty()
    if (this.#end === -1) {
      throw new RangeError(`a deflate stream has more than the ${this.#ends.at(-1)} bytes that were told`)
    }
  }

  #skipEmpty(): void {
    while (this.#end === this.#position && this.#part < this.#ends.length - 1) {
      this.#part += 1
      this.#end = this.#ends[this.#part] ?? -1
    }
  }
}

/** Whole bytes of which each is within one of its bits' eighth, and which together are all of them. */
export function asBytes(bits: readonly number[]): number[] {
  let sum = 0
  let given = 0
  return bits.map((each) => {
    sum += each
    const bytes = Math.round(sum / 8) - given
    given += bytes
    return bytes
  })
}
