/** The ways in which a handler can end its process, and what becomes of them in a rehearsal: without the process there is no invocation. */

interface EndingMethods {
  exit(...parameters: unknown[]): unknown
  /** What `exit` comes to, also where the function has kept that from before. */
  reallyExit(...parameters: unknown[]): unknown
  abort(...parameters: unknown[]): unknown
  execve(...parameters: unknown[]): unknown
  /** What `kill` comes to. */
  _kill(...parameters: unknown[]): unknown
}

/**
 * From now on, code of the rehearsal ends the process no more, what it has left running with it: it is thrown an error. `onRefused` is
 * told of that, as the handler may catch it. Code outside of the rehearsal is not concerned.
 */
export function refuseEnds(isRehearsing: () => boolean, onRefused: (error: Error) => void): void {
  const refuse = (what: string): never => {
    const error = new Error(
      `the handler calls process.${what}, and a rehearsal is not to end the process; return or throw`,
    )
    onRefused(error)
    throw error
  }
  replace('exit', () => isRehearsing() && refuse('exit'))
  replace('reallyExit', () => {
    if (isRehearsing()) {
      // What `exit` has set: with it, Node.js runs no `process.nextTick` any more.
      Object.assign(process, { _exiting: false, exitCode: undefined })
      refuse('exit')
    }
  })
  replace('abort', () => isRehearsing() && refuse('abort'))
  replace('execve', () => isRehearsing() && refuse('execve'))
  replace('_kill', (target, signal) => {
    const isOwn = [0, process.pid].includes(Math.abs(Number(target)))
    // The signal 0 only asks whether the process is there.
    return isOwn && signal !== 0 && isRehearsing() && refuse('kill')
  })
}

/** A function that has frozen `process` keeps what is there. */
function replace(name: keyof EndingMethods, before: (...parameters: unknown[]) => unknown): void {
  const methods = process as unknown as EndingMethods
  const original = methods[name]
  if (typeof original === 'function') {
    Reflect.set(methods, name, (...parameters: unknown[]) => {
      before(...parameters)
      return original.apply(process, parameters)
    })
  }
}
