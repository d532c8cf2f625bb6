/** What an invocation fails with whose thread has ended. */

/** The function ended its thread, as it would a process: as its module was evaluated, or while a handler was at work. */
export class ThreadExit extends Error {
  override name = 'Runtime.ExitError'

  constructor(code: number, wasInitialised: boolean) {
    const ended = `The function ended its thread with exit status ${code}`
    super(
      wasInitialised
        ? `${ended} while the handler was at work; return or throw instead of calling process.exit.`
        : `${ended} in the init phase, as its module was evaluated or in a hook of onInit; throw instead of calling process.exit.`,
    )
  }
}

/** The heap of a thread was full. */
export class OutOfMemory extends Error {
  override name = 'Runtime.OutOfMemory'
}

/** The deadline was over, and the handler did not let go of its thread. */
export class BlockedThread extends Error {
  override name = 'Sandbox.Timedout'
}
