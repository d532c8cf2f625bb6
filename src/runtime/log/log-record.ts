/**
 * One call of `console`, as a line of Lambda's text or JSON format.
 *
 * Text: ISO time TAB request id TAB LEVEL TAB message. JSON: `timestamp`, `level`, `requestId`, `tenantId`, `message`,
 * and for an error `errorType`, `errorMessage`, `stackTrace`; a single argument that is no text stays structured. `-`
 * stands for the request id of what belongs to no invocation.
 */

import { toErrorDocument } from '../error-response.ts'
import type { InvocationScope } from '../invocation-scope.ts'
import { nodeUtil } from '../modules-on-use.ts'

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
  return `${time.toISOString()}\t${scope?.requestId ?? '-'}\t${level}\t${nodeUtil().format(...parameters)}`
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
  const error = parameters.find((parameter) => parameter instanceof Error)
  const described = error === undefined ? undefined : describeError(error)
  record.message = parameters.length === 1 ? parameters[0] : nodeUtil().format(...parameters)
  if (described) {
    const { errorType, errorMessage, stackTrace } = described
    Object.assign(record, { errorType, errorMessage, stackTrace })
  }
  try {
    return JSON.stringify(record, (_key, value) => (value instanceof Error ? describeError(value) : value))
  } catch {
    // A circle, a BigInt, a toJSON that throws: then as text.
    return JSON.stringify({ ...record, message: nodeUtil().format(...parameters) })
  }
}

/** An error in JSON: what AWS's client writes, the error's own properties, and its cause. */
function describeError(error: Error): Record<string, unknown> {
  const { errorType, errorMessage, trace, cause } = toErrorDocument(error)
  const described: Record<string, unknown> = { errorType, errorMessage, stackTrace: trace, ...error }
  if (cause) {
    described.cause = error.cause instanceof Error ? describeError(error.cause) : error.cause
  }
  return described
}
