/**
 * Primes Node.js before the function is loaded, where the executable has what does that: `runtime/prime/prime.ts` tells what it is
 * good for, and {@link ./format.ts} how it comes into an executable.
 */

import type { PrimedPart, PrimingSettings, RehearsalSettings, SdkExchange } from './priming-settings.ts'
import type { SdkRegistry } from './sdk-registry.ts'

/** What the script exports. */
export interface PrimeModule {
  prime(options: {
    readonly parts: readonly PrimedPart[]
    readonly loadOnly: boolean
    readonly primesSdk: boolean
    readonly rehearses: boolean
  }): Promise<readonly { readonly part: PrimedPart; readonly error?: unknown }[]>
  primeSdk(options: {
    readonly exchanges: readonly SdkExchange[]
    readonly registry: SdkRegistry
    readonly isolate: Isolate
  }): Promise<void>
  rehearse(options: {
    readonly settings: RehearsalSettings
    readonly call: ((event: unknown) => Promise<unknown>) | undefined
    readonly isRehearsing: () => boolean
  }): Promise<void>
}

/** Runs something, and all that comes of it, in a scope that is not heard and fails nobody. */
export type Isolate = (work: () => Promise<void>) => Promise<void>

/** Is told of a part once it is primed, or why it could not be. */
export type OnPrimed = (part: PrimedPart, problem: string | undefined) => void

export interface Watched {
  /** Of this process. */
  readonly environment: NodeJS.ProcessEnv
  /** Whether something is loaded before the function, on its user's wish. */
  readonly isPreloading: boolean
}

export interface PrimingOptions extends Watched {
  readonly settings: PrimingSettings
  /** Evaluates the script. */
  readonly load: () => PrimeModule
  readonly onPrimed?: OnPrimed | undefined
}

/** With these, what is primed would be seen: by preloaded modules, in files and in what Node.js prints. */
const WATCHING_OPTIONS =
  /(^|[\s"])(-r|--(require|import|(experimental-)?loader|tls[-_]keylog|trace[-_]tls|inspect(-brk|-wait)?|use[-_]env[-_]proxy|prof|cpu-prof))([\s="]|$)/

/** Whether somebody may watch what Node.js does: a module that was preloaded, or who reads what Node.js prints or writes down. */
export function isWatched({ environment, isPreloading }: Watched): boolean {
  return (
    isPreloading ||
    WATCHING_OPTIONS.test(environment.NODE_OPTIONS ?? '') ||
    // Node.js warns of it when a connection is made.
    environment.NODE_TLS_REJECT_UNAUTHORIZED === '0' ||
    Boolean(environment.NODE_DEBUG || environment.NODE_USE_ENV_PROXY)
  )
}

/** Never rejects: what is not primed is done by the first invocation. */
export async function primeProgram(options: PrimingOptions): Promise<void> {
  const { settings, load, onPrimed = () => {} } = options
  const { parts, sdk = [], rehearsal } = settings
  const later = { primesSdk: sdk.length > 0, rehearses: rehearsal !== undefined }
  try {
    for (const { part, error } of await load().prime({ parts, loadOnly: isWatched(options), ...later })) {
      onPrimed(part, error === undefined ? undefined : messageOf(error))
    }
  } catch (error) {
    for (const part of parts) {
      onPrimed(part, messageOf(error))
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
