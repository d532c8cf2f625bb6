/**
 * A build that cannot go on, for a reason that its user can act on: the message says which and what to do.
 */
export class BuildError extends Error {
  override readonly name: string = 'BuildError'
  /** The command line prints the message alone, without a stack. */
  readonly isMeantForUser = true
}

/** A build that cannot be as its options say: a mistake in use, that only the tool which the options are for can tell. */
export class BuildOptionsError extends BuildError {
  override readonly name: string = 'BuildOptionsError'
}
