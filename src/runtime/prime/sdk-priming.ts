/**
 * Primes clients of the AWS SDK, once the function's module has been evaluated: {@link ./sdk-exchange.ts} tells how. Since the function
 * may watch by then what Node.js does, it is left out where it would be seen.
 */

import type { Isolate } from '../../executable/priming.ts'
import type { SdkExchange } from '../../executable/priming-settings.ts'
import type { SdkRegistry } from '../../executable/sdk-registry.ts'
import { isSnapStart, mayWriteSdkSettings } from '../environment.ts'
import { inTime } from './in-time.ts'
import { exchangeBySdk } from './sdk-exchange.ts'

export interface SdkPrimingOptions {
  readonly exchanges: readonly SdkExchange[]
  readonly registry: SdkRegistry
  /** What the exchanges are to run in. */
  readonly isolate: Isolate
}

/** Milliseconds, for all of them: what takes longer hangs. */
const TIMEOUT_MS = 1000

/** Resolves in any case, after a second at most. */
export async function primeSdkClients({ exchanges, registry, isolate }: SdkPrimingOptions): Promise<void> {
  // An SDK draws random numbers for its requests. Those drawn before a snapshot would be the same in all that are restored from it.
  if (isSnapStart() || mayWriteSdkSettings() || registry.areReplaced() || (await hasAsyncHooks())) {
    return
  }
  let isOver = false
  const exchangeAll = async () => {
    for (const exchange of exchanges) {
      // One that took too long may come to its end among invocations.
      if (isOver) {
        return
      }
      await exchangeBySdk(registry, exchange)
    }
  }
  await inTime(isolate(exchangeAll), TIMEOUT_MS, undefined)
  isOver = true
}

/** Node.js gives promises numbers of their own where somebody is told of them, and to nobody else's. */
async function hasAsyncHooks(): Promise<boolean> {
  await undefined
  return process.getBuiltinModule('node:async_hooks').executionAsyncId() !== 0
}
