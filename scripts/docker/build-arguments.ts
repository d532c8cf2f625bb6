/** Turns the container's environment and words into the arguments of `lambdabin`. */
import { isAbsolute, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ownModule } from './own-module.ts'

type BuildWords = typeof import('../../src/command-line/build/build-arguments.ts')

const { BUILD_WORDS } = await ownModule<BuildWords>('command-line/build/build-arguments')

export interface BuildVariables {
  /** Path of one function's file, from the project's folder; with a Windows computer's `\`, too. */
  readonly ENTRY?: string | undefined
  readonly NAME?: string | undefined
  readonly ARCH?: string | undefined
  /** The locales that Intl is to know: `en,ja`. */
  readonly INTL?: string | undefined
}

/** A variable asks for what cannot be; the message says what was expected, what arrived and what to do. */
export class BuildVariableError extends Error {
  override readonly name = 'BuildVariableError'
}

/** What the container's words may begin with, to be a whole command of lambdabin's. */
export const COMMANDS: readonly string[] = [
  ...['init', 'build', 'invoke', 'serve', 'inspect', 'layer', 'prefetch'],
  ...['help', '--help', '--version'],
]

/**
 * The whole command: `build` and its arguments, `more` last. Without `ENTRY` it builds what `listFunctions` returns,
 * and leaves `NAME` alone, which names one function.
 */
export function buildArguments(
  variables: BuildVariables,
  listFunctions: () => string[],
  more: readonly string[],
): string[] {
  const { ENTRY, NAME, ARCH, INTL } = trimmed(variables)
  const entries = ENTRY ? [ENTRY.replaceAll('\\', '/')] : listFunctions()
  const name = ENTRY && NAME ? ['--name', NAME] : []
  const intl = INTL ? ['--intl', INTL] : []
  return ['build', ...name, '--arch', ARCH || 'x64', ...intl, ...more, '--', ...entries]
}

/** What arguments of `build` say, right or wrong: the command itself will refuse what is wrong. */
export function givenOptions(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: args.slice(1),
    options: BUILD_WORDS,
    strict: false,
    allowNegative: true,
    allowPositionals: true,
  })
  const { arch = 'x64', external = [] } = values
  const externals = [external].flat().filter((value) => typeof value === 'string')
  return { arch: String(arch), externals, entries: positionals }
}

/**
 * Checks what the variables say of files. Returns a note about what is of no effect, if anything; throws a
 * {@link BuildVariableError}.
 */
export function checkVariables(variables: BuildVariables, project: string): string | undefined {
  const { ENTRY, NAME } = trimmed(variables)
  if (ENTRY && isOutside(ENTRY.replaceAll('\\', '/'), project)) {
    throw new BuildVariableError(
      `ENTRY expects a file below the folder with docker-compose.yml, which is all that the container sees, and got ${ENTRY}; ` +
        'give its path from that folder, such as src/functions/orders.ts',
    )
  }
  return NAME && !ENTRY
    ? `NAME=${NAME} names the function in the file ENTRY, and there is no ENTRY; each function has the name of its file`
    : undefined
}

/** A file .env that Windows wrote ends its lines with CR and LF; some versions of Compose keep the CR. */
function trimmed(variables: BuildVariables): BuildVariables {
  const { ENTRY, NAME, ARCH, INTL } = variables
  return { ENTRY: ENTRY?.trim(), NAME: NAME?.trim(), ARCH: ARCH?.trim(), INTL: INTL?.trim() }
}

function isOutside(path: string, folder: string): boolean {
  if (/^[a-z]:/i.test(path)) {
    return true // A path of Windows' with a drive.
  }
  const inside = relative(folder, resolve(folder, path))
  return inside === '..' || inside.startsWith('../') || isAbsolute(inside)
}

/** Which of `names`, the files in `folder`, are functions: JavaScript and TypeScript, but not types and tests. */
export function functionFiles(folder: string, names: readonly string[]): string[] {
  return names
    .filter((name) => /\.[cm]?[jt]s$/.test(name) && !/\.(d|test|spec)\.[cm]?[jt]s$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}
