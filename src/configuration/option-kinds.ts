/** The kinds of options that there are: what each may be given, and what comes of it. */
import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { type Option, OptionError, shown } from './option.ts'

interface Described {
  readonly help: string
  readonly placeholder?: string
}

interface Expecting extends Described {
  /** What is expected, as what follows "expects": `the name of a package`. */
  readonly expects: string
  /** What to do otherwise, behind a semicolon. */
  readonly remedy?: string
}

/** A switch. */
export function flag({ help, isOn = false }: Described & { isOn?: boolean }): Option<boolean, boolean> {
  return {
    words: 'none',
    placeholder: '',
    help,
    isOn,
    read: (written) =>
      typeof written === 'boolean' ? written : refuse({ expects: 'true or false' }, written),
  }
}

/** One of some words. */
export function choice<const Word extends string>(
  words: readonly Word[],
  { expects, help, placeholder = words.join('|') }: Partial<Expecting> & Described,
): Option<Word, Word> {
  const all = new Intl.ListFormat('en', { type: 'disjunction' }).format(words)
  return {
    words: 'one',
    placeholder,
    help,
    read: (written) =>
      words.includes(written as Word) ? (written as Word) : refuse({ expects: expects ?? all }, written),
  }
}

/** Any text. */
export function text(described: Expecting): Option<string, string> {
  return {
    words: 'one',
    placeholder: described.placeholder ?? 'TEXT',
    help: described.help,
    read: (written) => readText(described, written),
  }
}

/** A file or folder; its value is absolute. */
export function path(described: Expecting): Option<string, string> {
  return {
    ...text(described),
    isPath: true,
    read: (written, folder) =>
      written === '' ? refuse(described, written) : resolve(folder, readText(described, written)),
  }
}

/** A file that is there and can be read; its value is absolute. */
export function readableFile(described: Expecting): Option<string, string> {
  return {
    ...path(described),
    read: (written, folder) => {
      const file = readText(described, written)
      const place = resolve(folder, file)
      try {
        accessSync(place, constants.R_OK)
      } catch (error) {
        throw new OptionError(`expects ${described.expects}, and ${file} cannot be read; check the path`, {
          cause: error,
        })
      }
      return place
    },
  }
}

/** Numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number, described: Described): Option<number, number> {
  const expecting = { ...described, expects: `a whole number from ${least} to ${most}` }
  return {
    words: 'one',
    placeholder: described.placeholder ?? 'N',
    help: described.help,
    written: ([word = '']) => (/^\d+$/.test(word) ? Number(word) : word),
    read: (written) =>
      Number.isInteger(written) && Number(written) >= least && Number(written) <= most
        ? Number(written)
        : refuse(expecting, written),
  }
}

/** Any number of texts; `each` reads one, and all come in the order that they were given in. */
export function list<Value = string>(
  described: Expecting,
  each: (item: string, folder: string) => Value = (item) => item as Value,
): Option<string | readonly string[], Value[]> {
  return {
    words: 'several',
    placeholder: described.placeholder ?? 'TEXT',
    help: described.help,
    read: (written, folder) => readList(described, written).map((item) => each(item, folder)),
  }
}

/** Any number of files or folders; absolute, unless `each` reads them otherwise. */
export function paths(
  described: Expecting,
  each: (item: string, folder: string) => string = (item, folder) => resolve(folder, item),
): Option<string | readonly string[], string[]> {
  return { ...list(described, each), isPath: true }
}

/** Texts by name: `--define NAME=VALUE` on the command line. */
export function pairs<Value = string>(
  described: Expecting,
  each: (item: unknown, folder: string, name: string) => Value = (item) => readText(described, item) as Value,
): Option<Readonly<Record<string, Value>>, Readonly<Record<string, Value>>> {
  return {
    words: 'several',
    placeholder: described.placeholder ?? 'NAME=VALUE',
    help: described.help,
    written: (words) => Object.fromEntries(words.map((word) => readPair(described, word))),
    read: (written, folder) => {
      if (typeof written !== 'object' || written === null || Array.isArray(written)) {
        return refuse(described, written)
      }
      return Object.fromEntries(
        Object.entries(written).map(([name, item]) => [name, each(item, folder, name)]),
      )
    },
  }
}

export function readText(described: Expecting, written: unknown): string {
  return typeof written === 'string' ? written : refuse(described, written)
}

function readList(described: Expecting, written: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(written) ? written : [written]
  return items.map((item) => readText(described, item))
}

function readPair(described: Expecting, word: string): [name: string, value: string] {
  const equals = word.indexOf('=')
  if (equals < 1) {
    return refuse(
      { ...described, expects: `${described.expects}, as ${described.placeholder ?? 'NAME=VALUE'}` },
      word,
    )
  }
  return [word.slice(0, equals), word.slice(equals + 1)]
}

export function refuse({ expects, remedy }: Pick<Expecting, 'expects' | 'remedy'>, written: unknown): never {
  throw new OptionError(
    `expects ${expects}, and got ${shown(written)}${remedy === undefined ? '' : `; ${remedy}`}`,
  )
}
