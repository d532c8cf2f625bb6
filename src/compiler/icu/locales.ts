/**
 * Which of the locales in ICU's data belong to those that somebody names.
 *
 * What a locale has not, it takes from its parent: by and large the one with the last part of the name cut off, and
 * `root` in the end. A bundle can name another parent (`%%Parent`: that of `nb` is `no`), or stand for another locale
 * altogether (`%%ALIAS`: `zh_TW` is `zh_Hant_TW`, and `iw` is `he`). To keep a locale is to keep what it leads to, what
 * leads to it, and all else of its language: V8 takes a language for known if any of its scripts is.
 */
import type { IcuItems } from './common-data.ts'
import { readKeys, readText } from './resource-bundle.ts'

/** A locale that was named is not in the data. */
export class UnknownLocaleError extends Error {
  override readonly name = 'UnknownLocaleError'
  readonly locale: string
  /** The locales that are there, written as in BCP 47: `zh-Hant-TW`. */
  readonly known: readonly string[]

  constructor(locale: string, known: readonly string[]) {
    super(`this Node.js has no data for the locale ${locale}`)
    this.locale = locale
    this.known = known
  }
}

/**
 * Kept whatever is named: AWS Lambda sets `LANG=en_US.UTF-8`, so this is the locale of all that names none, and what
 * Node.js takes for a locale that it does not have.
 */
const ALWAYS = ['en_US', 'en_US_POSIX']

const ROOT = 'root'

/** The name of a locale's item in `folder`, one of the data's trees: `coll/`, or nothing for the main one. */
export function localeItem(folder: string, locale: string): string {
  return `${folder}${locale}.res`
}

/** Names of all locales in one of the data's trees, as ICU writes them: `zh_Hant_TW`. */
export function localesOf(items: IcuItems, folder: string): string[] {
  const index = items.get(`${folder}res_index.res`)
  if (index === undefined) {
    return []
  }
  return [...readKeys(index, 'InstalledLocales'), ...readKeys(index, 'AliasLocales')]
}

/**
 * Names of the locales to keep for those that are `named`, as in BCP 47 or as ICU writes them, in any case of letters.
 * Throws an {@link UnknownLocaleError}.
 */
export function keptLocales(items: IcuItems, named: readonly string[]): Set<string> {
  const all = localesOf(items, '')
  const byName = new Map(all.map((locale) => [locale.toLowerCase(), locale]))
  const wanted = named.map((name) => {
    const locale = byName.get(name.replaceAll('-', '_').toLowerCase())
    if (locale !== undefined) {
      return locale
    }
    throw new UnknownLocaleError(
      name,
      all.map((known) => known.replaceAll('_', '-')),
    )
  })
  const languages = new Set(wanted.flatMap((locale) => languagesOf(items, locale)))
  const belonging = all.filter((locale) =>
    languagesOf(items, locale).some((language) => languages.has(language)),
  )
  return new Set([...ALWAYS, ...belonging].flatMap((locale) => leadsTo(items, '', locale)))
}

/** Of the locale, and of those that it leads to. */
function languagesOf(items: IcuItems, locale: string): string[] {
  const steps = leadsTo(items, '', locale).filter((step) => step !== ROOT)
  return steps.map((step) => step.split('_', 1)[0] ?? step)
}

/** The locale itself, and all those that it leads to in one of the data's trees, down to `root`. */
export function leadsTo(items: IcuItems, folder: string, locale: string): string[] {
  const steps = new Set<string>()
  for (let step = locale; !steps.has(step); step = nextOf(items, folder, step)) {
    steps.add(step)
  }
  return [...steps]
}

function nextOf(items: IcuItems, folder: string, locale: string): string {
  const item = items.get(localeItem(folder, locale))
  const pool = items.get(`${folder}pool.res`)
  const told = item && (readText(item, pool, '%%ALIAS') ?? readText(item, pool, '%%Parent'))
  if (told !== undefined) {
    return told
  }
  const end = locale.lastIndexOf('_')
  return end === -1 ? ROOT : locale.slice(0, end)
}
