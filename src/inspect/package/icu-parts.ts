/** What is in a block of ICU's data, by what it is for: the languages' parts of it by language. */
import { IcuDataError, readCommonData } from '../../compiler/icu/common-data.ts'

export interface IcuParts {
  /** Bytes up to the last that is not zero: what is behind it was left out. */
  readonly usedBytes: number
  /** Within the used bytes; an item may be within another. */
  readonly items: readonly {
    readonly path: readonly string[]
    readonly start: number
    readonly end: number
  }[]
}

const LOCALES = 'locales'
export const OTHERS = 'what all locales share'

/** ICU's trees of data: "ICU Data", Developer Guide. */
const TREES: Readonly<Record<string, string>> = {
  coll: 'sort orders',
  brkitr: 'text segmentation',
  curr: 'currencies',
  lang: 'names of languages',
  region: 'names of regions',
  unit: 'units',
  zone: 'names of time zones',
  rbnf: 'numbers in words',
}

export function icuParts(block: Buffer): IcuParts {
  const usedBytes = endOfContent(block)
  const all = { path: [OTHERS], start: 0, end: usedBytes }
  try {
    const { items } = readCommonData(block)
    const own = [...items].map(([name, content]) => {
      const start = content.byteOffset - block.byteOffset
      return { path: pathOf(name), start, end: Math.min(start + content.length, usedBytes) }
    })
    return { usedBytes, items: [all, ...own] }
  } catch (error) {
    if (error instanceof IcuDataError) {
      return { usedBytes, items: [all] }
    }
    throw error
  }
}

function endOfContent(block: Buffer): number {
  let end = block.length
  while (end > 0 && block[end - 1] === 0) {
    end -= 1
  }
  return end
}

/** `coll/de.res` is German's sort order. */
function pathOf(item: string): string[] {
  const [, tree = '', name = item] = /^(?:(\w+)\/)?(.*)$/.exec(item) ?? []
  const locale = localeOf(name)
  if (locale !== undefined && (tree === '' || TREES[tree] !== undefined)) {
    return [LOCALES, languageOf(locale), tree === '' ? 'dates, numbers and lists' : (TREES[tree] as string)]
  }
  if (tree !== '') {
    return [TREES[tree] ?? tree]
  }
  return [name.endsWith('.cnv') ? 'converters of encodings' : OTHERS]
}

/** Undefined for what is no locale's: `root.res`, `supplementalData.res`, `pool.res`. */
function localeOf(name: string): string | undefined {
  const [, locale] = /^([a-z]{2,3}(?:_[A-Za-z0-9]+)*)\.res$/.exec(name) ?? []
  return locale
}

function languageOf(locale: string): string {
  return locale.split('_', 1)[0] ?? locale
}
