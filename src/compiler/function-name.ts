/** A function's name: what its executable and its zip are called, and what `_HANDLER` selects it by. */
import { basename, extname } from 'node:path'
import { BuildError } from './build-error.ts'

/** The name cannot be both a file's and the first part of a handler setting. */
export class FunctionNameError extends BuildError {
  override readonly name = 'FunctionNameError'
}

const ENTRY_ENDINGS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']

/**
 * The name of the function that starts at `entry`: the one given, else the file's without its ending. Throws
 * {@link FunctionNameError} when that cannot be one, or when the entry is no TypeScript or JavaScript file.
 */
export function functionName(entry: string, given: string | undefined): string {
  const ending = extname(entry)
  if (!ENTRY_ENDINGS.includes(ending)) {
    throw new FunctionNameError(
      `an entry is a TypeScript or JavaScript file (${ENTRY_ENDINGS.join(', ')}), and ${entry} is not; name the file that exports the handler`,
    )
  }
  return checkName(given ?? basename(entry, ending))
}

function checkName(name: string): string {
  const problem = problemOf(name)
  if (problem !== undefined) {
    throw new FunctionNameError(
      `a function's name is that of its executable and of its handler setting, and ${JSON.stringify(name)} ${problem}; give another with --name`,
    )
  }
  return name
}

function problemOf(name: string): string | undefined {
  if (name === '') {
    return 'is empty'
  }
  if (name === 'bootstrap') {
    return 'is the file that starts it'
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
