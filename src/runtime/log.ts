/**
 * `console` as Lambda's Node.js runtimes have it: each call is one line on stdout,
 *
 *     ISO time TAB request id TAB LEVEL TAB message
 *
 * with `-` for the request id of a line that belongs to no invocation. Line breaks inside a message become carriage
 * returns: CloudWatch makes one log event of each line, and shows a carriage return as a break.
 *
 * Lines are written synchronously: the process may be frozen or ended right after, and nothing may be lost by it.
 */

import { writeSync } from 'node:fs'
import { format, inspect } from 'node:util'
import { invocationScope } from './invocation-scope.ts'
import type { ErrorDocument } from './runtime-api.ts'

export type Level = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL'

const STDOUT = 1
/** How often a full pipe is tried again before the line is given up, a millisecond apart. */
const MAX_WRITE_ATTEMPTS = 5000

declare global {
  interface Console {
    /** Logs at the level FATAL, as in Lambda's Node.js runtimes. */
    fatal(message?: unknown, ...parameters: unknown[]): void
  }
}

/** Replaces the methods of the global `console`. */
export function installConsole(): void {
  const at =
    (level: Level) =>
    (...parameters: unknown[]): void =>
      writeLine(level, format(...parameters))
  console.log = at('INFO')
  console.info = at('INFO')
  console.debug = at('DEBUG')
  console.warn = at('WARN')
  console.error = at('ERROR')
  console.fatal = at('FATAL')
  console.trace = (...parameters) => {
    const trace = new Error()
    trace.name = 'Trace'
    trace.message = format(...parameters)
    Error.captureStackTrace(trace, console.trace)
    writeLine('TRACE', trace.stack ?? trace.message)
  }
  console.dir = (value, options) => writeLine('INFO', inspect(value, { customInspect: false, ...options }))
}

/** A line for the error that an invocation or the init phase ends with, as AWS's client writes it. */
export function logFailure(
  what: 'Invoke Error' | 'Init Error' | 'Uncaught Exception',
  document: ErrorDocument,
): void {
  const { errorType, errorMessage, trace, cause } = document
  writeLine('ERROR', `${what} \t${JSON.stringify({ errorType, errorMessage, stack: trace, cause })}`)
}

/** A line about something between the runtime and the Runtime API that the function's author may need to know of. */
export function logRuntimeProblem(message: string): void {
  writeLine('WARN', `lambdabin: ${message}`)
}

function writeLine(level: Level, message: string): void {
  const requestId = invocationScope.getStore()?.requestId ?? '-'
  const text = message.includes('\n') ? message.replaceAll('\n', '\r') : message
  writeAll(Buffer.from(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`))
}

function writeAll(bytes: Buffer): void {
  let written = 0
  for (let attempt = 0; written < bytes.length && attempt < MAX_WRITE_ATTEMPTS; attempt++) {
    try {
      written += writeSync(STDOUT, bytes, written)
    } catch (error) {
      // The reader is slow and the pipe non-blocking: wait. Anything else (the reader is gone) cannot be helped.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
