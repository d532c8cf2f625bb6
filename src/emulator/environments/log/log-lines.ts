/**
 * The lines that Lambda writes into a function's log around each invocation.
 *
 * Source: CloudWatch logs of functions with the text log format.
 */

/** What REPORT tells of one invocation. Times are in milliseconds, memory is in MB. */
export interface InvocationReport {
  requestId: string
  durationMs: number
  memorySizeMb: number
  maxMemoryUsedMb: number
  /** Set on an environment's first invocation, when its init phase succeeded before it. */
  initDurationMs?: number
  status?: 'timeout' | 'error'
  /** Only with the status `error`. */
  errorType?: string
}

export function startLine(requestId: string, version: string): string {
  return `START RequestId: ${requestId} Version: ${version}\n`
}

export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}\n`
}

export function reportLine(report: InvocationReport): string {
  const fields = [
    `REPORT RequestId: ${report.requestId}`,
    `Duration: ${report.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs(report.durationMs, report.initDurationMs)} ms`,
    `Memory Size: ${report.memorySizeMb} MB`,
    `Max Memory Used: ${report.maxMemoryUsedMb} MB`,
  ]
  if (report.initDurationMs !== undefined) {
    fields.push(`Init Duration: ${report.initDurationMs.toFixed(2)} ms`)
  }
  return `${[...fields, ...statusFields(report.status, report.errorType)].join('\t')}\n`
}

/** An init phase that failed. `phase` is `invoke` when it was the retry within the first invocation. */
export function initReportLine(
  durationMs: number,
  phase: 'init' | 'invoke',
  status: 'timeout' | 'error',
  errorType?: string,
): string {
  const fields = [`INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms`, `Phase: ${phase}`]
  return `${[...fields, ...statusFields(status, errorType)].join('\t')}\n`
}

/** Whole milliseconds, rounded up. The init phase is billed too, since August 2025. */
export function billedMs(durationMs: number, initDurationMs = 0): number {
  // The times as they are printed: 2.31 and 94.87, not a nanosecond more, make 98.
  const hundredths = Math.round(durationMs * 100) + Math.round(initDurationMs * 100)
  return Math.ceil(hundredths / 100)
}

function statusFields(status: InvocationReport['status'], errorType?: string): string[] {
  if (status === undefined) {
    return []
  }
  return errorType === undefined ? [`Status: ${status}`] : [`Status: ${status}`, `Error Type: ${errorType}`]
}
