/**
 * A mistake in how lambdabin was called: on the command line, in a configuration, or by a program. The message is one sentence:
 * what was expected, what arrived, what to do; and where, if that is a file.
 */
export class UsageError extends Error {
  override name = 'UsageError'
  /** The command line prints the message alone, without a stack. */
  readonly isMeantForUser = true
}
