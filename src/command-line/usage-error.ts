/** A mistake in how the command was called. The message is one sentence: what was expected, what arrived, what to do. */
export class UsageError extends Error {
  override name = 'UsageError'
}
