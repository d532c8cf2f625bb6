/**
 * One execution environment: a folder, a Runtime API of its own, one runtime process at a time and its extensions. It
 * handles one invocation at a time, or several where its function may have them (`AWS_LAMBDA_MAX_CONCURRENCY`).
 *
 * The life of one, as on Lambda:
 * - `init` starts the extensions and the process, and gives them ten seconds until all wait for a first invocation.
 * - `invoke` hands over one event. Where the init phase failed, it is repeated first, within the function's timeout.
 * - A timeout, or the end of the process, fails the invocation and ends the process with all it has started. The next
 *   invocation starts a new one.
 * - `shutdown` ends everything and deletes the environment's folder.
 */

import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { InvocationOutcome } from '../../runtime-api/exchange.ts'
import type { Invocation } from '../../runtime-api/invocation.ts'
import type { RuntimeApiServer } from '../../runtime-api/server.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { bootstrapFolder } from '../code/bootstrap-folder.ts'
import { after, type TimedOut } from './deadline.ts'
import type { EnvironmentFolder } from './environment-folder.ts'
import {
  assembleParts,
  type EnvironmentParts,
  type ExecutionEnvironmentOptions,
} from './environment-parts.ts'
import { isSnapStart } from './environment-variables.ts'
import type { ExternalExtensions } from './external-extensions.ts'
import type { InvocationReport } from './log/log-lines.ts'
import { PlatformLog } from './log/platform-log.ts'
import { firstOf, type OneTimeEvent } from './one-time-event.ts'
import type { EnvironmentCgroup } from './resources/cgroup.ts'
import { MemoryWatch } from './resources/memory-watch.ts'
import { endFailure, initFailure, type RuntimeFailure, timeoutFailure } from './runtime-failure.ts'
import { type ProcessEnd, RuntimeProcess } from './runtime-process.ts'
import { whyUnexecutable } from './unexecutable.ts'

export interface RunningInvocation {
  /** What the invoker gets, as soon as it is there. Never rejects. */
  outcome: Promise<InvocationOutcome>
  /** The environment is free for the next invocation, and the REPORT line is written. */
  done: Promise<InvocationReport>
}

const BOOTSTRAP = 'bootstrap'
const INIT_TIMEOUT_MS = 10_000
/** Lambda's, for a process with an internal extension, between SIGTERM and SIGKILL. */
const SHUTDOWN_MS = 500
/** For a runtime to end by itself after it has posted an init error. */
const EXIT_MS = 500
/** For what the kernel still holds of a process that has ended. */
const DRAIN_MS = 1000
/** No two environments have the same, so their processes can be told by it. */
const UNIQUE_VARIABLE = 'AWS_LAMBDA_LOG_STREAM_NAME'

export class ExecutionEnvironment {
  readonly #options: ExecutionEnvironmentOptions
  readonly #server: RuntimeApiServer
  readonly #folder: EnvironmentFolder
  readonly #extensions: ExternalExtensions
  readonly #cgroup: EnvironmentCgroup | undefined
  readonly #variables: Record<string, string>
  readonly #memory: MemoryWatch
  readonly #log: PlatformLog
  #process: RuntimeProcess | undefined
  /** Of an init phase that no REPORT line has told of yet. */
  #initDurationMs: number | undefined

  static async create(options: ExecutionEnvironmentOptions): Promise<ExecutionEnvironment> {
    return new ExecutionEnvironment(options, await assembleParts(options))
  }

