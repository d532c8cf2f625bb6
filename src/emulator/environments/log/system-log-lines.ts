/**
 * What Lambda logs of its own as JSON, where a function's log format is that: the events of the Telemetry API, a line each, as far as the
 * function's system log level has them.
 *
 * Source: AWS Lambda Developer Guide, "Log-level filtering", with its table of events and levels.
 */

const LEVELS = ['DEBUG', 'INFO', 'WARN'] as const

export type SystemLogLevel = (typeof LEVELS)[number]

/** What the levels of events depend on. */
interface LoggedRecord {
  readonly status?: string
  readonly initializationType?: string
}

/** Empty for an event that the level leaves out. `event` is `start`, `report` and so on. */
export function systemLogLine(event: string, record: LoggedRecord, lowest: SystemLogLevel): string {
  if (LEVELS.indexOf(levelOf(event, record)) < LEVELS.indexOf(lowest)) {
    return ''
  }
  return `${JSON.stringify({ time: new Date().toISOString(), type: `platform.${event}`, record })}\n`
}

function levelOf(event: string, { status = 'success', initializationType }: LoggedRecord): SystemLogLevel {
  if (status !== 'success') {
    return 'WARN'
  }
  switch (event) {
    // Without the version of a managed runtime.
    case 'initStart':
    case 'initRuntimeDone':
    case 'runtimeDone':
      return 'DEBUG'
    case 'initReport':
      return initializationType === 'on-demand' ? 'DEBUG' : 'INFO'
    default:
      return 'INFO'
  }
}

/** What the emulator itself has to say in such a log. */
export function noticeLine(message: string): string {
  return `${JSON.stringify({ timestamp: new Date().toISOString(), level: 'WARN', message })}\n`
}
