/** Turns the container's environment into the arguments of `lambdabin build`. */
import { join } from 'node:path'

export interface BuildVariables {
  /** Path of one function's file, from the project's folder; with a Windows computer's `\`, too. */
  readonly ENTRY?: string | undefined
  readonly NAME?: string | undefined
  readonly ARCH?: string | undefined
  /** The locales that Intl is to know: `en,ja`. */
  readonly INTL?: string | undefined
}

/**
 * The whole command: `build` and its arguments, `more` last. Without `ENTRY` it builds what `listFunctions` returns,
 * and leaves `NAME` alone, which names one function. `baseNode` gives the path of the Node.js for an architecture.
 */
export function buildArguments(
  { ENTRY, NAME, ARCH, INTL }: BuildVariables,
  listFunctions: () => string[],
  more: readonly string[],
  baseNode: (arch: string) => string,
): string[] {
  const entries = ENTRY ? [ENTRY.replaceAll('\\', '/')] : listFunctions()
  const name = ENTRY && NAME ? ['--name', NAME] : []
  const arch = ARCH || 'x64'
  const intl = INTL ? ['--intl', INTL] : []
  // For an architecture that Lambda does not have there is no Node.js; that it does not is for the command to say.
  const node = arch === 'x64' || arch === 'arm64' ? ['--node', baseNode(arch)] : []
  return ['build', ...name, '--arch', arch, ...node, ...intl, ...more, '--', ...entries]
}

/** Which of `names`, the files in `folder`, are functions: JavaScript and TypeScript, but not types and tests. */
export function functionFiles(folder: string, names: readonly string[]): string[] {
  return names
    .filter((name) => /\.[cm]?[jt]s$/.test(name) && !/\.(d|test|spec)\.[cm]?[jt]s$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}
