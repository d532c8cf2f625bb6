/** A mistake in a configuration, or in what is asked of it. The message is one sentence, with file and line where there is one. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  /** The command line prints the message alone, without a stack. */
  readonly isMeantForUser = true
}