  private constructor(
    options: ExecutionEnvironmentOptions,
    { server, folder, extensions, cgroup, variables }: EnvironmentParts,
  ) {
    this.#options = options
    this.#server = server
    this.#folder = folder
    this.#extensions = extensions
    this.#cgroup = cgroup
    this.#variables = variables
    const { functionName, version, memorySizeMb, jsonLogLevel, log } = options
    this.#log = new PlatformLog({
      ...{ functionName, version, memorySizeMb },
      initializationType: isSnapStart(options) ? 'snap-start' : 'on-demand',
      write: log,
      telemetry: server.telemetry,
      jsonLevel: jsonLogLevel,
    })
    this.#memory = new MemoryWatch(memorySizeMb, (line) => this.#log.line(line))
  }

  /** The init phase. One that fails says so in the log, and is repeated by the first `invoke`. */
  async init(): Promise<void> {
    const started = performance.now()
    const failure = await this.#startRuntime(this.#options.initTimeoutMs ?? INIT_TIMEOUT_MS, 'init')
    if (failure === undefined) {
      this.#initDurationMs = performance.now() - started
    }
  }

  /** Whether a runtime process is there for the next invocation; if not, that invocation starts one first. */
  get isRunning(): boolean {
    return this.#process !== undefined && !this.#process.hasEnded
  }

  invoke(invocation: Invocation): RunningInvocation {
    const { promise: outcome, resolve: answer } = Promise.withResolvers<InvocationOutcome>()
    return { outcome, done: this.#run(invocation, answer) }
  }

  async shutdown(): Promise<void> {
    if (this.#process !== undefined && this.#server.hasExtension) {
      this.#process.terminate()
      await this.#endsWithin(this.#process, SHUTDOWN_MS)
    }
    await this.#endRuntime('spindown')
    await this.#server.telemetry.flush()
    await this.#server.close()
    await this.#folder.delete()
    await this.#cgroup?.remove()
  }

  /** Ends all processes at once and synchronously, for a host process that is about to end itself. */
  kill(): void {
    this.#process?.kill()
    this.#extensions.kill()
  }

  async #run(
    invocation: Invocation,
    answer: (outcome: InvocationOutcome) => void,
  ): Promise<InvocationReport> {
    const { timeoutMs } = this.#options
    const { requestId, traceId } = invocation
    const started = performance.now()
    const deadlineMs = wallClock() + timeoutMs
    this.#log.invocationStarts(requestId, traceId)
    let failure = this.#process === undefined ? await this.#startRuntime(timeoutMs, 'invoke') : undefined
    if (failure === undefined) {
      this.#cgroup?.setPhase('invoke')
      failure = await this.#handle(invocation, deadlineMs, timeoutMs - (performance.now() - started), answer)
    }
    const durationMs = performance.now() - started
    this.#log.runtimeIsDone(requestId, durationMs, failure?.status ?? 'success')
    if (failure !== undefined) {
      answer(failure.error(requestId))
      await this.#endRuntime(failure.status === 'timeout' ? 'timeout' : 'failure')
      this.#log.invocationFailed(failure, requestId)
    }
    await this.#process?.drainOutput()
    return this.#report(requestId, durationMs, failure)
  }

  /** Resolves when the runtime and the extensions are done with the invocation, or one has failed. */
  async #handle(
    invocation: Invocation,
    deadlineMs: number,
    leftMs: number,
    answer: (outcome: InvocationOutcome) => void,
  ): Promise<RuntimeFailure | undefined> {
    const runtime = this.#process as RuntimeProcess
    const { requestId, invokedFunctionArn, traceId } = invocation
    const stopWatching = this.#memory.begin(runtime)
    const extensionsDone = this.#server.extensions.tell({
      ...{ eventType: 'INVOKE', deadlineMs, requestId, invokedFunctionArn },
      tracing: { type: 'X-Amzn-Trace-Id', value: traceId },
    })
    const exchange = this.#server.invoke(invocation, deadlineMs)
    exchange.outcome.then(answer)
    const { promise: timedOut, cancel } = after(leftMs)
    const done = Promise.all([exchange.done, extensionsDone]).then(() => undefined)
    const end = await firstOf<End | undefined, End>(Promise.race([done, timedOut]), [
      runtime.ended,
      this.#extensions.failed,
    ] as OneTimeEvent<End>[])
    cancel()
    stopWatching()
    if (end === undefined) {
      return undefined
    }
    if ('kind' in end && end.kind !== 'timeout') {
      await this.#server.drained(DRAIN_MS)
    }
    const failure = this.#explain(end, this.#options.timeoutMs)
    exchange.fail(failure.error(requestId))
    return failure
  }

  /** Starts the extensions and a runtime process, and waits until all are ready for an invocation, or one has failed. */
  async #startRuntime(timeoutMs: number, phase: 'init' | 'invoke'): Promise<RuntimeFailure | undefined> {
    const started = performance.now()
    this.#cgroup?.setPhase('init')
    this.#log.initStarts(phase)
    const failure = await this.#start(timeoutMs)
    this.#log.initEnds(phase, performance.now() - started, failure)
    return failure
  }

  async #start(timeoutMs: number): Promise<RuntimeFailure | undefined> {
    const said = this.#server.begin(this.#extensions.names)
    const unexecutable = await whyUnexecutable(join(this.#ofLayer ?? this.#options.taskRoot, BOOTSTRAP))
    if (unexecutable !== undefined) {
      return endFailure({ kind: 'not started', error: unexecutable }, this.#bootstrap)
    }
    const { promise: timedOut, cancel } = after(timeoutMs)
    const extensions = await Promise.race([this.#startExtensions(), timedOut])
    if (extensions !== undefined) {
      cancel()
      await this.#endRuntime('failure')
      return this.#explain(extensions, timeoutMs)
    }
    const runtime = this.#startProcess()
    const stopWatching = this.#memory.begin(runtime, true)
    const ready = said.then((result) =>
      result.kind === 'ready' ? this.#server.extensions.settled().then(() => undefined) : initFailure(result),
    )
    const end = await firstOf<End | undefined, End>(Promise.race([ready, timedOut]), [
      runtime.ended,
      this.#extensions.failed,
    ] as OneTimeEvent<End>[])
    cancel()
    stopWatching()
    return end === undefined ? undefined : await this.#initFailed(runtime, ready, end, timeoutMs)
  }

  #startProcess(): RuntimeProcess {
    const { sandbox } = this.#folder
    const runtime = new RuntimeProcess({
      ...sandbox.command(this.#bootstrap, [], this.#variables),
      environment: sandbox.environment(this.#variables),
      uniqueVariable: UNIQUE_VARIABLE,
      onOutput: this.#log.output('function'),
    })
    this.#process = runtime
    this.#memory.sample(runtime)
    return runtime
  }

  async #startExtensions(): Promise<RuntimeFailure | undefined> {
    const output = this.#log.output('extension')
    return await this.#extensions.start(this.#folder.sandbox, this.#variables, output)
  }

  async #initFailed(
    runtime: RuntimeProcess,
    ready: Promise<RuntimeFailure | undefined>,
    end: End,
    timeoutMs: number,
  ): Promise<RuntimeFailure> {
    let said = end
    if ('kind' in end && end.kind !== 'timeout') {
      // What it posted last may still be on its way.
      await this.#server.drained(DRAIN_MS)
      said = (await Promise.race([ready, end])) ?? end
    }
    if (!('kind' in said)) {
      // It has failed, and may say its last words.
      await this.#endsWithin(runtime, EXIT_MS)
    }
    await this.#endRuntime('failure')
    return this.#explain(said, timeoutMs)
  }

  async #endRuntime(reason: 'spindown' | 'timeout' | 'failure'): Promise<void> {
    const runtime = this.#process
    this.#process = undefined
    if (runtime !== undefined) {
      this.#memory.sample(runtime)
      runtime.kill()
      await runtime.untilEnd()
      const { promise: late, cancel } = after(DRAIN_MS)
      await Promise.race([runtime.closed(), late])
      cancel()
    }
    await this.#extensions.end(reason)
  }

  async #endsWithin(runtime: RuntimeProcess, ms: number): Promise<void> {
    this.#memory.sample(runtime)
    const { promise: late, cancel } = after(ms)
    await Promise.race([runtime.untilEnd(), late])
    cancel()
  }

  #report(requestId: string, durationMs: number, failure: RuntimeFailure | undefined): InvocationReport {
    this.#memory.samplePeak(this.#process?.pid)
    const initDurationMs = this.#initDurationMs
    this.#initDurationMs = undefined
    const { memorySizeMb } = this.#options
    const times = { durationMs, ...(initDurationMs !== undefined && { initDurationMs }) }
    const report = { requestId, ...times, memorySizeMb, maxMemoryUsedMb: this.#memory.peakMb }
    return this.#log.invocationEnds(report, failure)
  }

  #explain(end: End, timeoutMs: number): RuntimeFailure {
    if (!('kind' in end)) {
      return end
    }
    return end.kind === 'timeout' ? timeoutFailure(timeoutMs) : endFailure(end, this.#bootstrap)
  }

  /** The package's own, or else a layer's: as Lambda looks for it. */
  get #bootstrap(): string {
    const { taskRoot, layersFolder } = this.#folder.sandbox
    return join(this.#ofLayer === undefined ? taskRoot : layersFolder, BOOTSTRAP)
  }

  /** The folder with the layers, where `bootstrap` is there and not in the package. */
  get #ofLayer(): string | undefined {
    const { taskRoot, layersFolder } = this.#options
    const found = bootstrapFolder(taskRoot, layersFolder)
    return found === taskRoot ? undefined : found
  }
}

/** What may come in place of an answer. */
type End = RuntimeFailure | TimedOut | ProcessEnd
