/**
 * ICU's data as one block, "common data": a table of contents and items, each with a name such as
 * `icudt78l/coll/de.res`.
 *
 * The block begins with a header: its own length (16 bits), the magic bytes DA 27, the length of an info block, and that
 * block, in which bytes 8 to 11 are the format, `CmnD`. The table of contents follows: the number of items, then for each
 * two 32-bit numbers, where its name and where its content begins, both counted from the start of the table. Items are
 * sorted by name, since ICU searches by halves; each begins at a multiple of 16. All is little-endian here, for which the
 * `l` in the name stands. The source of this is ICU's `ucmndata.h` and `ucmndata.cpp`.
 */

/** Content by name, without the package's name and its slash: `coll/de.res`. */
export type IcuItems = ReadonlyMap<string, Buffer>

export interface CommonData {
  readonly header: Buffer
  /** `icudt78l`. */
  readonly packageName: string
  /** In the order of the names. */
  readonly items: IcuItems
}

/** The block is not what ICU's data is known to look like. */
export class IcuDataError extends Error {
  override readonly name = 'IcuDataError'
}

const ALIGNMENT = 16
const FORMAT_OFFSET = 12
const ENTRY_BYTES = 8
/** What ICU's own tool writes. */
const PADDING = 0xaa

/** Throws an {@link IcuDataError}. The items are parts of `block`, not copies. */
export function readCommonData(block: Buffer): CommonData {
  try {
    const headerBytes = block.readUInt16LE(0)
    const format = block.toString('latin1', FORMAT_OFFSET, FORMAT_OFFSET + 4)
    if (block.readUInt16BE(2) !== 0xda27 || format !== 'CmnD') {
      throw new IcuDataError(`no ICU common data: its format is ${JSON.stringify(format)}`)
    }
    const contents = block.subarray(headerBytes)
    const count = contents.readUInt32LE(0)
    const nameOf = (index: number) => {
      const at = contents.readUInt32LE(4 + index * ENTRY_BYTES)
      return contents.toString('latin1', at, contents.indexOf(0, at))
    }
    const startOf = (index: number) => contents.readUInt32LE(8 + index * ENTRY_BYTES)
    const packageName = nameOf(0).split('/', 1)[0] ?? ''
    const items = new Map<string, Buffer>()
    for (let index = 0; index < count; index += 1) {
      const name = nameOf(index)
      const start = startOf(index)
      const end = index + 1 < count ? startOf(index + 1) : contents.length
      if (!name.startsWith(`${packageName}/`) || end < start || end > contents.length) {
        throw new IcuDataError(`no ICU common data: its item ${index} is said to be from ${start} to ${end}`)
      }
      items.set(name.slice(packageName.length + 1), contents.subarray(start, end))
    }
    return { header: block.subarray(0, headerBytes), packageName, items }
  } catch (error) {
    throw error instanceof RangeError
      ? new IcuDataError('no ICU common data: it ends too early', { cause: error })
      : error
  }
}

/** The block of `data`, as ICU reads it. */
export function writeCommonData({ header, packageName, items }: CommonData): Buffer {
  const sorted = [...items].map(([name, content]) => ({
    name: Buffer.from(`${packageName}/${name}\0`, 'latin1'),
    content,
  }))
  sorted.sort((left, right) => left.name.compare(right.name))
  const names = Buffer.concat(sorted.map(({ name }) => name))
  const table = Buffer.alloc(4 + sorted.length * ENTRY_BYTES)
  table.writeUInt32LE(sorted.length)
  const parts = [header, table, names]
  let end = table.length + names.length
  let nameAt = table.length
  for (const [index, { name, content }] of sorted.entries()) {
    // An item's place in the file has to be a multiple of 16, and the header may be of any length.
    const padding = Buffer.alloc(-(header.length + end) & (ALIGNMENT - 1), PADDING)
    const start = end + padding.length
    table.writeUInt32LE(nameAt, 4 + index * ENTRY_BYTES)
    table.writeUInt32LE(start, 8 + index * ENTRY_BYTES)
    parts.push(padding, content)
    nameAt += name.length
    end = start + content.length
  }
  return Buffer.concat(parts)
}
