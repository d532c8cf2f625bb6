/**
 * One call of `console`, as a line of Lambda's text or JSON format.
 *
 * Text: ISO time TAB request id TAB LEVEL TAB message. JSON: `timestamp`, `level`, `requestId`, `tenantId`, `message`,
 * and for an error `errorType`, `errorMessage`, `stackTrace`; a single argument that is no text stays structured. `-`
 * stands for the request id of what belongs to no invocation.
 *
 * Whatever was logged, there is a line, and nothing is thrown into the function that logs.
 */

import { isInstance } from '../error-response.ts'
import type { InvocationScope } from '../invocation-scope.ts'
import { nodeUtil } from '../modules-on-use.ts'
import { describeError, inspected } from './describe-error.ts'

export type Level = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL'

export interface LogRecord {
  readonly time: Date
  readonly level: Level
  readonly scope: InvocationScope | undefined
  /** What `console` was called with. */
  readonly parameters: readonly unknown[]
}

/** Without line breaks: CloudWatch makes one event of each line, and shows a carriage return as a break. */
export function textLine({ time, level, scope, parameters }: LogRecord): string {
  return `${time.toISOString()}\t${scope?.requestId ?? '-'}\t${level}\t${formatted(parameters)}`
}

export function jsonLine({ time, level, scope, parameters }: LogRecord): string {
  const record: Record<string, unknown> = {
    timestamp: time.toISOString(),
    level,
    requestId: scope?.requestId ?? '-',
  }
  if (scope?.tenantId) {
    record.tenantId = scope.tenantId
  }
  const error = parameters.find(isError)
  if (error !== undefined) {
    const described = describeError(error, 'stackTrace')
    const { errorType, errorMessage, stackTrace } = described
    const message = parameters.length === 1 ? described : formatted(parameters)
    return JSON.stringify({ ...record, message, errorType, errorMessage, stackTrace })
  }
  try {
    const message =
      parameters.length === 1 && isStructured(parameters[0]) ? parameters[0] : formatted(parameters)
    return JSON.stringify({ ...record, message }, (_key, value) => asJson(value))
  } catch {
    // A circle, a toJSON that throws: then as text.
    return JSON.stringify({ ...record, message: formatted(parameters) })
  }
}

/** Whether a value is more than text, and JSON has a form of it. */
function isStructured(value: unknown): boolean {
  return !['string', 'undefined', 'function', 'symbol'].includes(typeof value)
}

/** What JSON has no form of, or an empty one, in one that tells what it holds. */
function asJson(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return String(value)
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  const { isMap, isSet } = nodeUtil().types
  if (isMap(value)) {
    return Object.fromEntries(value)
  }
  return isSet(value) ? [...value] : isError(value) ? describeError(value, 'stackTrace') : value
}

/** What `console` prints of its parameters. Never throws. */
export function formatted(parameters: readonly unknown[]): string {
  try {
    return nodeUtil().format(...parameters)
  } catch {
    return parameters
      .map((parameter) => (typeof parameter === 'string' ? parameter : inspected(parameter)))
      .join(' ')
  }
}

/** Not what only looks like an error: an object that was logged stays as it is. */
function isError(value: unknown): boolean {
  return isInstance(value, Error) || nodeUtil().types.isNativeError(value)
}
