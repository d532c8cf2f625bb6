/**
 * Which of ICU's converters, the `.cnv` items of its data, JavaScript can reach.
 *
 * What asks for converters in Node.js is `TextDecoder` alone, and it takes no encodings but those of the WHATWG's
 * Encoding Standard. The converters of all others, those for mainframes most of all, are of no use to JavaScript.
 * (`Buffer`'s encodings, and `buffer.transcode`, are Unicode, ASCII and Latin-1, which have no such items.)
 *
 * `cnvalias.icu` tells which converter an encoding's name means. After the header it holds 32-bit numbers: how many
 * more follow, and then the lengths, in 16-bit units, of the sections after them. Of these it takes the first, each
 * converter's name; the third, all aliases in order; the fourth, of which converter each is; and the second but last
 * but for the normalised ones, the strings that all of them lead to. The source of this is ICU's `ucnv_io.h`.
 */

/**
 * The standard's encodings, in its order ("Names and labels"), without UTF-8 and UTF-16, which take no data. To decode
 * ISO-2022-JP, ICU takes the converter of Shift_JIS.
 */
const NAMES = [
  ...[
    'ibm866',
    'iso-8859-2',
    'iso-8859-3',
    'iso-8859-4',
    'iso-8859-5',
    'iso-8859-6',
    'iso-8859-7',
    'iso-8859-8',
  ],
  ...[
    'iso-8859-8-i',
    'iso-8859-10',
    'iso-8859-13',
    'iso-8859-14',
    'iso-8859-15',
    'iso-8859-16',
    'koi8-r',
    'koi8-u',
  ],
  ...[
    'macintosh',
    'windows-874',
    'windows-1250',
    'windows-1251',
    'windows-1252',
    'windows-1253',
    'windows-1254',
  ],
  ...[
    'windows-1255',
    'windows-1256',
    'windows-1257',
    'windows-1258',
    'x-mac-cyrillic',
    'gbk',
    'gb18030',
    'big5',
  ],
  ...['euc-jp', 'iso-2022-jp', 'shift_jis', 'euc-kr', 'iso-8859-1', 'us-ascii'],
]

const SECTION = { converters: 0, aliases: 2, convertersOfAliases: 3, strings: 7 } as const
const CONVERTER_BITS = 0xfff

/**
 * The names of the items that are needed of `items`, such as `ibm-943_P15A-2003.cnv`; some that are named are no items,
 * since ICU has them as code. Throws RangeError when an item is not written as is known here.
 */
export function neededConverters(items: ReadonlyMap<string, Buffer>): Set<string> {
  const aliases = items.get('cnvalias.icu')
  if (aliases === undefined) {
    throw new RangeError('no cnvalias.icu')
  }
  const needed = namedConverters(aliases)
  for (const name of needed) {
    const item = items.get(name)
    const base = item && baseTable(item)
    if (base !== undefined) {
      needed.add(base) // A Set's loop reaches what is added in it.
    }
  }
  return needed
}

/** After the header: 100 bytes alike for all converters; then, for those of tables, a header of the tables. */
const STATIC_BYTES = 100
const CONVERSION_TYPE = { offset: 69, tables: 2 } as const
const EXTENSION_ONLY = 0xe

/** The item that another one has only additions to (`_MBCSHeader` in `ucnvmbcs.h`); undefined when it is whole. */
function baseTable(item: Buffer): string | undefined {
  const bytes = item.subarray(item.readUInt16LE(0))
  const tables = bytes.subarray(STATIC_BYTES)
  const isTables = bytes[CONVERSION_TYPE.offset] === CONVERSION_TYPE.tables
  if (!isTables || (tables.readUInt32LE(24) & 0xff) !== EXTENSION_ONLY) {
    return undefined
  }
  const headerWords = tables[0] === 5 ? tables.readUInt32LE(32) & 0x3f : 8
  const at = 4 * headerWords
  return `${tables.toString('latin1', at, tables.indexOf(0, at))}.cnv`
}

function namedConverters(aliases: Buffer): Set<string> {
  const bytes = aliases.subarray(aliases.readUInt16LE(0))
  const count = bytes.readUInt32LE(0)
  const starts = [4 * (1 + count)]
  for (let section = 0; section < count; section += 1) {
    starts.push((starts[section] ?? 0) + 2 * bytes.readUInt32LE(4 * (1 + section)))
  }
  const unit = (section: number, index: number) => bytes.readUInt16LE((starts[section] ?? 0) + 2 * index)
  const text = (offset: number) => {
    const at = (starts[SECTION.strings] ?? 0) + 2 * offset
    return bytes.toString('latin1', at, bytes.indexOf(0, at))
  }
  const wanted = new Set(NAMES.map(normalise))
  const needed = new Set<string>()
  for (let alias = 0; alias < bytes.readUInt32LE(4 * (1 + SECTION.aliases)); alias += 1) {
    if (wanted.has(normalise(text(unit(SECTION.aliases, alias))))) {
      const converter = unit(SECTION.convertersOfAliases, alias) & CONVERTER_BITS
      needed.add(`${text(unit(SECTION.converters, converter))}.cnv`)
    }
  }
  return needed
}

/** As ICU compares names of converters: letters and digits only, and no zeros in front of a number. */
function normalise(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/(?<!\d)0+(?=\d)/g, '')
}
