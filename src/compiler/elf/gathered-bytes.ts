/**
 * The bytes of a large file, gathered from pieces that are elsewhere in memory: what is made of them shares the pieces, and is not
 * copied until it is written. An executable is a Node.js of 120 MB, the same for each function, and little besides; to copy that
 * for each step of each function would take most of a build's time.
 *
 * Neither they nor their pieces change once they are made.
 */

/** What is read of a file: of a Buffer, or of gathered bytes. */
export interface FileBytes {
  readonly length: number
  /** Throw RangeError beyond the end. */
  readUInt16LE(at: number): number
  readUInt32LE(at: number): number
  readBigUInt64LE(at: number): bigint
  /** -1 where it is not there. */
  indexOf(what: Buffer | number, from?: number): number
  /** Up to the end, where that is nearer. Must not be changed. */
  subarray(from: number, to?: number): Buffer
}

const ZEROS = Buffer.alloc(1 << 16)

export class GatheredBytes implements FileBytes {
  readonly length: number
  readonly #pieces: readonly Buffer[]
  /** Where each piece begins. */
  readonly #starts: readonly number[]

  private constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces.filter(({ length }) => length > 0)
    const starts: number[] = []
    let length = 0
    for (const piece of this.#pieces) {
      starts.push(length)
      length += piece.length
    }
    this.#starts = starts
    this.length = length
  }

  /** All of `parts`, one behind the other. */
  static of(...parts: readonly (Buffer | GatheredBytes)[]): GatheredBytes {
    return new GatheredBytes(parts.flatMap((part) => (part instanceof GatheredBytes ? part.#pieces : part)))
  }

  static zeros(count: number): GatheredBytes {
    const pieces: Buffer[] = []
    for (let left = count; left > 0; left -= ZEROS.length) {
      pieces.push(ZEROS.subarray(0, Math.min(left, ZEROS.length)))
    }
    return new GatheredBytes(pieces)
  }

  part(from: number, to = this.length): GatheredBytes {
    return new GatheredBytes(this.pieces(from, to))
  }

  /** These with `bytes` in the place of as many that are at `at`. */
  with(at: number, bytes: Buffer): GatheredBytes {
    if (at < 0 || at + bytes.length > this.length) {
      throw new RangeError(`no ${bytes.length} bytes at ${at} of ${this.length}`)
    }
    return GatheredBytes.of(this.part(0, at), bytes, this.part(at + bytes.length))
  }

  /** The same with a number of 64 bits. */
  withNumber(at: number, value: number): GatheredBytes {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    return this.with(at, bytes)
  }

  /** What is from `from` to `to`, in pieces. */
  pieces(from = 0, to = this.length): Buffer[] {
    const found: Buffer[] = []
    for (let index = this.#indexAt(from); index < this.#pieces.length; index++) {
      const [piece, start] = [this.#pieces[index] as Buffer, this.#starts[index] as number]
      if (start >= to) {
        break
      }
      found.push(piece.subarray(Math.max(0, from - start), Math.min(piece.length, to - start)))
    }
    return found
  }

  subarray(from: number, to = this.length): Buffer {
    const [first = ZEROS.subarray(0, 0), ...others] = this.pieces(from, to)
    return others.length === 0 ? first : Buffer.concat([first, ...others])
  }

  readUInt16LE(at: number): number {
    return this.subarray(at, at + 2).readUInt16LE()
  }

  readUInt32LE(at: number): number {
    return this.subarray(at, at + 4).readUInt32LE()
  }

  readBigUInt64LE(at: number): bigint {
    return this.subarray(at, at + 8).readBigUInt64LE()
  }

  indexOf(what: Buffer | number, from = 0): number {
    const more = typeof what === 'number' ? 0 : what.length - 1
    for (let index = this.#indexAt(from); index < this.#pieces.length; index++) {
      const [piece, start] = [this.#pieces[index] as Buffer, this.#starts[index] as number]
      const found = piece.indexOf(what, Math.max(0, from - start))
      if (found !== -1) {
        return start + found
      }
      // What begins in this piece and ends in another.
      const seam = Math.max(from, start + piece.length - more)
      const across = more === 0 ? -1 : this.subarray(seam, start + piece.length + more).indexOf(what)
      if (across !== -1) {
        return seam + across
      }
    }
    return -1
  }

  /** A copy of all. */
  toBuffer(): Buffer {
    return Buffer.concat(this.#pieces, this.length)
  }

  /** The index of the piece with the byte at `at`; the number of pieces where there is none. */
  #indexAt(at: number): number {
    let [low, high] = [0, this.#starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] as number) + (this.#pieces[middle] as Buffer).length <= at) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}
