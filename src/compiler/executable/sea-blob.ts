/**
 * The assets of a SEA blob: what stands at its end, as `docs/architecture.md` draws it. How many there are, and of each the
 * length of its name, that, the length of its content, and that; lengths are 64 bits, little-endian. The source of this is
 * Node.js's `node_sea.cc`.
 */

import { scriptOfCodeCache } from '../../executable/format.ts'

/** The name of assets that nobody asks for. */
export const FILLER = ''

/** By name. */
export type SeaAssets = Readonly<Record<string, Buffer>>

const LENGTH_BYTES = 8
/** V8 copies a code cache that does not begin at a multiple of it in memory. */
const CODE_CACHE_ALIGNMENT = 8

/**
 * The blob with other assets than `before`; undefined where those are not what it ends with. `start` is where it begins in memory, or as
 * far from a multiple of 8 as there.
 */
export function withAssets(
  blob: Buffer,
  before: SeaAssets,
  assets: SeaAssets,
  start = 0,
): Buffer | undefined {
  const end = assetTable(Object.entries(before))
  const at = blob.length - end.length
  return at > 0 && blob.subarray(at).equals(end)
    ? Buffer.concat([blob.subarray(0, at), assetTable(alignedEntries(assets, start + at))])
    : undefined
}

type Entry = readonly [name: string, content: Buffer]

/** With an asset without a name before each code cache that would not begin where V8 takes it as it is. */
function alignedEntries(assets: SeaAssets, start: number): Entry[] {
  const entries: Entry[] = []
  let place = start + LENGTH_BYTES
  const put = (...[name, content]: Entry) => {
    entries.push([name, content])
    place += headBytes(name) + content.length
  }
  for (const [name, content] of Object.entries(assets)) {
    if (scriptOfCodeCache(name) !== undefined && !isAligned(place + headBytes(name))) {
      const rest = (place + headBytes(FILLER) + headBytes(name)) % CODE_CACHE_ALIGNMENT
      put(FILLER, Buffer.alloc((CODE_CACHE_ALIGNMENT - rest) % CODE_CACHE_ALIGNMENT))
    }
    put(name, content)
  }
  return entries
}

function isAligned(place: number): boolean {
  return place % CODE_CACHE_ALIGNMENT === 0
}

/** What stands before an asset's content. */
function headBytes(name: string): number {
  return LENGTH_BYTES + Buffer.byteLength(name) + LENGTH_BYTES
}

function assetTable(entries: readonly Entry[]): Buffer {
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
