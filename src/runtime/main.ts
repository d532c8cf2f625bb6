/**
 * The runtime's first file: wires its parts, and decides when the process ends. The only caller of `process.exit`.
 *
 * Two roads lead through it. An init failure is posted once, and the process exits. After init, an invocation's
 * failure is that invocation's answer, and the loop goes on; only what leaves the process in an unknown state
 * (an uncaught exception, an unhandled rejection, a Runtime API that says 500) ends it.
 */

import type { Program } from '../executable/program.ts'
import type { InvocationSource } from '../executable/threads.ts'
import type { ErrorDocument } from '../runtime-api/contract.ts'
import { installAwslambda, isStreaming, removeAwslambda } from './awslambda.ts'
import { RuntimeClient } from './connection/runtime-client.ts'
import { isHandleKnown } from './connection/tcp-socket.ts'
import { openConnections } from './early-connections/opening.ts'
import {
  announceNodeRuntime,
  type Environment,
  hidesAwslambda,
  installTraceId,
  readEnvironment,
  readLogSettings,
  readMaxConcurrency,
  readRuntimeApi,
} from './environment.ts'
import { errorFacts, toErrorDocument } from './error-response.ts'
import { ExitError, NodeJsExit } from './errors.ts'
import { findHandler } from './handler/find-handler.ts'
import type { HandlerFunction } from './handler/handler.ts'
import { exportPath } from './handler/handler-name.ts'
import { asInitError } from './init-error.ts'
import { isRehearsing } from './invocation-scope.ts'
import { InvocationLoops } from './lifecycle/invocation-loops.ts'
import { lifecycleHooks } from './lifecycle/lifecycle-hooks.ts'
import { needsStartHooks, runStartHooks, type StartHooksOptions } from './lifecycle/start-hooks.ts'
import { installConsole, logFailure, logRuntimeProblem } from './log/log.ts'
import { installStandardStreamsInSnapshot } from './log/standard-streams.ts'
import { rehearsalOf, sdkPrimingOf } from './rehearsal.ts'
import { asRejection, watchRejections } from './rejections.ts'
import { installStackTraces } from './stack-trace.ts'
import { installLog, startThreads } from './threads/thread-host.ts'
import { silenceOwnWarnings } from './warnings.ts'

const EXIT_FAILED = 1
// The statuses of AWS's Node.js client, by which people tell the two apart in "Runtime exited with error".
const EXIT_UNHANDLED_REJECTION = 128
const EXIT_UNCAUGHT_EXCEPTION = 129

/** How much may go wrong on the way out before the process ends without what it was about to post. */
const MAX_FAILURES_AT_END = 10

/** Makes ready for the function's module to be evaluated at build time: what it finds is what `start` gives it. */
export function prepare(program: Program): void {
  silenceOwnWarnings()
  installStackTraces(program)
  installConsole({ format: 'text', level: undefined, telemetryDescriptor: undefined })
  installAwslambda()
  installStandardStreamsInSnapshot()
}

/** Runs a program as its own Lambda runtime. Called once, by the launcher. */
export function start(program: Program): void {
  // As if Node.js had been started with the function's file.
  process.argv.splice(1, Infinity, program.functionFile)
  silenceOwnWarnings()
  installStackTraces(program)
  const settings = readLogSettings()
  installLog(settings, program.thread?.log)
  if (hidesAwslambda()) {
    removeAwslambda()
  } else {
    installAwslambda()
  }
  announceNodeRuntime()
  installTraceId()
  watchRejections()
  const runtimeApi = readRuntimeApi()
  if (runtimeApi === undefined) {
    logRuntimeProblem(
      'The environment variable AWS_LAMBDA_RUNTIME_API should be set by Lambda and is missing, so there is nobody to ask ' +
        'for invocations; run the executable on Lambda or with `lambdabin invoke`.',
    )
    process.exit(EXIT_FAILED)
  }
  if (program.thread || !startThreads(program, runtimeApi, settings, (code) => process.exit(code))) {
    new LambdaProcess(program, runtimeApi).run()
  }
}

/** Whether the Runtime API is asked over `node:net`, which takes a start longer. */
export function connectsOverNet(): boolean {
  return !isHandleKnown()
}

/** What the process is about to end with. */
interface Ending {
  readonly error: unknown
  readonly exitCode: number
  readonly what: Parameters<typeof logFailure>[0]
  post(document: ErrorDocument): Promise<unknown>
}

class LambdaProcess {
  readonly #program: Program
  readonly #runtimeApi: string
  readonly #client: RuntimeClient
  /** Where invocations come from: the Runtime API, or in a thread the main thread. */
  readonly #source: InvocationSource
  readonly #maxConcurrency: number | undefined
  readonly #loops = new InvocationLoops()
  /** How often the process has been about to end. */
  #endings = 0

  constructor(program: Program, runtimeApi: string) {
    this.#program = program
    this.#runtimeApi = runtimeApi
    this.#client = new RuntimeClient(runtimeApi)
    this.#source = program.thread?.createSource() ?? this.#client
    this.#maxConcurrency = program.thread?.concurrency ?? readMaxConcurrency()
  }

