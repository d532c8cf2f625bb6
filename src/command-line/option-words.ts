/** The options of tables on the command line: how they are parsed, and what `--help` says of them. */
import process from 'node:process'
import type { ParseArgsConfig } from 'node:util'
import { flagOf, type Option, OptionError, type OptionTable, type Written } from '../configuration/option.ts'
import { UsageError } from '../configuration/usage-error.ts'

type Definitions = NonNullable<ParseArgsConfig['options']>

/** What node:util's parseArgs returns for {@link definitionsOf} with `allowNegative`. */
export type Words = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

/** For node:util's parseArgs, with `allowNegative`. */
export function definitionsOf(table: OptionTable): Definitions {
  const given = Object.entries(table).filter(([, { words }]) => words !== 'never')
  return Object.fromEntries(
    given.map(([key, { words }]) => [
      flagOf(key),
      { type: words === 'none' ? 'boolean' : 'string', multiple: words === 'several' } as const,
    ]),
  )
}

/** The names of a table's options that take paths, as the command line has them. */
export function pathOptionsOf(table: OptionTable): string[] {
  return Object.entries(table)
    .filter(([, { words, isPath }]) => isPath === true && words !== 'never')
    .map(([key]) => flagOf(key))
}

/** What was given of a table's options, as a configuration has it. Throws a UsageError when it would be refused. */
export function readWords<Table extends OptionTable>(table: Table, words: Words): Written<Table> {
  const given: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(table)) {
    const word = words[flagOf(key)]
    if (word !== undefined) {
      given[key] = readWord(key, option, word)
    }
  }
  return given as Written<Table>
}

function readWord(key: string, option: Option<unknown, unknown>, word: NonNullable<Words[string]>): unknown {
  const { written = (words) => (option.words === 'one' ? words[0] : words) } = option
  try {
    const given = typeof word === 'boolean' ? word : written([word].flat().map(String))
    option.read(given, process.cwd())
    return given
  } catch (error) {
    throw error instanceof OptionError
      ? new UsageError(error.about(`--${flagOf(key)}`), { cause: error })
      : error
  }
}

const INDENT = 2
const HELP_COLUMN = 22

/** Lines of a help text, one for each option that the command line has; what they are for begins in `column`. */
export function helpLines(table: OptionTable, column = HELP_COLUMN): string {
  return Object.entries(table)
    .filter(([, { words }]) => words !== 'never')
    .map(([key, { placeholder, help, isOn }]) => {
      const flag = isOn ? `--no-${flagOf(key)}` : `--${flagOf(key)}`
      return helpLine([flag, placeholder].filter((word) => word !== '').join(' '), help, column)
    })
    .join('')
}

/** What is too long stands in a line of its own. */
export function helpLine(words: string, help: string, column = HELP_COLUMN): string {
  const start = `${' '.repeat(INDENT)}${words}`
  return start.length < column
    ? `${start.padEnd(column)}${help}\n`
    : `${start}\n${' '.repeat(column)}${help}\n`
}
