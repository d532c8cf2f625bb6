/**
 * What the functions of the JavaScript API are called with besides the options of a configuration. A program may be no TypeScript, or have
 * its options from elsewhere, so each is checked before it is used.
 */
import { remedyFor } from './nearest-name.ts'
import { shown } from './option.ts'
import { UsageError } from './usage-error.ts'

/** What an option may be. */
export interface Kind {
  /** As what follows "expects". */
  readonly expects: string
  readonly isRight: (value: unknown) => boolean
}

export const TEXT: Kind = { expects: 'a text', isRight: (value) => isText(value) && value !== '' }
export const FLAG: Kind = { expects: 'true or false', isRight: (value) => typeof value === 'boolean' }

export function numberFrom(least: number, most: number): Kind {
  return {
    expects: `a whole number from ${least} to ${most}`,
    isRight: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  }
}

const FUNCTION: Kind = { expects: 'a function', isRight: (value) => typeof value === 'function' }
const TEXTS: Kind = {
  expects: 'names and paths, a list of them or one',
  isRight: (value) => [value].flat().every((each) => typeof each === 'string'),
}

const KINDS: Readonly<Record<string, Kind>> = {
  package: {
    expects: 'a deployment package, a zip or a folder, or the name of a configured function',
    isRight: isText,
  },
  functions: TEXTS,
  watch: TEXTS,
  handler: { expects: 'a handler setting, as in orders.handler', isRight: isText },
  config: {
    expects: 'a configuration, the path of its file, or false for none',
    isRight: (value) => value === false || ['string', 'object', 'function'].includes(typeof value),
  },
  cwd: { expects: 'the path of a folder', isRight: isText },
  signal: { expects: 'an AbortSignal', isRight: isSignal },
  onLog: FUNCTION,
  onResponse: FUNCTION,
  onProgress: FUNCTION,
  onStep: FUNCTION,
  onNotice: FUNCTION,
  openLog: FUNCTION,
}

/** Checks what `what` is called with: that it is an object, and those of its options that have one of these names. Throws a {@link UsageError}. */
export function checkCall(what: string, given: unknown, required: readonly string[] = []): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new UsageError(`${what} expects an object with options, and got ${shown(given)}; see its type`)
  }
  checkKinds(what, given, KINDS, required)
}

/** Checks those options that `kinds` tells of. Throws a {@link UsageError}. */
export function checkKinds(
  what: string,
  given: object,
  kinds: Readonly<Record<string, Kind>>,
  required: readonly string[] = [],
): void {
  for (const [name, { expects, isRight }] of Object.entries(kinds)) {
    const value = (given as Record<string, unknown>)[name]
    if (value === undefined ? required.includes(name) : !isRight(value)) {
      throw new UsageError(`${name} of ${what} expects ${expects}, and got ${shown(value)}`)
    }
  }
}

/** Throws a {@link UsageError} for an option that `what` does not have. */
export function checkNames(what: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new UsageError(`${what} has no option ${shown(name)}; ${remedyFor(name, known)}`)
    }
  }
}

/** The signal among options of whatever kind, if that can be one. */
export function signalOf(given: unknown): AbortSignal | undefined {
  const { signal } = (given ?? {}) as { signal?: unknown }
  return isSignal(signal) ? signal : undefined
}

/** Not by its class: tests run in realms that have classes of their own. */
function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  return typeof aborted === 'boolean' && typeof addEventListener === 'function'
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

/** What a program's callback has thrown, or rejected with, as a mistake in it; but for what says itself what is the matter. */
export function callbackFailure(name: string, error: unknown): Error {
  if (error instanceof Error && 'isMeantForUser' in error) {
    return error
  }
  const message = error instanceof Error ? error.message : shown(error)
  return new UsageError(
    `expected ${name} to take what it hears, but it has thrown: ${message}; catch that in it`,
    { cause: error },
  )
}

/**
 * A program's callback that throws where nothing of the program's is there to catch it, in an event of a stream say: `onThrown` gets that as a
 * {@link callbackFailure}, once, and nothing more is told to the callback.
 */
export function guarded<Heard>(
  name: string,
  callback: (heard: Heard) => unknown,
  onThrown: (error: Error) => void,
): (heard: Heard) => void {
  let isOver = false
  const end = (error: unknown) => {
    if (!isOver) {
      isOver = true
      onThrown(callbackFailure(name, error))
    }
  }
  return (heard) => {
    if (isOver) {
      return
    }
    try {
      // One that is async is not waited for.
      Promise.resolve(callback(heard)).catch(end)
    } catch (error) {
      end(error)
    }
  }
}

type Callbacks = Readonly<Record<string, ((heard: never) => unknown) | undefined>>

/**
 * What `work` comes to, which calls these: by what one of them throws it is ended, as by `signal`. Rejects with that, and as `work` does.
 * There is one for each name.
 */
export async function withCallbacks<Given extends Callbacks, Result>(
  signal: AbortSignal | undefined,
  callbacks: Given,
  work: (
    ends: AbortSignal,
    hearing: { [Name in keyof Given]-?: NonNullable<Given[Name]> },
  ) => Promise<Result>,
): Promise<Result> {
  const failing = new AbortController()
  const ends = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal])
  const hearing = Object.entries(callbacks).map(([name, callback = () => {}]) => [
    name,
    guarded(name, callback, (error) => failing.abort(error)),
  ])
  try {
    return await work(ends, Object.fromEntries(hearing))
  } finally {
    // Whatever came of it then, it is because it was ended.
    failing.signal.throwIfAborted()
  }
}
