/**
 * Has Node.js do once, before there is an invocation, what the first one would have it do for the first time: load its modules,
 * compile their functions, read the root certificates, fetch OpenSSL's algorithms. In the init phase a function has a whole
 * CPU, and afterwards the share of one that its memory buys: a millisecond that is left for the first invocation takes 14 of
 * them at 128 MB.
 *
 * It is a script of its own in the executables of functions that need it. All but the AWS SDK's clients is primed before the function's module is evaluated:
 * so there is nobody who could see it, by a patched method, an asynchronous hook or a subscription. All that it makes is its
 * own, in memory, and gone when it is done.
 */

import type { PrimedPart } from '../../executable/priming-settings.ts'
import { isSnapStart } from '../environment.ts'
import { collectYoungGeneration } from './collect-garbage.ts'
import { exchangeByFetch } from './fetch-exchange.ts'
import { exchange, exchangeSecurely, shakeHands } from './http-exchange.ts'
import { inTime } from './in-time.ts'
import { leaveNothing } from './leave-nothing.ts'
import { Originals } from './originals.ts'
import { type RehearsalOptions, rehearse as rehearseHandler } from './rehearsal.ts'
import { primeSdkClients, type SdkPrimingOptions } from './sdk-priming.ts'
import { primeServerIdentity } from './server-identity.ts'

/** What became of a part. */
export interface Primed {
  readonly part: PrimedPart
  /** Undefined when all went well. */
  readonly error?: unknown
}

export interface PrimeOptions {
  readonly parts: readonly PrimedPart[]
  /** Whether to load modules alone: somebody is watching what is done with them. */
  readonly loadOnly: boolean
  /** Whether clients of the AWS SDK are primed later. */
  readonly primesSdk: boolean
  /** Whether the handler is called later, which sends what it sends. */
  readonly rehearses?: boolean
}

interface Part {
  readonly modules: readonly string[]
  run?(): Promise<void> | void
  /** What no client of the AWS SDK, and no rehearsal, does in its place. */
  runBesides?(): void
}

/** Milliseconds, for everything: what takes longer hangs. */
const TIMEOUT_MS = 1000

const PARTS: Readonly<Record<PrimedPart, Part>> = {
  crypto: { modules: ['crypto'], run: useHashes },
  dns: { modules: ['dns'], run: lookUpAddress },
  zlib: { modules: ['zlib'], run: decompress },
  net: { modules: ['net'] },
  tls: { modules: ['tls'], run: shakeHands, runBesides: primeServerIdentity },
  http: { modules: ['http'], run: exchange },
  https: { modules: ['https'], run: exchangeSecurely, runBesides: primeServerIdentity },
  http2: { modules: ['http2'], run: shakeHands, runBesides: primeServerIdentity },
  fetch: { modules: ['tls'], run: exchangeByFetch, runBesides: primeServerIdentity },
}

/** What a client of the AWS SDK does as it is primed, and a handler as it is rehearsed. */
const LATER_PARTS: ReadonlySet<PrimedPart> = new Set(['crypto', 'http', 'https'])

/** Resolves to what became of each part. Never rejects, and takes a second at most. */
export async function prime({
  parts,
  loadOnly,
  primesSdk,
  rehearses = false,
}: PrimeOptions): Promise<readonly Primed[]> {
  const done: Primed[] = []
  const strays = new Strays()
  const isLoadedOnly = loadOnly || hasSubscribers()
  // Where there is to be a snapshot of the process, clients are not primed.
  const isDoneLater = rehearses || (primesSdk && !isSnapStart())
  const isLater = (part: PrimedPart) => isDoneLater && LATER_PARTS.has(part)
  const runsOf = (part: PrimedPart) => {
    const { run, runBesides } = PARTS[part]
    return isLoadedOnly ? [] : [runBesides, isLater(part) ? undefined : run]
  }
  await inTime(primeEach(parts, runsOf, strays, done), TIMEOUT_MS, undefined)
  strays.stop()
  if (isDoneLater && !isLoadedOnly) {
    originals = new Originals()
    leftToRehearsal = rehearses ? parts.filter(isLater) : []
  }
  const late = parts[done.length]
  return late === undefined
    ? done
    : [...done, { part: late, error: new Error(`it took over ${TIMEOUT_MS} ms`) }]
}