  run(): void {
    process.on('uncaughtException', (error) => this.#crash(error, EXIT_UNCAUGHT_EXCEPTION))
    process.on('unhandledRejection', (reason) => this.#crash(asRejection(reason), EXIT_UNHANDLED_REJECTION))
    process.on('beforeExit', () => this.#eventLoopIsEmpty())
    process.on('exit', (code) => this.#exits(code))
    this.#init()
  }

  /** The init phase. Synchronous unless something in it is awaited. */
  #init(): void {
    try {
      const environment = readEnvironment(this.#runtimeApi)
      const preloading = this.#program.preload?.()
      if (preloading === undefined) {
        this.#load(environment)
      } else {
        void this.#loadAfter(preloading, environment)
      }
    } catch (error) {
      this.#failInit(asInitError(error))
    }
  }

  async #loadAfter(preloading: Promise<void>, environment: Environment): Promise<void> {
    try {
      await preloading
      this.#load(environment)
    } catch (error) {
      this.#failInit(asInitError(error))
    }
  }

  /** Evaluates the function's module. Throws what that throws, unless it awaits something. */
  #load(environment: Environment): void {
    const path = exportPath(environment.handler, this.#program.name)
    const loaded = this.#program.loadFunction()
    if (loaded instanceof Promise) {
      void this.#startAfter(loaded, path, environment)
    } else {
      this.#start(loaded, path, environment)
    }
  }

  async #startAfter(
    loading: Promise<unknown>,
    path: readonly string[],
    environment: Environment,
  ): Promise<void> {
    try {
      this.#start(await loading, path, environment)
    } catch (error) {
      this.#failInit(asInitError(error))
    }
  }

  /** Goes on to the first invocation, once all hooks have run that are to run before it. */
  #start(functionExports: unknown, path: readonly string[], environment: Environment): void {
    const handler = findHandler(functionExports, path, environment.handler)
    isStreaming(handler)
    const options = {
      hooks: lifecycleHooks(),
      runtimeApi: this.#runtimeApi,
      client: this.#client,
      isInitialisedAtBuild: this.#program.isInitialisedAtBuild === true,
      primeSdk: sdkPrimingOf(this.#program),
      rehearse: rehearsalOf(this.#program, handler, environment),
      connecting: openConnections(this.#program),
      onShutdown: () => process.exit(0),
      thread: this.#program.thread,
    }
    if (needsStartHooks(options)) {
      void this.#invokeAfterHooks(options, handler, environment)
    } else {
      this.#invoke(handler, environment)
    }
  }

  async #invokeAfterHooks(
    options: StartHooksOptions,
    handler: HandlerFunction,
    environment: Environment,
  ): Promise<void> {
    const failure = await runStartHooks(options)
    if (failure === undefined) {
      this.#invoke(handler, environment)
    } else if (failure.phase === 'init') {
      this.#failInit(asInitError(failure.error))
    } else {
      const post = (document: ErrorDocument) => this.#client.failRestore(document)
      this.#end({ error: failure.error, exitCode: EXIT_FAILED, what: 'Restore Error', post })
    }
  }

  #invoke(handler: HandlerFunction, environment: Environment): void {
    const { thread } = this.#program
    this.#loops.start({
      handler,
      environment,
      maxConcurrency: this.#maxConcurrency,
      createSource: (number) =>
        number === 0 ? this.#source : (thread?.createSource() ?? new RuntimeClient(this.#runtimeApi)),
      isEnding: () => this.#endings > 0,
      onStarted: () => thread?.ready(),
      onFailure: (error) => {
        logFailure('Uncaught Exception', error)
        process.exit(EXIT_FAILED)
      },
    })
  }

  #failInit(error: unknown, exitCode = EXIT_FAILED): void {
    this.#end({ error, exitCode, what: 'Init Error', post: (document) => this.#source.failInit(document) })
  }

  /** What nobody caught: the invocation that it comes from, or the init phase, fails with it, and the process ends; a rehearsal fails nobody. */
  #crash(error: unknown, exitCode: number): void {
    if (isRehearsing()) {
      return
    }
    if (!this.#loops.areStarted) {
      this.#failInit(error, exitCode)
      return
    }
    this.#program.thread?.retire()
    if (this.#endings > 0) {
      // It is waited for before the process ends with the first.
      this.#loops.failOrigin(error)
    }
    this.#end({ error, exitCode, what: 'Uncaught Exception', post: () => this.#loops.stop(error) })
  }

  /** Posts what there is to post, then exits. Only the first end counts: what happens on the way out is only logged. */
  #end(ending: Ending): void {
    this.#endings += 1
    logFailure(ending.what, ending.error)
    if (this.#endings === 1) {
      void this.#postAndExit(ending)
    } else if (this.#endings > MAX_FAILURES_AT_END) {
      process.exit(ending.exitCode)
    }
  }

  async #postAndExit({ error, exitCode, post }: Ending): Promise<void> {
    try {
      await post(toErrorDocument(error))
    } catch (failure) {
      logRuntimeProblem(errorFacts(failure).errorMessage)
    }
    process.exit(exitCode)
  }

  /** The process ends, and no answer can be waited for: the function called `process.exit`. */
  #exits(code: number): void {
    if (this.#endings > 0) {
      return
    }
    const error = new ExitError(
      `The function ended its process with exit status ${code} while the handler was at work; return or throw instead of calling process.exit.`,
    )
    this.#loops.failLast(error)
  }

  #eventLoopIsEmpty(): void {
    if (this.#endings > 0) {
      return
    }
    if (this.#loops.areStarted) {
      this.#loops.eventLoopIsEmpty()
    } else {
      this.#failInit(
        new NodeJsExit(
          'The function’s module awaits a promise at its top level, or in a hook of onInit, that will never settle: init cannot finish.',
        ),
      )
    }
  }
}
