/**
 * One execution environment: a task root, a temporary folder, a Runtime API of its own and one runtime process at a
 * time, which handles one invocation at a time.
 *
 * The life of one, as on Lambda:
 * - `init` starts the process and gives it ten seconds until it asks for its first invocation.
 * - `invoke` hands over one event. Where the init phase failed, it is repeated first, within the function's timeout.
 * - A timeout, or the end of the process, fails the invocation and ends the process with all it has started. The next
 *   invocation starts a new one.
 * - `shutdown` ends everything and deletes the environment's folder.
 *
 * Memory: every tenth of a second, a busy environment that holds more than its memory size is killed, as Lambda would.
 * Pages of files do not count: they can be dropped.
 */

import { access, constants, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type FunctionError,
  type InvocationOutcome,
  platformFunctionError,
} from '../../runtime-api/exchange.ts'
import {
  entrypointError,
  exitError,
  exitMessage,
  type PlatformError,
  timeoutError,
  timeoutMessage,
} from '../../runtime-api/function-error.ts'
import type { Invocation } from '../../runtime-api/invocation.ts'
import { type InitResult, RuntimeApiServer } from '../../runtime-api/server.ts'
import type { OpenSandbox, Sandbox } from '../../sandbox/sandbox.ts'
import { ENVIRONMENT_FOLDER, LOG_STREAM_FILE } from '../state-folder.ts'
import {
  environmentVariables,
  type FunctionSettings,
  isSnapStart,
  logStreamName,
} from './environment-variables.ts'
import { endLine, initReportLine, reportLine, startLine } from './log-lines.ts'
import { readPeakMemory, readProcessMemory } from './process-memory.ts'
import { type ProcessEnd, RuntimeProcess } from './runtime-process.ts'

export interface ExecutionEnvironmentOptions extends FunctionSettings {
  /** The unpacked deployment package: a folder with `bootstrap` in it. */
  taskRoot: string
  /** What layers hold, merged. */
  layersFolder?: string | undefined
  /** What the runtime needs beside the deployment package, in place of Lambda's own runtime. */
  runtimeFolder?: string | undefined
  /** Where to make the environment's folder. */
  workFolder: string
  timeoutMs: number
  /** What the function sees of this machine. */
  sandbox: Sandbox
  /** Lambda's, unless a test is in a hurry. */
  initTimeoutMs?: number
  /** Takes the function's output and Lambda's own lines. */
  log: (chunk: Uint8Array | string) => void
}

export interface RunningInvocation {
  /** What the invoker gets, as soon as it is there. Never rejects. */
  outcome: Promise<InvocationOutcome>
  /** The environment is free for the next invocation, and the REPORT line is written. */
  done: Promise<void>
}

/** Why a runtime failed. The error depends on the invocation that it is told to. */
interface RuntimeFailure {
  status: 'timeout' | 'error'
  error: (requestId: string) => FunctionError
  /** What Lambda writes into the log. */
  message?: string
}

interface TimedOut {
  kind: 'timeout'
}

type InitEnd = InitResult | ProcessEnd | TimedOut

const BOOTSTRAP = 'bootstrap'
const INIT_TIMEOUT_MS = 10_000
const MEMORY_POLL_MS = 100
/** Of a process that ends within the first tenth of a second, too, the log tells how much memory it used. */
const EARLY_LOOKS_MS = [2, 5, 10, 20, 40, 70]
/** Lambda's, for a process with an internal extension, between SIGTERM and SIGKILL. */
const SHUTDOWN_MS = 500
/** For a runtime to end by itself after it has posted an init error. */
const EXIT_MS = 500
/** For what the kernel still holds of a process that has ended. */
const DRAIN_MS = 1000

export class ExecutionEnvironment {
  readonly #options: ExecutionEnvironmentOptions
  readonly #server: RuntimeApiServer
  /** Holds what the environment alone needs: its `/tmp`, and what the sandbox has to keep. */
  readonly #folder: string
  readonly #sandbox: OpenSandbox
  readonly #variables: Record<string, string>
  #process: RuntimeProcess | undefined
  /** Of an init phase that no REPORT line has told of yet. */
  #initDurationMs: number | undefined
  #peakMemory = 0

