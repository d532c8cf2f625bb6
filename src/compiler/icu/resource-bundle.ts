/**
 * ICU's resource bundles, the `.res` items of its data: trees of tables, arrays, strings and numbers.
 *
 * A bundle begins with a header as every item does (its length first), and then counts in 32-bit words: the root
 * resource, a list of indexes, the keys, strings and small tables as 16-bit units, and the other resources. A resource is
 * a word: four bits of type, and 28 of a value or an offset. Keys and strings that several bundles of a folder share are
 * in that folder's `pool.res`. The source of this is ICU's `uresdata.h`; the format versions 1 to 3 are understood.
 */

const TYPE = { string: 0, table: 2, table32: 4, table16: 5, stringV2: 6 } as const

const OFFSET_BITS = 0x0fff_ffff

const INDEX = { length: 0, keysTop: 1, attributes: 5, top16: 6 } as const
const USES_POOL = 4

interface Bundle {
  /** From the root resource on. */
  readonly bytes: Buffer
  readonly root: number
  /** Where, in bytes, the keys and the 16-bit units begin. */
  readonly keys: number
  readonly units: number
  /** Offsets of keys from here on are into the pool. */
  readonly poolKeys: number
  /** Strings whose offsets are below these are in the pool. */
  readonly poolStrings: number
  readonly poolStrings16: number
  readonly pool: Bundle | undefined
}

/**
 * The text that a bundle's root table has for `key`; undefined when it has none. `pool` is the `pool.res` of the bundle's
 * folder, if there is one. Throws RangeError when the bundle is damaged.
 */
export function readText(item: Buffer, pool: Buffer | undefined, key: string): string | undefined {
  const bundle = openBundle(item, pool)
  const resource = find(bundle, key)
  return resource === undefined ? undefined : readString(bundle, resource)
}

/** The keys of the table that a bundle's root table has for `key`; none when there is no such table. Throws RangeError. */
export function readKeys(item: Buffer, key: string): string[] {
  const bundle = openBundle(item, undefined)
  const resource = find(bundle, key)
  const table = resource === undefined ? undefined : openTable(bundle, resource)
  return table === undefined ? [] : itemsOf(table).map((index) => readKey(bundle, table, index))
}

function openBundle(item: Buffer, pool: Buffer | undefined): Bundle {
  const bytes = item.subarray(item.readUInt16LE(0))
  const word = (index: number) => bytes.readUInt32LE(4 * (1 + index))
  const lengths = word(INDEX.length)
  const count = lengths & 0xff
  const attributes = count > INDEX.attributes ? word(INDEX.attributes) : 0
  const keys = 4 * (1 + count)
  const units = 4 * word(INDEX.keysTop)
  return {
    bytes,
    root: bytes.readUInt32LE(0),
    keys,
    units,
    poolKeys: units > keys ? units : 0, // Without keys of its own, a bundle counts those of the pool from zero.
    poolStrings: (lengths >>> 8) | ((attributes & 0xf000) << 12),
    poolStrings16: attributes >>> 16,
    pool: attributes & USES_POOL && pool ? openBundle(pool, undefined) : undefined,
  }
}

function find(bundle: Bundle, key: string): number | undefined {
  const root = openTable(bundle, bundle.root)
  const place =
    root === undefined ? -1 : itemsOf(root).findIndex((index) => readKey(bundle, root, index) === key)
  return root === undefined || place === -1 ? undefined : resourceAt(bundle, root, place)
}

function itemsOf({ count }: Table): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

interface Table {
  /** Where, in bytes, its count is; its keys follow. */
  readonly start: number
  readonly count: number
  /** Of its count, and of a key. */
  readonly keyBytes: 2 | 4
  /** Where its resources are, and how many bytes each takes. */
  readonly resources: number
  readonly resourceBytes: 2 | 4
}

/** Undefined when the resource is no table. */
function openTable({ bytes, units }: Bundle, resource: number): Table | undefined {
  const type = resource >>> 28
  const offset = resource & OFFSET_BITS
  if (type !== TYPE.table && type !== TYPE.table16 && type !== TYPE.table32) {
    return undefined
  }
  const start = type === TYPE.table16 ? units + 2 * offset : 4 * offset
  const keyBytes = type === TYPE.table32 ? 4 : 2
  const count = offset === 0 && type !== TYPE.table16 ? 0 : bytes.readUIntLE(start, keyBytes)
  const keysEnd = start + keyBytes * (1 + count)
  return type === TYPE.table16
    ? { start, count, keyBytes, resources: keysEnd, resourceBytes: 2 }
    : { start, count, keyBytes, resources: alignTo4(keysEnd), resourceBytes: 4 }
}

