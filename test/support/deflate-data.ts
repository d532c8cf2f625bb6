import fc from 'fast-check'

/**
 * From what does not compress to what has long repeats, of up to `longestRun` bytes each, and long enough for several blocks of
 * a deflate stream.
 */
export function compressibleData(longestRun: number): fc.Arbitrary<Buffer> {
  return fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 3000 }),
        fc
          .record({ byte: fc.nat(255), length: fc.nat(longestRun) })
          .map(({ byte, length }) => Buffer.alloc(length, byte)),
        fc.lorem({ maxCount: 300 }).map((text) => Buffer.from(text)),
      ),
      { maxLength: 6 },
    )
    .map((parts) => Buffer.concat(parts))
}
