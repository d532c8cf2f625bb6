/**
 * Leaves out of ICU's data what JavaScript cannot reach, and if so wanted, the locales that a function does not use.
 *
 * Everything else stays as it is. The trees of locales are the main one and those in folders (`coll`, `curr`, `lang`,
 * `region`, `unit`, `zone`, `brkitr`, `rbnf`); each has a `res_index.res` that lists its locales, and V8 believes it, so
 * it is made to list those that are left.
 */
import { type CommonData, type IcuItems, readCommonData, writeCommonData } from './common-data.ts'
import { neededConverters } from './converters.ts'
import { keptLocales, leadsTo, localeItem, localesOf } from './locales.ts'
import { filterTables } from './resource-bundle.ts'

/**
 * Data of parts of ICU that Node.js does not link (transliterators, StringPrep, the search for confusable names), and what
 * no JavaScript can ask for: the names of characters, and where to break lines, which Intl.Segmenter does not do.
 */
const UNREACHABLE = /^translit\/|\.spp$|^confusables\.cfu$|^unames\.icu$|^brkitr\/line.*\.brk$/

/**
 * What divides text without spaces into words, and in which languages that is written. Without it Intl.Segmenter still
 * divides by rules, and takes a run of such letters for one word.
 */
const DICTIONARIES: Readonly<Record<string, RegExp>> = {
  'brkitr/cjdict.dict': /^(ja|ko|yue|zh)(_|$)/,
  'brkitr/thaidict.dict': /^th(_|$)/,
  'brkitr/laodict.dict': /^lo(_|$)/,
  'brkitr/khmerdict.dict': /^km(_|$)/,
  'brkitr/burmesedict.dict': /^my(_|$)/,
}

/**
 * A smaller block of ICU's common data. `locales` names those that are to stay; all stay without it. Throws an
 * UnknownLocaleError for one that is not there, and an IcuDataError or a RangeError when the data is not understood.
 */
export function filterIcuData(block: Buffer, locales: readonly string[] | undefined): Buffer {
  const data = readCommonData(block)
  const reachable = leaveOutUnreachable(data.items)
  const items =
    locales === undefined ? reachable : leaveOutLocales(reachable, keptLocales(reachable, locales))
  return writeCommonData({ ...data, items } satisfies CommonData)
}

function leaveOutUnreachable(items: IcuItems): IcuItems {
  const converters = neededConverters(items)
  return new Map(
    [...items].filter(
      ([name]) => !UNREACHABLE.test(name) && (!name.endsWith('.cnv') || converters.has(name)),
    ),
  )
}

function leaveOutLocales(items: IcuItems, kept: ReadonlySet<string>): IcuItems {
  const left = new Map(items)
  for (const [name, languages] of Object.entries(DICTIONARIES)) {
    if (![...kept].some((locale) => languages.test(locale))) {
      left.delete(name)
    }
  }
  for (const index of [...items.keys()].filter((name) => /^(\w+\/)?res_index\.res$/.test(name))) {
    const folder = index.replace('res_index.res', '')
    // In some trees a locale stands for one that is another's in the main tree.
    const used = folder === SPELLING ? [...kept, ...spellingLocales(items)] : [...kept]
    const needed = new Set(used.flatMap((locale) => leadsTo(items, folder, locale)))
    for (const locale of localesOf(items, folder)) {
      if (!needed.has(locale)) {
        left.delete(localeItem(folder, locale))
      }
    }
    const tables = ['InstalledLocales', 'AliasLocales']
    left.set(
      index,
      filterTables(items.get(index) ?? Buffer.alloc(0), tables, (locale) => kept.has(locale)),
    )
  }
  return left
}

/** The tree of rules for numbers in words. */
const SPELLING = 'rbnf/'

/**
 * The locales by whose rules some numbering systems spell, whatever the locale: that of the days in Chinese calendars is
 * `zh/SpelloutRules/%spellout-numbering-days`.
 */
function spellingLocales(items: IcuItems): string[] {
  const systems = items.get('numberingSystems.res')?.toString('utf16le') ?? ''
  return [...systems.matchAll(/(\w+)\/SpelloutRules\//g)].map(([, locale = '']) => locale)
}
