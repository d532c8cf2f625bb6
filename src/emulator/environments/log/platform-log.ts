/**
 * What the platform says of an environment: Lambda's own lines in the log, and the events of the Telemetry API. The
 * function's and the extensions' output goes the same way.
 */

import { StringDecoder } from 'node:string_decoder'
import type { Telemetry } from '../../../runtime-api/telemetry.ts'
import { failureLines, type RuntimeFailure } from '../runtime-failure.ts'
import {
  billedMs,
  endLine,
  type InvocationReport,
  initReportLine,
  reportLine,
  startLine,
} from './log-lines.ts'
import { noticeLine, type SystemLogLevel, systemLogLine } from './system-log-lines.ts'

export interface PlatformLogOptions {
  functionName: string
  version: string
  memorySizeMb: number
  initializationType: string
  /** Takes the function's output and Lambda's own lines. */
  write: (chunk: Uint8Array | string) => void
  telemetry: Telemetry
  /** The lowest level of Lambda's own lines where they are JSON; undefined where they are text. */
  jsonLevel?: SystemLogLevel | undefined
}

export class PlatformLog {
  readonly #options: PlatformLogOptions

  constructor(options: PlatformLogOptions) {
    this.#options = options
  }

  /** What goes to who listens to `type`, a line each, and to the log as it is. */
  output(type: 'function' | 'extension'): (chunk: Buffer) => void {
    const decoder = new StringDecoder('utf8')
    let begun = ''
    return (chunk) => {
      this.#options.write(chunk)
      if (this.#options.telemetry.isSubscribed) {
        const lines = (begun + decoder.write(chunk)).split('\n')
        begun = lines.pop() ?? ''
        for (const line of lines) {
          this.#options.telemetry.publish(type, asRecord(line))
        }
      }
    }
  }

  /** What the emulator has to say, a line. */
  line(text: string): void {
    this.#options.write(this.#options.jsonLevel === undefined ? text : noticeLine(text.trimEnd()))
  }

  initStarts(phase: 'init' | 'invoke'): void {
    const { functionName, version: functionVersion } = this.#options
    this.#publish('initStart', { ...this.#init(phase), functionName, functionVersion })
  }

  initEnds(phase: 'init' | 'invoke', durationMs: number, failure: RuntimeFailure | undefined): void {
    const status = failure?.status ?? 'success'
    this.#publish('initRuntimeDone', { ...this.#init(phase), status })
    this.#publish('initReport', { ...this.#init(phase), status, metrics: { durationMs } })
    if (failure !== undefined && (phase === 'init' || failure.status !== 'timeout')) {
      const errorType = failure.status === 'error' ? failure.error('').errorType : undefined
      this.#writeText(initReportLine(durationMs, phase, failure.status, errorType))
    }
  }

  invocationStarts(requestId: string, traceId: string): void {
    const { version } = this.#options
    this.#writeText(startLine(requestId, version))
    this.#publish('start', { requestId, version, tracing: { type: 'X-Amzn-Trace-Id', value: traceId } })
  }

  invocationFailed(failure: RuntimeFailure, requestId: string): void {
    this.#writeText(failureLines(failure, requestId))
  }

  runtimeIsDone(requestId: string, durationMs: number, status: string): void {
    this.#publish('runtimeDone', { requestId, status, metrics: { durationMs } })
  }

  /** Returns the report as it is written. */
  invocationEnds(facts: InvocationReport, failure: RuntimeFailure | undefined): InvocationReport {
    const report: InvocationReport = {
      ...facts,
      ...(failure !== undefined && { status: failure.status }),
      ...(failure?.status === 'error' && { errorType: failure.error(facts.requestId).errorType }),
    }
    this.#writeText(endLine(report.requestId))
    this.#writeText(reportLine(report))
    const { requestId, durationMs, initDurationMs, memorySizeMb, maxMemoryUsedMb, status, errorType } = report
    const metrics = {
      durationMs,
      billedDurationMs: billedMs(durationMs, initDurationMs),
      memorySizeMB: memorySizeMb,
      maxMemoryUsedMB: maxMemoryUsedMb,
      ...(initDurationMs !== undefined && { initDurationMs }),
    }
    const outcome = { status: status ?? 'success', ...(errorType !== undefined && { errorType }) }
    this.#publish('report', { requestId, ...outcome, metrics })
    return report
  }

  #init(phase: 'init' | 'invoke'): object {
    return { initializationType: this.#options.initializationType, phase }
  }

  /** One of Lambda's own lines, which are events where the log is JSON. */
  #writeText(text: string): void {
    if (this.#options.jsonLevel === undefined) {
      this.#options.write(text)
    }
  }

  #publish(event: string, record: object): void {
    const { jsonLevel } = this.#options
    const line = jsonLevel === undefined ? '' : systemLogLine(event, record, jsonLevel)
    if (line !== '') {
      this.#options.write(line)
    }
    this.#options.telemetry.publish(`platform.${event}`, record)
  }
}

/** A line of JSON is an object there, as Lambda's log format JSON has it. */
function asRecord(line: string): unknown {
  if (line.startsWith('{')) {
    try {
      return JSON.parse(line)
    } catch {
      // A line like any other.
    }
  }
  return line
}
