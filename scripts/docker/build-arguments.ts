/** Turns the container's environment and words into the arguments of `lambdabin`. */
import { isAbsolute, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

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

/**
 * The whole command: `build` and its arguments, `more` last. Without `ENTRY` it builds what `listFunctions` returns,
 * and leaves `NAME` alone, which names one function. `baseNode` gives the path of the Node.js for an architecture.
 */
export function buildArguments(
  variables: BuildVariables,
  listFunctions: () => string[],
  more: readonly string[],
  baseNode: (arch: string) => string,
): string[] {
  const { ENTRY, NAME, ARCH, INTL } = trimmed(variables)
  const entries = ENTRY ? [ENTRY.replaceAll('\\', '/')] : listFunctions()
  const name = ENTRY && NAME ? ['--name', NAME] : []
  const intl = INTL ? ['--intl', INTL] : []
  const build = ['build', ...name, '--arch', ARCH || 'x64', ...intl, ...more, '--', ...entries]
  return withImageNode(build, baseNode)
}

/** `build` and its arguments, with the image's Node.js for the architecture that they name, unless they name a Node.js. */
export function withImageNode(args: readonly string[], baseNode: (arch: string) => string): string[] {
  const { arch, node } = givenOptions(args)
  // For an architecture that Lambda does not have there is no Node.js; that it does not is for the command to say.
  if (node !== undefined || (arch !== 'x64' && arch !== 'arm64')) {
    return [...args]
  }
  const option = args.indexOf('--arch')
  return args.toSpliced(option === -1 ? 1 : option + 2, 0, '--node', baseNode(arch))
}

/** What arguments of `build` say, right or wrong: the command itself will refuse what is wrong. */
export function givenOptions(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: args.slice(1),
    options: {
      // All options that take a value, so that none is taken for an entry.
      ...Object.fromEntries(
        ['out-dir', 'name', 'include', 'event', 'init', 'intl', 'zip'].map((name) => [
          name,
          { type: 'string', multiple: true } as const,
        ]),
      ),
      arch: { type: 'string', default: 'x64' },
      node: { type: 'string' },
      external: { type: 'string', multiple: true, default: [] },
    },
    strict: false,
    allowPositionals: true,
  })
  const texts = (values.external as unknown[]).filter((value) => typeof value === 'string')
  return {
    arch: String(values.arch),
    node: values.node,
    externals: texts as string[],
    entries: positionals,
  }
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
