/**
 * What of the priming is worth its time. It moves work from the first invocation to the init phase, and is work itself: a server in
 * memory, a request that nobody has asked for. Whoever waits for an environment to start waits for both phases. So it pays where the
 * first invocation has a small share of a CPU; where it has nearly a whole one, a start without is the faster one.
 *
 * Measured, in ms of CPU: a request of an AWS SDK's client takes 18 and saves 5, one by node:https 15 and 7, one by fetch 39 and 34.
 * Lambda gives a whole CPU at 1,769 MB, and less in proportion: what takes as long as it saves there is reckoned from that.
 */

import type { PrimedPart, PrimingSettings } from './priming-settings.ts'

/** In MB of memory, up to where each is faster. */
const MOST_FOR_SDK_CLIENTS = 600
const MOST_FOR_NODE = 900
const MOST_FOR_FETCH = 1400

/**
 * What is to be primed of what could be: undefined for nothing. LAMBDABIN_PRIME turns it off with 0, and with 1 has all primed. So is
 * all where nobody waits for the init phase, as with provisioned concurrency, and where the memory is not known.
 */
export function worthwhilePriming(
  settings: PrimingSettings,
  environment: NodeJS.ProcessEnv,
): PrimingSettings | undefined {
  const { LAMBDABIN_PRIME: wish } = environment
  if (wish === '0' || wish === 'false') {
    return undefined
  }
  const isWaitedFor = (environment.AWS_LAMBDA_INITIALIZATION_TYPE ?? 'on-demand') === 'on-demand'
  const memory = Number(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE)
  // A rehearsal is its author's wish.
  if (wish || !isWaitedFor || settings.rehearsal !== undefined || !(memory > MOST_FOR_SDK_CLIENTS)) {
    return settings
  }
  const mostFor = (part: PrimedPart) => (part === 'fetch' ? MOST_FOR_FETCH : MOST_FOR_NODE)
  const parts = settings.parts.filter((part) => memory <= mostFor(part))
  return parts.length > 0 ? { parts } : undefined
}
