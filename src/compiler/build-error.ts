/**
 * A build that cannot go on, for a reason that its user can act on: the message says which and what to do.
 */
export class BuildError extends Error {
  override readonly name: string = 'BuildError'
  /** The command line prints the message alone, without a stack. */
  readonly isMeantForUser = true
}
