/**
 * Makes of a finished deflate stream one that another can be put behind.
 *
 * To find the bit of its last block that says so takes decoding all before it, as blocks do not tell their length: see
 * {@link ./deflate-stream.ts}.
 */
import {
  BitReader,
  BLOCK_KIND,
  DISTANCE_BITS,
  END_OF_BLOCK,
  LENGTH_BITS,
  readBlockCodes,
  readStoredLength,
} from './deflate-stream.ts'

/** A stream of no data, to put behind the last one: a last block of kind 1 with nothing but its end. */
export const STREAM_END = Buffer.from([0x03, 0x00])

/**
 * `stream` without its mark of an end, and up to a whole byte: what is behind it goes on with the same data. Throws
 * RangeError when it is no whole deflate stream.
 */
export function openEnd(stream: Buffer): Buffer {
  const bits = new BitReader(stream)
  let lastBlock = 0
  for (let isLast = false; !isLast; ) {
    lastBlock = bits.position
    isLast = bits.take(1) === 1
    skipBlock(bits, bits.take(2))
  }
  // A stored block of no bytes: three zero bits, up to a whole byte, and its length and that inverted.
  const end = Math.ceil((bits.position + 3) / 8)
  const open = Buffer.alloc(end + 4)
  stream.copy(open, 0, 0, Math.min(end, stream.length))
  open.writeUInt8(open.readUInt8(lastBlock >> 3) & ~(1 << (lastBlock & 7)), lastBlock >> 3)
  open.writeUInt16LE(0xffff, end + 2)
  return open
}

function skipBlock(bits: BitReader, kind: number): void {
  if (kind === BLOCK_KIND.stored) {
    bits.skip(8 * readStoredLength(bits))
    return
  }
  const [literals, distances] = readBlockCodes(bits, kind)
  for (let symbol = literals.read(bits); symbol !== END_OF_BLOCK; symbol = literals.read(bits)) {
    if (symbol > END_OF_BLOCK) {
      bits.skip(LENGTH_BITS[symbol - 257] ?? 0)
      bits.skip(DISTANCE_BITS[distances.read(bits)] ?? 0)
    }
  }
}
