/**
 * Tells whether a promise has been rejected that nobody handled at that moment.
 *
 * Node.js tells of it with `unhandledRejection` once all that was to run at once has run, and that is after a handler's result
 * could be sent. So the runtime waits for that, but only where there is something to wait for. Node.js has no event for the
 * moment itself; but it notes the domain that the promise belongs to, and so reads `process.domain`. Where it should not do so
 * any more, which is tried at the start, each result is held to wait.
 */

import { errorFacts } from './error-response.ts'
import { UnhandledPromiseRejection } from './errors.ts'

let rejections = 0
let isTold = false

/** To be called once, before the function is loaded. */
export function watchRejections(): void {
  let domain = Reflect.get(process, 'domain')
  const get = (): unknown => {
    rejections += 1
    return domain
  }
  const set = (value: unknown): void => {
    domain = value
  }
  try {
    Object.defineProperty(process, 'domain', { configurable: true, enumerable: true, get, set })
  } catch {
    return // Something that was loaded before has frozen it.
  }
  const before = rejections
  Promise.reject().catch(() => {})
  isTold = rejections > before
}

/** How many rejections there have been so far, to be compared with later on. */
export function countRejections(): number {
  return rejections
}

/** Whether there may have been a rejection since so many were counted. */
export function hasRejectionSince(count: number): boolean {
  return !isTold || rejections !== count
}

/** What a rejection that nobody handled is told as. */
export function asRejection(reason: unknown): UnhandledPromiseRejection {
  const { errorType, errorMessage } = errorFacts(reason)
  return new UnhandledPromiseRejection(
    `A promise was rejected and nobody handled it: ${errorType}: ${errorMessage}`,
    { cause: reason },
  )
}
