/** What constructs are given, by apps that are no TypeScript: a mistake is told before anything is built. */
import { statSync } from 'node:fs'
import { checkKinds, type Kind } from '../configuration/call-options.ts'
import { shown } from '../configuration/option.ts'
import { UsageError } from '../configuration/usage-error.ts'

const EXPECTED: Readonly<Record<string, Kind>> = {
  entry: {
    expects: 'the name of a configured function, or the path of a file that exports a handler',
    isRight: (value) => typeof value === 'string' && value !== '',
  },
  handler: {
    expects: 'the name of an export',
    isRight: (value) => typeof value === 'string' && value !== '',
  },
  projectRoot: {
    expects: 'a folder that is there',
    isRight: (value) =>
      typeof value === 'string' && statSync(value, { throwIfNoEntry: false })?.isDirectory() === true,
  },
  build: {
    expects: 'an object with options of the build',
    isRight: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  },
}

/** `what`: the construct's kind and id, as in `LambdabinFunction Orders`. Throws a {@link UsageError}. */
export function checkProperties(what: string, given: unknown, required: readonly string[] = []): void {
  if (typeof given !== 'object' || given === null) {
    throw new UsageError(
      `${what} expects an object with properties, ${required.join(', ')} among them, and got ${shown(given)}; see its type`,
    )
  }
  checkKinds(what, given, EXPECTED, required)
}
