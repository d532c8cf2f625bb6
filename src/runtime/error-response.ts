/**
 * Anything thrown, turned into the error document that the Runtime API takes.
 *
 * JavaScript throws whatever it likes: strings, null, proxies, objects whose getters throw. Whatever it is, the
 * invoker gets a valid document of bounded size, since an error that cannot be posted is an invocation lost.
 */

import type { ErrorDocument } from '../runtime-api/contract.ts'
import { nodeUtil } from './modules-on-use.ts'

/** Characters kept of a message; the platform refuses documents over 6 MiB and logs cut lines at 256 KiB. */
const MAX_MESSAGE_LENGTH = 64 * 1024
const MAX_TRACE_LINES = 200
const MAX_TRACE_LINE_LENGTH = 2 * 1024
const MAX_NAME_LENGTH = 256
/** Errors below an error, before the rest is left out. */
const MAX_CAUSES = 8

/** The error document of anything thrown. Never throws. */
export function toErrorDocument(thrown: unknown): ErrorDocument {
  return describe(thrown, [])
}

/**
 * The error type as a header's value. Names are the user's, so they may hold anything; a header may not hold line
 * breaks or other control characters.
 */
export function errorTypeHeader(errorType: string): string {
  return errorType.replace(/[^\x20-\x7e]/g, '?').trim() || 'Error'
}

/** `above` are the errors that it is the cause of: a chain may be a circle, which ends with the error that it comes back to. */
function describe(thrown: unknown, above: readonly unknown[]): ErrorDocument {
  const document: ErrorDocument = errorFacts(thrown)
  const cause = isErrorLike(thrown) ? readMember(thrown, 'cause') : undefined
  const chain = [...above, thrown]
  if (cause !== undefined && above.length < MAX_CAUSES) {
    document.cause = chain.includes(cause) ? errorFacts(cause) : describe(cause, chain)
  }
  return document
}

/** What an error document says of what was thrown itself. Never throws. */
export function errorFacts(thrown: unknown): Omit<ErrorDocument, 'cause'> {
  try {
    return readFacts(thrown)
  } catch {
    // The function has changed what texts and arrays do.
    return { errorType: 'Error', errorMessage: 'an error that cannot be described', trace: [] }
  }
}

function readFacts(thrown: unknown): Omit<ErrorDocument, 'cause'> {
  if (!isErrorLike(thrown)) {
    return {
      errorType: thrown === null ? 'null' : typeof thrown,
      errorMessage: cut(describeValue(thrown)),
      trace: [],
    }
  }
  return {
    errorType: readText(thrown, 'name').slice(0, MAX_NAME_LENGTH) || 'Error',
    errorMessage: cut(readText(thrown, 'message')),
    trace: traceLines(readText(thrown, 'stack')),
  }
}

/** Errors of this realm and of others, and what libraries throw in their stead: anything with a message and a name or stack. */
export function isErrorLike(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) {
    return false
  }
  return (
    isInstance(thrown, Error) ||
    (typeof readMember(thrown, 'message') === 'string' &&
      (typeof readMember(thrown, 'name') === 'string' || typeof readMember(thrown, 'stack') === 'string'))
  )
}

/** `instanceof` for whatever was thrown: a proxy that is revoked, or whose trap throws, is an instance of nothing. */
export function isInstance<Type>(
  thrown: unknown,
  type: abstract new (...parameters: never[]) => Type,
): thrown is Type {
  try {
    return thrown instanceof type
  } catch {
    return false
  }
}

/** What was thrown, if that is an error, or else one that describes it. Never throws. */
export function asError(thrown: unknown): Error {
  return isInstance(thrown, Error) ? thrown : new Error(errorFacts(thrown).errorMessage, { cause: thrown })
}

/** A property of an object of anybody's; undefined where reading it throws. */
export function readMember(source: object, property: string): unknown {
  try {
    return (source as Record<string, unknown>)[property]
  } catch {
    return undefined
  }
}

function readText(source: object, property: string): string {
  const value = readMember(source, property)
  if (typeof value === 'string') {
    return value
  }
  return value === undefined || value === null ? '' : describeValue(value)
}

function describeValue(value: unknown): string {
  try {
    const text = String(value)
    // The text of an object without one of its own says nothing; what it holds does.
    if (!text.startsWith('[object ')) {
      return text
    }
  } catch {
    // No text: a null prototype, or a toString that throws.
  }
  try {
    return nodeUtil().inspect(value)
  } catch {
    return 'a value that cannot be described: its own properties throw'
  }
}

function cut(text: string): string {
  if (text.length <= MAX_MESSAGE_LENGTH) {
    return text
  }
  return `${text.slice(0, MAX_MESSAGE_LENGTH)}… (${text.length - MAX_MESSAGE_LENGTH} more characters)`
}

function traceLines(stack: string): string[] {
  if (stack === '') {
    return []
  }
  return stack
    .slice(0, MAX_TRACE_LINES * MAX_TRACE_LINE_LENGTH)
    .split('\n')
    .slice(0, MAX_TRACE_LINES)
    .map((line) => line.slice(0, MAX_TRACE_LINE_LENGTH))
}
