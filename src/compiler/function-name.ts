/** A function's name: what its executable and its zip are called, and what `_HANDLER` selects it by. */
import { basename, dirname, extname, resolve } from 'node:path'
import process from 'node:process'
import { BuildError } from './build-error.ts'
import { BOOTSTRAP, NOTICES_FILE } from './package/own-files.ts'

/** The name cannot be both a file's and the first part of a handler setting. */
export class FunctionNameError extends BuildError {
  override readonly name = 'FunctionNameError'
}

export const ENTRY_ENDINGS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'] as const

/** Folders of sources, which say nothing of what is in them. */
const SOURCE_FOLDERS = ['src', 'source', 'lib']

export interface NameOptions {
  /** The name that the user gives. */
  readonly given?: string | undefined
  /** The project's folder, whose own name no function gets. */
  readonly folder?: string
  /** What to do about a name that cannot be one. */
  readonly remedy?: string
}

/** Whether a path is one of a TypeScript or JavaScript file. */
export function isEntry(path: string): boolean {
  return ENTRY_ENDINGS.some((ending) => ending === extname(path))
}

/**
 * The name of the function that starts at `entry`: the one given, else the file's without its ending; of an `index.ts`, its
 * folder's. Throws {@link FunctionNameError} when that cannot be one, or when the entry is no TypeScript or JavaScript file.
 */
export function functionName(
  entry: string,
  { given, folder = process.cwd(), remedy = 'give another with --name' }: NameOptions = {},
): string {
  if (!isEntry(entry)) {
    throw new FunctionNameError(
      `an entry is a TypeScript or JavaScript file (${ENTRY_ENDINGS.join(', ')}), and ${entry} is not; name the file that exports the handler`,
    )
  }
  const name = given ?? nameOfFile(resolve(folder, entry), folder)
  const problem = problemOf(name)
  if (problem !== undefined) {
    throw new FunctionNameError(
      `a function's name is that of its executable and of its handler setting, and ${JSON.stringify(name)} ${problem}; ${remedy}`,
    )
  }
  return name
}

/** `orders` for `orders.ts`, `orders/index.ts` and `orders/src/index.ts`. */
function nameOfFile(file: string, projectFolder: string): string {
  const own = basename(file, extname(file))
  if (own !== 'index') {
    return own
  }
  let folder = dirname(file)
  while (SOURCE_FOLDERS.includes(basename(folder)) && folder !== projectFolder) {
    folder = dirname(folder)
  }
  return folder === projectFolder || problemOf(basename(folder)) !== undefined ? own : basename(folder)
}

function problemOf(name: string): string | undefined {
  if (name === '') {
    return 'is empty'
  }
  if (name === BOOTSTRAP) {
    return 'is the file that starts it'
  }
  if (name === NOTICES_FILE) {
    return 'is the file of its licences'
  }
  if (name === 'node_modules') {
    return 'is the folder of its packages'
  }
  if (name.includes('.')) {
    return 'has a dot, after which a handler setting names an export'
  }
  // AWS Lambda allows any character but white space in a handler; the rest is what a file name on any system
  // can have.
  if (!/^[\w-]+$/.test(name)) {
    return 'has characters other than letters, digits, _ and -'
  }
  if (name.startsWith('-')) {
    return 'starts with -, as options do'
  }
  if (name.length > 64) {
    return 'is longer than the 64 characters of an AWS Lambda function name'
  }
  return undefined
}
