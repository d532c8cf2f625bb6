/**
 * A mistake in how lambdabin was called: on the command line, in a configuration, or by a program. The message is one sentence:
 * what was expected, what arrived, what to do; and where, if that is a file.
 */
export class UsageError extends Error {
  override name = 'UsageError'
  /** As the JavaScript API's errors have it. */
  readonly code = 'USAGE'
  /** The command line prints the message alone, without a stack. */
  readonly isMeantForUser = true
}

/** `error` as a mistake in use, with the same sentence, if it is a `kind`; else as it is. It is to be thrown. */
export function usageErrorFor(error: unknown, kind: abstract new (...args: never[]) => Error): unknown {
  return error instanceof kind ? new UsageError(error.message, { cause: error }) : error
}
