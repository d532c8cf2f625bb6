/**
 * The assets of a SEA blob: what stands at its end, as `docs/architecture.md` draws it. How many there are, and of each the
 * length of its name, that, the length of its content, and that; lengths are 64 bits, little-endian. The source of this is
 * Node.js's `node_sea.cc`.
 */

/** By name. */
export type SeaAssets = Readonly<Record<string, Buffer>>

const LENGTH_BYTES = 8

/** The blob with other assets than `before`; undefined where those are not what it ends with. */
export function withAssets(blob: Buffer, before: SeaAssets, assets: SeaAssets): Buffer | undefined {
  const end = assetTable(before)
  const at = blob.length - end.length
  return at > 0 && blob.subarray(at).equals(end)
    ? Buffer.concat([blob.subarray(0, at), assetTable(assets)])
    : undefined
}

function assetTable(assets: SeaAssets): Buffer {
  const entries = Object.entries(assets)
  const parts = entries.flatMap(([name, content]) => [
    ...withLength(Buffer.from(name)),
    ...withLength(content),
  ])
  return Buffer.concat([lengthOf(entries.length), ...parts])
}

function withLength(bytes: Buffer): [Buffer, Buffer] {
  return [lengthOf(bytes.length), bytes]
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeBigUInt64LE(BigInt(length))
  return bytes
}
