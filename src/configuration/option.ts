/**
 * What an option is, wherever it is given: on the command line, in a configuration, to the JavaScript API.
 *
 * Each option is told once, in a table: `build-options.ts` and `esbuild-options.ts`. From the tables follow how the command
 * line is parsed, what `--help` prints of it, what a configuration is checked against, and the types that a configuration
 * has. An option of the key `outDir` is `outDir: 'dist'` in a configuration and `--out-dir dist` on the command line.
 */

import { inspect } from 'node:util'

/** What is wrong with an option's value. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
  readonly #explain: (option: string) => string

  /** A sentence about the option that it is told; or what follows the option's name: `expects x64 or arm64, and got arm`. */
  constructor(what: string | ((option: string) => string), options?: ErrorOptions) {
    super(typeof what === 'string' ? what : what('the option'), options)
    this.#explain = typeof what === 'string' ? (option) => `${option} ${what}` : what
  }

  /** The sentence, for an option that is known by this name: `--arch`, or `functions.orders.arch`. */
  about(option: string): string {
    return this.#explain(option)
  }
}

/**
 * `Written` is what may stand in a configuration, and `Value` what comes of it.
 */
export interface Option<Written, Value> {
  /** What stands behind it on the command line: nothing, one word, one word each time; `never`: it cannot be given there. */
  readonly words: 'none' | 'one' | 'several' | 'never'
  /** What the word is, in the help: `FOLDER`. */
  readonly placeholder: string
  /** What it is for, in the help, in a line. */
  readonly help: string
  /** Whether each word is the path of a file or a folder. */
  readonly isPath?: boolean
  /** Whether a switch is on unless said otherwise: the help then tells of `--no-…`. */
  readonly isOn?: boolean
  /** What the words of the command line would be in a configuration. */
  readonly written?: (words: readonly string[]) => unknown
  /** Throws an {@link OptionError}. Relative paths start at `folder`. */
  readonly read: (written: unknown, folder: string) => Value
  /** Never there: it carries the type. */
  readonly type?: Written
}

export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>

/** What may be written for the options of a table. */
export type Written<Table extends OptionTable> = {
  readonly [Key in keyof Table]?: NonNullable<Table[Key]['type']> | undefined
}

/** What comes of it: nothing for what is not given. */
export type Values<Table extends OptionTable> = {
  readonly [Key in keyof Table]?: ReturnType<Table[Key]['read']>
}

/** `outDir` as the command line has it: `out-dir`. */
export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** How a value is shown that was not expected. */
export function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\w./@:+-]+$/.test(value)) {
    return value
  }
  const text = typeof value === 'function' ? 'a function' : asJson(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY }) // A BigInt, or what refers to itself.
  }
}
