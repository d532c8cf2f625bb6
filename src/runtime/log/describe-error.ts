/**
 * An error as a log record has it: all that says why it happened, as values that JSON can express, of bounded size.
 *
 * That is what the error document says of it, its own properties (`code`, `statusCode`, `$metadata`), its cause, and the
 * errors of an AggregateError, each in the same form. Errors hold whatever their authors put into them, requests with their
 * sockets and circles among it, and a log record that fails to be written hides the very error.
 */

import { errorFacts, isErrorLike, readMember } from '../error-response.ts'
import { nodeUtil } from '../modules-on-use.ts'

/** Errors below an error, and errors of one AggregateError, before the rest is left out. */
const MAX_DEPTH = 8
const MAX_ERRORS = 20
const MAX_PROPERTIES = 100
/** Characters of one property's JSON, and of its text where there is no JSON of it. */
const MAX_JSON_LENGTH = 64 * 1024
const MAX_TEXT_LENGTH = 8 * 1024

/** What every description has already. */
const KNOWN = new Set([
  'name',
  'message',
  'stack',
  'cause',
  'errors',
  'errorType',
  'errorMessage',
  'stackTrace',
])

/** `stackMember`: what the stack is called in the record. Never throws. */
export function describeError(
  error: unknown,
  stackMember: 'stackTrace' | 'stack',
  above: readonly unknown[] = [],
): Record<string, unknown> {
  const { errorType, errorMessage, trace } = errorFacts(error)
  const described: Record<string, unknown> = { errorType, errorMessage }
  if (!isErrorLike(error)) {
    return { ...described, [stackMember]: trace }
  }
  const path = [...above, error]
  const below = (inner: unknown): unknown => {
    if (path.includes(inner)) {
      return '[Circular]'
    }
    return path.length < MAX_DEPTH ? describeError(inner, stackMember, path) : errorFacts(inner).errorMessage
  }
  Object.assign(described, ownProperties(error, below), { [stackMember]: trace })
  const cause = readMember(error, 'cause')
  if (cause !== undefined) {
    described.cause = isErrorLike(cause) ? below(cause) : plainValue(cause, below)
  }
  const errors = readMember(error, 'errors')
  if (errors !== undefined) {
    described.errors = describeErrors(errors, below)
  }
  return described
}

function describeErrors(errors: unknown, below: (error: unknown) => unknown): unknown {
  try {
    if (Array.isArray(errors)) {
      const described = errors
        .slice(0, MAX_ERRORS)
        .map((error) => (isErrorLike(error) ? below(error) : plainValue(error, below)))
      return errors.length > MAX_ERRORS ? [...described, `… ${errors.length - MAX_ERRORS} more`] : described
    }
  } catch {
    // An array that is none of a kind that can be read.
  }
  return plainValue(errors, below)
}

function ownProperties(error: object, below: (error: unknown) => unknown): Record<string, unknown> {
  const properties: Record<string, unknown> = {}
  try {
    for (const key of Object.keys(error).slice(0, MAX_PROPERTIES)) {
      if (!KNOWN.has(key)) {
        properties[key] = plainValue(readMember(error, key), below)
      }
    }
  } catch {
    // A proxy that does not tell its keys.
  }
  return properties
}

/** A value as JSON has it, errors in it described; as text where JSON cannot express it. */
function plainValue(value: unknown, below: (error: unknown) => unknown): unknown {
  if (typeof value === 'string' && value.length > MAX_JSON_LENGTH) {
    return shortened(value, MAX_JSON_LENGTH)
  }
  try {
    const json = JSON.stringify(value, (_key, inner) => (isErrorLike(inner) ? below(inner) : inner))
    if (json === undefined || json.length <= MAX_JSON_LENGTH) {
      return json && JSON.parse(json)
    }
  } catch {
    // A circle, a BigInt, a toJSON that throws.
  }
  return shortened(inspected(value), MAX_TEXT_LENGTH)
}

/** A value as `console.dir` prints it with options; whatever they are, as text. Never throws. */
export function inspected(value: unknown, options?: object): string {
  try {
    return nodeUtil().inspect(value, { ...options })
  } catch {
    // Its own method for that throws, or one of the options.
  }
  try {
    return nodeUtil().inspect(value, { customInspect: false })
  } catch {
    return `[a value that cannot be printed: ${typeof value}]`
  }
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters)`
}
