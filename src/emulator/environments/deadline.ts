import { clearTimeout, setTimeout } from 'node:timers'

export interface TimedOut {
  kind: 'timeout'
}

/** A timer to race with, and to cancel whatever wins. */
export function after(ms: number): { promise: Promise<TimedOut>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<TimedOut>()
  const timer = setTimeout(resolve, Math.max(ms, 0), { kind: 'timeout' })
  return { promise, cancel: () => clearTimeout(timer) }
}
