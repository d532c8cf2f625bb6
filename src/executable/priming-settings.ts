/** What an executable does before its first invocation: the content of its asset `prime.json`. */

import type { StubbedRequest } from '../stubs/stubbed-requests.ts'

/** What can be primed of Node.js, in the order in which it is. */
export const PRIMED_PARTS = [
  'crypto',
  'dns',
  'zlib',
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'fetch',
] as const
export type PrimedPart = (typeof PRIMED_PARTS)[number]

export interface PrimingSettings {
  readonly parts: readonly PrimedPart[]
  /** What clients of the AWS SDK are to ask once, of those that the function's chunks register: `runtime/prime/sdk-exchange.ts`. */
  readonly sdk?: readonly SdkExchange[]
  /** There where the function's author has the handler rehearsed. */
  readonly rehearsal?: RehearsalSettings
  /**
   * Where connections are opened to: each HOST or HOST:PORT, as the function's author has written it, with `{region}` for the
   * region that it will run in.
   */
  readonly connect?: readonly string[]
}

/** What the handler is called with before there is an invocation, and what answers it: `runtime/prime/rehearsal.ts`. */
export interface RehearsalSettings {
  readonly events: readonly unknown[]
  readonly stubs: readonly StubbedRequest[]
}

/** A request of a client of the AWS SDK that the build has found to come to an answer. */
export interface SdkExchange {
  /** Names of classes: `DynamoDBClient`, `GetItemCommand`. */
  readonly client: string
  readonly command: string
  /** What the command cannot do without, or is known to have. */
  readonly input: Readonly<Record<string, unknown>>
  readonly answer: SdkAnswer
}

/** What the service answers in. */
export type SdkAnswer = 'json' | 'xml' | 'cbor'
