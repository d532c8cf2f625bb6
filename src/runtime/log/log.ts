/** `console` as Lambda's Node.js runtimes have it: each call is one record, of the invocation that it was made in. */

import type { LogSettings } from '../environment.ts'
import { invocationScope } from '../invocation-scope.ts'
import { describeError, inspected } from './describe-error.ts'
import { formatted, jsonLine, type Level, type LogRecord, textLine } from './log-record.ts'
import { type LogSink, lineSink, stdoutSink, telemetrySink } from './log-sink.ts'

declare global {
  interface Console {
    /** Logs at the level FATAL, as in Lambda's Node.js runtimes. */
    fatal(message?: unknown, ...parameters: unknown[]): void
  }
}

const PRIORITIES: Readonly<Record<Level, number>> = {
  TRACE: 1,
  DEBUG: 2,
  INFO: 3,
  WARN: 4,
  ERROR: 5,
  FATAL: 6,
}

let logFormat: LogSettings['format'] = 'text'
let lowest = PRIORITIES.TRACE
let sink: LogSink = stdoutSink

/** Replaces the methods of the global `console`. */
export function installConsole(settings: LogSettings): void {
  logFormat = settings.format
  lowest = PRIORITIES[settings.level as Level] ?? PRIORITIES.TRACE
  if (settings.lineDescriptor !== undefined) {
    logFormat = 'JSON'
    sink = lineSink(settings.lineDescriptor)
  } else if (settings.telemetryDescriptor !== undefined) {
    sink = telemetrySink(settings.telemetryDescriptor, logFormat)
  }
  const at =
    (level: Level) =>
    (...parameters: unknown[]): void =>
      write(level, parameters)
  console.log = at('INFO')
  console.info = at('INFO')
  console.debug = at('DEBUG')
  console.warn = at('WARN')
  console.error = at('ERROR')
  console.fatal = at('FATAL')
  console.trace = (...parameters) => {
    const trace = new Error(formatted(parameters))
    trace.name = 'Trace'
    Error.captureStackTrace(trace, console.trace)
    write('TRACE', [trace.stack ?? trace.message])
  }
  console.dir = (value, options) => write('INFO', [inspectedByDir(value, options)])
}

/** By default, `console.dir` does not ask a value how it wants to be printed. */
function inspectedByDir(value: unknown, options: object | undefined): string {
  try {
    return inspected(value, { customInspect: false, ...options })
  } catch {
    return inspected(value) // Options whose getters throw.
  }
}

/** What the function has written to stdout or stderr, where that is logged like all else. */
export function logText(level: 'INFO' | 'ERROR', text: string): void {
  write(level, [text])
}

/** What an invocation or a phase ended with, as AWS's client writes it, and all that the error says. Never throws. */
export function logFailure(
  what: 'Invoke Error' | 'Init Error' | 'Restore Error' | 'Uncaught Exception',
  thrown: unknown,
): void {
  if (logFormat === 'JSON') {
    write('ERROR', [describeError(thrown, 'stackTrace')])
  } else {
    write('ERROR', [`${what} \t${JSON.stringify(describeError(thrown, 'stack'))}`])
  }
}

/** A line about something between the runtime and the Runtime API that the function's author may need to know of. */
export function logRuntimeProblem(message: string): void {
  write('WARN', [`lambdabin: ${message}`])
}

/** Never throws: the function that logs is not to fail for what it logs. */
function write(level: Level, parameters: readonly unknown[]): void {
  if (PRIORITIES[level] < lowest) {
    return
  }
  const record = { time: new Date(), level, scope: invocationScope.getStore(), parameters }
  try {
    sink(lineOf(record), level, record.time)
  } catch (error) {
    try {
      // It is too long for a string, say.
      const reason = `lambdabin: a log record could not be written: ${error}`
      sink(lineOf({ ...record, parameters: [reason] }), level, record.time)
    } catch {
      // Nothing is left to write it with, not even the stack.
    }
  }
}

function lineOf(record: LogRecord): string {
  return logFormat === 'JSON' ? jsonLine(record) : textLine(record)
}