function resourceAt(bundle: Bundle, { resources, resourceBytes }: Table, item: number): number {
  const resource = bundle.bytes.readUIntLE(resources + resourceBytes * item, resourceBytes)
  return resourceBytes === 4 ? resource : widen(bundle, resource)
}

function alignTo4(offset: number): number {
  return (offset + 3) & ~3
}

/** A table of 16-bit units holds strings alone. */
function widen({ poolStrings, poolStrings16 }: Bundle, unit: number): number {
  const offset = unit < poolStrings16 ? unit : unit - poolStrings16 + poolStrings
  return ((TYPE.stringV2 << 28) | offset) >>> 0
}

function readKey(bundle: Bundle, table: Table, item: number): string {
  const { bytes, pool, poolKeys } = bundle
  const at = table.start + table.keyBytes * (1 + item)
  const offset = table.keyBytes === 2 ? bytes.readUInt16LE(at) : bytes.readUInt32LE(at)
  if (pool === undefined) {
    return readName(bytes, offset)
  }
  if (table.keyBytes === 2) {
    return offset < poolKeys ? readName(bytes, offset) : readName(pool.bytes, pool.keys + offset - poolKeys)
  }
  const own = offset < 0x8000_0000
  return own ? readName(bytes, offset) : readName(pool.bytes, pool.keys + offset - 0x8000_0000)
}

function readName(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at))
}

/**
 * A string ends with a zero, unless a unit or more in front of it, in the range of second surrogates, tell its length; or
 * it is of the older kind, with 32 bits of length. Undefined when the resource is none.
 */
function readString(bundle: Bundle, resource: number): string | undefined {
  const type = resource >>> 28
  const offset = resource & OFFSET_BITS
  if (type === TYPE.string) {
    const at = 4 * offset
    return offset === 0
      ? ''
      : bundle.bytes.toString('utf16le', at + 4, at + 4 + 2 * bundle.bytes.readInt32LE(at))
  }
  if (type !== TYPE.stringV2) {
    return undefined
  }
  const own = offset >= bundle.poolStrings
  const { bytes, units } = own ? bundle : (bundle.pool ?? bundle)
  const at = units + 2 * (own ? offset - bundle.poolStrings : offset)
  const unit = (index: number) => bytes.readUInt16LE(at + 2 * index)
  const first = unit(0)
  const text = (skip: number, length: number) =>
    bytes.toString('utf16le', at + 2 * skip, at + 2 * (skip + length))
  if (first < 0xdc00 || first > 0xdfff) {
    let length = 0
    while (unit(length) !== 0) {
      length += 1
    }
    return text(0, length)
  }
  if (first < 0xdfef) {
    return text(1, first & 0x3ff)
  }
  if (first < 0xdfff) {
    return text(2, ((first - 0xdfef) << 16) | unit(1))
  }
  return text(3, (unit(1) << 16) | unit(2))
}

/**
 * A copy of a bundle in which those tables of the root table that `names` names have only the entries whose keys `keeps`
 * wants. The entries move up in their tables, and nothing else moves.
 */
export function filterTables(
  item: Buffer,
  names: readonly string[],
  keeps: (key: string) => boolean,
): Buffer {
  const copy = Buffer.from(item)
  const bundle = openBundle(copy, undefined)
  for (const name of names) {
    const resource = find(bundle, name)
    const table = resource === undefined ? undefined : openTable(bundle, resource)
    if (table !== undefined) {
      filterTable(bundle, table, keeps)
    }
  }
  return copy
}

function filterTable(bundle: Bundle, table: Table, keeps: (key: string) => boolean): void {
  const { bytes } = bundle
  const { start, count, keyBytes, resources, resourceBytes } = table
  const before = Buffer.from(bytes.subarray(start, resources + count * resourceBytes))
  const kept = itemsOf(table).filter((item) => keeps(readKey(bundle, table, item)))
  bytes.fill(0, start, resources + count * resourceBytes)
  bytes.writeUIntLE(kept.length, start, keyBytes)
  const keysEnd = start + keyBytes * (1 + kept.length)
  const newResources = resourceBytes === 4 ? alignTo4(keysEnd) : keysEnd
  kept.forEach((item, place) => {
    const key = keyBytes * (1 + item)
    before.copy(bytes, start + keyBytes * (1 + place), key, key + keyBytes)
    const resource = resources - start + resourceBytes * item
    before.copy(bytes, newResources + resourceBytes * place, resource, resource + resourceBytes)
  })
}
