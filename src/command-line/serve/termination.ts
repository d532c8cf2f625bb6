/** Being told to end: the first signal asks for an orderly end, the second for one at once. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Termination {
  /** Resolves at the first signal. */
  asked: Promise<void>
  /** Signals have their usual effect again. */
  forget: () => void
}

/** `cleanUp`, which must be synchronous, is called whenever and however the process ends before `forget`. */
export function onTermination(cleanUp: () => void): Termination {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  let wasAsked = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (!wasAsked) {
      wasAsked = true
      resolve()
      return
    }
    cleanUp()
    forget()
    process.kill(process.pid, signal)
  }
  const forget = () => {
    process.off('exit', cleanUp)
    for (const signal of SIGNALS) {
      process.off(signal, onSignal)
    }
  }
  process.on('exit', cleanUp)
  for (const signal of SIGNALS) {
    process.on(signal, onSignal)
  }
  return { asked, forget }
}
