/** What an invocation fails with whose thread has ended. */

/** The function ended its thread, as it would a process, while a handler was at work. */
export class ThreadExit extends Error {
  override name = 'Runtime.ExitError'
}

/** The heap of a thread was full. */
export class OutOfMemory extends Error {
  override name = 'Runtime.OutOfMemory'
}

/** The deadline was over, and the handler did not let go of its thread. */
export class BlockedThread extends Error {
  override name = 'Sandbox.Timedout'
}
