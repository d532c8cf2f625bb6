/** Reads a command's options, and says what is wrong with them in one sentence. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nearestName } from '../configuration/nearest-name.ts'
import { UsageError } from '../configuration/usage-error.ts'

type OptionDefinitions = NonNullable<ParseArgsConfig['options']>

/**
 * As node:util's parseArgs in its strict mode, with positionals. Throws {@link UsageError}, naming `command`. With
 * `allowNegative`, each switch can be turned off: `--no-minify`.
 */
export function readOptions<Definitions extends OptionDefinitions>(
  command: string,
  args: string[],
  options: Definitions,
  { allowNegative = false } = {},
) {
  try {
    return parseArgs({ args, options, allowPositionals: true, allowNegative, strict: true })
  } catch (error) {
    throw error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
      ? explain(command, error, allowNegative ? withNegatives(options) : Object.keys(options))
      : error
  }
}

function withNegatives(options: OptionDefinitions): string[] {
  return Object.entries(options).flatMap(([name, { type }]) =>
    type === 'boolean' ? [name, `no-${name}`] : [name],
  )
}

function explain(command: string, error: Error & { code: unknown }, known: readonly string[]): UsageError {
  const [, option = ''] = /'(-[^' ]*)/.exec(error.message) ?? []
  const help = `see lambdabin ${command} --help`
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const nearest = nearestName(option.replace(/^-+/, ''), known)
    const remedy = nearest === undefined ? help : `did you mean --${nearest}?`
    return new UsageError(`${command} has no option ${option}; ${remedy}`, { cause: error })
  }
  // parseArgs words what arrived well: "Option '--name <value>' argument missing", "… does not take an
  // argument".
  const [sentence] = error.message.split('\n')
  return new UsageError(`${sentence?.replace(/\.$/, '')}; ${help}`, { cause: error })
}