/** What Node.js tells of while it is primed, to whoever subscribes: a function that was initialised in the build may have. */
const CHANNELS = [
  ...['http.client.request.created', 'http.client.request.start', 'http.client.response.finish'],
  ...[
    'undici:request:create',
    'undici:client:sendHeaders',
    'undici:request:headers',
    'undici:request:trailers',
  ],
]

function hasSubscribers(): boolean {
  const diagnostics = process.getBuiltinModule('node:diagnostics_channel')
  return CHANNELS.some((name) => diagnostics.hasSubscribers(name))
}

/** What there was before the function's module was evaluated; undefined where nothing is to be primed after that. */
let originals: Originals | undefined
let leftToRehearsal: readonly PrimedPart[] = []

/** Whether nobody has come since who would see what is primed. */
function isUnseen(): boolean {
  return originals !== undefined && !originals.areReplaced() && !hasSubscribers()
}

/** See {@link ./sdk-priming.ts}. */
export async function primeSdk(options: SdkPrimingOptions): Promise<void> {
  if (isUnseen()) {
    await primeSdkClients(options)
  }
}

interface LaterRehearsal extends Omit<RehearsalOptions, 'call'> {
  readonly call: RehearsalOptions['call'] | undefined
}

/** See {@link ./rehearsal.ts}. Without `call` there is nobody to rehearse, and what was left to it is primed. */
export async function rehearse({ call, ...options }: LaterRehearsal): Promise<void> {
  await (call === undefined ? primeLeft() : rehearseHandler({ ...options, call }))
  collectYoungGeneration()
}

async function primeLeft(): Promise<void> {
  if (isUnseen()) {
    const strays = new Strays()
    await inTime(
      primeEach(leftToRehearsal, (part) => [PARTS[part].run], strays, []),
      TIMEOUT_MS,
      undefined,
    )
    strays.stop()
  }
}

async function primeEach(
  parts: readonly PrimedPart[],
  runsOf: (part: PrimedPart) => readonly (Part['run'] | undefined)[],
  strays: Strays,
  done: Primed[],
): Promise<void> {
  for (const part of parts) {
    // One that took too long may come to its end when the function is at work.
    if (strays.isStopped) {
      return
    }
    try {
      for (const name of PARTS[part].modules) {
        process.getBuiltinModule(name)
      }
      for (const run of runsOf(part)) {
        await run?.()
      }
      await leaveNothing()
      strays.rethrow()
      done.push({ part })
    } catch (error) {
      done.push({ part, error })
    }
  }
}

/**
 * Catches what is thrown where nobody waits for it, in a callback of Node.js's own: it would be taken for the function's. Nobody
 * else has anything running yet.
 */
class Strays {
  readonly #isCatching = !process.hasUncaughtExceptionCaptureCallback()
  #caught: unknown[] = []
  isStopped = false

  constructor() {
    if (this.#isCatching) {
      process.setUncaughtExceptionCaptureCallback((error) => this.#caught.push(error))
    }
  }

  /** The first one since it was last asked. */
  rethrow(): void {
    const [first] = this.#caught
    const isAny = this.#caught.length > 0
    this.#caught = []
    if (isAny) {
      throw first
    }
  }

  stop(): void {
    this.isStopped = true
    if (this.#isCatching) {
      process.setUncaughtExceptionCaptureCallback(null)
    }
  }
}

/**
 * As requests to AWS are signed; and OpenSSL's generator of random numbers is made, which Node.js's start leaves to whoever asks first
 * (`base-node/entropy.ts`). Not before a snapshot of SnapStart: what is drawn before it is the same in all that are restored from it.
 */
function useHashes(): void {
  const { createHash, createHmac, randomFillSync } = process.getBuiltinModule('node:crypto')
  const key = createHmac('sha256', 'AWS4').update('20260101').digest()
  createHash('sha256').update(key).digest('hex')
  if (!isSnapStart()) {
    randomFillSync(new Uint8Array(1))
  }
}

/** Of an address, so that nobody is asked. */
async function lookUpAddress(): Promise<void> {
  const { lookup } = process.getBuiltinModule('node:dns')
  await new Promise((resolve) => lookup('127.0.0.1', { all: true }, resolve))
}

function decompress(): void {
  const { gunzipSync, gzipSync } = process.getBuiltinModule('node:zlib')
  gunzipSync(gzipSync('{}'))
}