  static async create(options: ExecutionEnvironmentOptions): Promise<ExecutionEnvironment> {
    const folder = await mkdtemp(join(options.workFolder, ENVIRONMENT_FOLDER))
    const { taskRoot, layersFolder, runtimeFolder } = options
    const temporaryFolder = join(folder, 'tmp')
    await mkdir(temporaryFolder)
    const sandbox = await options.sandbox.open({
      taskRoot,
      layersFolder,
      temporaryFolder,
      binds: runtimeFolder === undefined ? [] : [{ source: runtimeFolder, target: '/var/runtime' }],
      workFolder: folder,
    })
    const logStream = logStreamName(options.version, new Date())
    await writeFile(join(folder, LOG_STREAM_FILE), logStream)
    const server = await RuntimeApiServer.listen({ ...options, isSnapStart: isSnapStart(options) })
    return new ExecutionEnvironment(options, server, folder, sandbox, logStream)
  }

  private constructor(
    options: ExecutionEnvironmentOptions,
    server: RuntimeApiServer,
    folder: string,
    sandbox: OpenSandbox,
    logStream: string,
  ) {
    this.#options = options
    this.#server = server
    this.#folder = folder
    this.#sandbox = sandbox
    const { runtimeFolder } = options
    this.#variables = environmentVariables(options, {
      taskRoot: sandbox.taskRoot,
      layersFolder: sandbox.layersFolder,
      runtimeFolder: runtimeFolder === undefined ? sandbox.taskRoot : sandbox.seen(runtimeFolder),
      temporaryFolder: sandbox.temporaryFolder,
      runtimeApi: server.address,
      logStreamName: logStream,
    })
  }

  /** The init phase. One that fails says so in the log, and is repeated by the first `invoke`. */
  async init(): Promise<void> {
    const started = performance.now()
    const failure = await this.#startRuntime(this.#options.initTimeoutMs ?? INIT_TIMEOUT_MS)
    const durationMs = performance.now() - started
    if (failure === undefined) {
      this.#initDurationMs = durationMs
    } else {
      this.#logInitFailure(failure, durationMs, 'init')
    }
  }

  get #bootstrap(): string {
    return join(this.#sandbox.taskRoot, BOOTSTRAP)
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
    await this.#endRuntime()
    await this.#server.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Ends all processes at once and synchronously, for a host process that is about to end itself. */
  kill(): void {
    this.#process?.kill()
  }

  async #run(invocation: Invocation, answer: (outcome: InvocationOutcome) => void): Promise<void> {
    const { timeoutMs, version, log } = this.#options
    const { requestId } = invocation
    const started = performance.now()
    const deadlineMs = Date.now() + timeoutMs
    log(startLine(requestId, version))
    let failure = this.#process === undefined ? await this.#initAgain(timeoutMs) : undefined
    if (failure === undefined) {
      failure = await this.#handle(invocation, deadlineMs, timeoutMs - (performance.now() - started), answer)
    }
    const durationMs = performance.now() - started
    if (failure !== undefined) {
      answer(failure.error(requestId))
      await this.#endRuntime()
      this.#logFailure(failure, requestId)
    }
    await this.#process?.drainOutput()
    this.#report(requestId, durationMs, failure)
  }

  async #initAgain(timeoutMs: number): Promise<RuntimeFailure | undefined> {
    const started = performance.now()
    const failure = await this.#startRuntime(timeoutMs)
    if (failure !== undefined && failure.status !== 'timeout') {
      this.#logInitFailure(failure, performance.now() - started, 'invoke')
    }
    return failure?.status === 'timeout' ? this.#timeout() : failure
  }

  /** Resolves when the runtime is done with the invocation, or has failed. */
  async #handle(
    invocation: Invocation,
    deadlineMs: number,
    leftMs: number,
    answer: (outcome: InvocationOutcome) => void,
  ): Promise<RuntimeFailure | undefined> {
    const runtime = this.#process as RuntimeProcess
    const stopWatching = this.#watchMemory(runtime)
    const exchange = this.#server.invoke(invocation, deadlineMs)
    exchange.outcome.then(answer)
    const { promise: timedOut, cancel } = after(leftMs)
    const end = await Promise.race([exchange.done, runtime.ended, timedOut])
    cancel()
    stopWatching()
    if (end === undefined) {
      return undefined
    }
    if (end.kind === 'timeout') {
      const failure = this.#timeout()
      exchange.fail(failure.error(invocation.requestId))
      return failure
    }
    await this.#server.drained(DRAIN_MS)
    const failure = this.#ended(end)
    exchange.fail(failure.error(invocation.requestId))
    return failure
  }

  /** Starts a runtime process and waits until it is ready for its first invocation, or has failed. */
  async #startRuntime(timeoutMs: number): Promise<RuntimeFailure | undefined> {
    const said = this.#server.begin()
    const unexecutable = await whyUnexecutable(join(this.#options.taskRoot, BOOTSTRAP))
    if (unexecutable !== undefined) {
      return this.#ended({ kind: 'not started', error: unexecutable })
    }
    const runtime = new RuntimeProcess({
      ...this.#sandbox.command(this.#bootstrap, [], this.#variables),
      environment: this.#sandbox.environment(this.#variables),
      uniqueVariable: 'AWS_LAMBDA_LOG_STREAM_NAME',
      onOutput: this.#options.log,
    })
    this.#process = runtime
    this.#sampleMemory(runtime)
    const stopWatching = this.#watchMemory(runtime, EARLY_LOOKS_MS)
    const end = await this.#initEnd(runtime, said, timeoutMs)
    stopWatching()
    if (end.kind === 'ready') {
      return undefined
    }
    if (end.kind === 'error') {
      // It has failed, and may say its last words.
      await this.#endsWithin(runtime, EXIT_MS)
    }
    await this.#endRuntime()
    if (end.kind === 'error') {
      return { status: 'error', error: () => end }
    }
    return end.kind === 'timeout' ? this.#timeout() : this.#ended(end)
  }

  async #initEnd(runtime: RuntimeProcess, said: Promise<InitResult>, timeoutMs: number): Promise<InitEnd> {
    const { promise: timedOut, cancel } = after(timeoutMs)
    const end = await Promise.race([said, runtime.ended, timedOut])
    cancel()
    if (end.kind !== 'exited') {
      return end
    }
    // What it posted last may still be on its way.
    await this.#server.drained(DRAIN_MS)
    return await Promise.race([said, end])
  }

  async #endRuntime(): Promise<void> {
    const runtime = this.#process
    if (runtime === undefined) {
      return
    }
    this.#process = undefined
    this.#sampleMemory(runtime)
    runtime.kill()
    await runtime.ended
    const { promise: late, cancel } = after(DRAIN_MS)
    await Promise.race([runtime.closed(), late])
    cancel()
  }

  async #endsWithin(runtime: RuntimeProcess, ms: number): Promise<void> {
    this.#sampleMemory(runtime)
    const { promise: late, cancel } = after(ms)
    await Promise.race([runtime.ended, late])
    cancel()
  }

  /** Looks every tenth of a second, and after `early` milliseconds each; until what this returns is called. */
  #watchMemory(runtime: RuntimeProcess, early: readonly number[] = []): () => void {
    const look = () => this.#enforceMemory(runtime)
    const timer = setInterval(look, MEMORY_POLL_MS)
    const earlyTimers = early.map((ms) => setTimeout(look, ms))
    return () => {
      clearInterval(timer)
      earlyTimers.forEach(clearTimeout)
    }
  }

  #enforceMemory(runtime: RuntimeProcess): void {
    const held = this.#sampleMemory(runtime)
    const limit = this.#options.memorySizeMb * 1024
    if (held > limit) {
      this.#peakMemory = limit
      const used = Math.ceil(held / 1024)
      this.#options.log(
        `lambdabin: killed for using ${used} MB of memory, more than its ${limit / 1024} MB\n`,
      )
      runtime.kill()
    }
  }

  /** KiB that the process and its descendants hold. */
  #sampleMemory(runtime: RuntimeProcess): number {
    const memory = runtime.pid === undefined ? undefined : readProcessMemory(runtime.pid)
    this.#peakMemory = Math.max(this.#peakMemory, memory?.peak ?? 0)
    return memory?.held ?? 0
  }

  /** One file of /proc instead of a dozen, which thousands of short invocations would feel. */
  #samplePeak(): void {
    const pid = this.#process?.pid
    const peak = pid === undefined ? undefined : readPeakMemory(pid)
    this.#peakMemory = Math.max(this.#peakMemory, peak ?? 0)
  }

  #report(requestId: string, durationMs: number, failure: RuntimeFailure | undefined): void {
    const { log, memorySizeMb } = this.#options
    this.#samplePeak()
    const initDurationMs = this.#initDurationMs
    this.#initDurationMs = undefined
    log(endLine(requestId))
    log(
      reportLine({
        requestId,
        durationMs,
        memorySizeMb,
        maxMemoryUsedMb: Math.round(this.#peakMemory / 1024),
        ...(initDurationMs === undefined ? {} : { initDurationMs }),
        ...(failure === undefined ? {} : { status: failure.status }),
        ...(failure?.status === 'error' ? { errorType: failure.error(requestId).errorType } : {}),
      }),
    )
  }

  #logInitFailure(failure: RuntimeFailure, durationMs: number, phase: 'init' | 'invoke'): void {
    const errorType = failure.status === 'error' ? failure.error('').errorType : undefined
    this.#options.log(initReportLine(durationMs, phase, failure.status, errorType))
  }

  #logFailure(failure: RuntimeFailure, requestId: string): void {
    if (failure.status === 'timeout') {
      this.#options.log(`${new Date().toISOString()} ${requestId} ${failure.message}\n\n`)
    } else if (failure.message !== undefined) {
      this.#options.log(
        `RequestId: ${requestId} Error: ${failure.message}\n${failure.error(requestId).errorType}\n`,
      )
    }
  }

  #timeout(): RuntimeFailure {
    const { timeoutMs } = this.#options
    return {
      status: 'timeout',
      message: timeoutMessage(timeoutMs),
      error: (requestId) => platformFunctionError(timeoutError(requestId, timeoutMs)),
    }
  }

  #ended(end: ProcessEnd): RuntimeFailure {
    const bootstrap = this.#bootstrap
    return end.kind === 'exited'
      ? failed((requestId) => exitError(requestId, end.exit), exitMessage(end.exit))
      : failed(
          (requestId) => entrypointError(requestId, bootstrap, end.error.code ?? end.error.message),
          `${bootstrap} cannot be executed: ${end.error.message}`,
        )
  }
}

/** The command of a sandbox would not say it in the system's words. */
async function whyUnexecutable(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await access(path, constants.X_OK)
    const interpreter = await readInterpreter(path)
    await (interpreter && access(interpreter, constants.X_OK))
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/** What the first line of a script names; undefined for another program. */
async function readInterpreter(path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0)
    return /^#![ \t]*([^ \t\r\n]+)/.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
  } finally {
    await file.close()
  }
}

function failed(error: (requestId: string) => PlatformError, message: string): RuntimeFailure {
  return { status: 'error', error: (requestId) => platformFunctionError(error(requestId)), message }
}

/** A timer to race with, and to cancel whatever wins. */
function after(ms: number): { promise: Promise<TimedOut>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<TimedOut>()
  const timer = setTimeout(resolve, Math.max(ms, 0), { kind: 'timeout' })
  return { promise, cancel: () => clearTimeout(timer) }
}
