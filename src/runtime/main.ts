/**
 * The runtime's first file: wires its parts, and decides when the process ends. The only caller of `process.exit`.
 *
 * Two roads lead through it. An init failure is posted once, and the process exits. After init, an invocation's
 * failure is that invocation's answer, and the loop goes on; only what leaves the process in an unknown state
 * (an uncaught exception, an unhandled rejection, a Runtime API that says 500) ends it.
 */

import type { Program } from '../executable/program.ts'
import type { ErrorDocument } from '../runtime-api/contract.ts'
import { installAwslambda, isStreaming, removeAwslambda } from './awslambda.ts'
import { RuntimeClient } from './connection/runtime-client.ts'
import {
  announceNodeRuntime,
  type Environment,
  hidesAwslambda,
  isSnapStart,
  readEnvironment,
  readLogSettings,
  readMaxConcurrency,
  readRuntimeApi,
} from './environment.ts'
import { toErrorDocument } from './error-response.ts'
import {
  AfterRestoreError,
  BeforeSnapshotError,
  ExitError,
  NodeJsExit,
  UnhandledPromiseRejection,
} from './errors.ts'
import { findHandler, type HandlerFunction } from './handler.ts'
import { exportName } from './handler-name.ts'
import { asInitError } from './init-error.ts'
import { InvocationLoop } from './invocation-loop.ts'
import { invocationScope } from './invocation-scope.ts'
import { type LifecycleHooks, lifecycleHooks } from './lifecycle/lifecycle-hooks.ts'
import { installConsole, logFailure, logRuntimeProblem } from './log/log.ts'
import { installStackTraces } from './stack-trace.ts'
import { silenceOwnWarnings } from './warnings.ts'

const EXIT_FAILED = 1
// The statuses of AWS's Node.js client, by which people tell the two apart in "Runtime exited with error".
const EXIT_UNHANDLED_REJECTION = 128
const EXIT_UNCAUGHT_EXCEPTION = 129

/** Makes ready for the function's module to be evaluated at build time: what it finds is what `start` gives it. */
export function prepare(program: Program): void {
  silenceOwnWarnings()
  installStackTraces(program)
  installConsole({ format: 'text', level: undefined, telemetryDescriptor: undefined })
  installAwslambda()
}

/** Runs a program as its own Lambda runtime. Called once, by the launcher. */
export function start(program: Program): void {
  // As if Node.js had been started with the function's file.
  process.argv.splice(1, Infinity, program.functionFile)
  silenceOwnWarnings()
  installStackTraces(program)
  installConsole(readLogSettings())
  if (hidesAwslambda()) {
    removeAwslambda()
  } else {
    installAwslambda()
  }
  announceNodeRuntime()
  const runtimeApi = readRuntimeApi()
  if (runtimeApi === undefined) {
    logRuntimeProblem(
      'The environment variable AWS_LAMBDA_RUNTIME_API should be set by Lambda and is missing, so there is nobody to ask ' +
        'for invocations; run the executable on Lambda or with `lambdabin invoke`.',
    )
    process.exit(EXIT_FAILED)
  }
  new LambdaProcess(program, runtimeApi).run()
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
  readonly #maxConcurrency = readMaxConcurrency()
  /** Empty until the init phase has ended well. */
  #loops: InvocationLoop[] = []
  #ending = false

  constructor(program: Program, runtimeApi: string) {
    this.#program = program
    this.#runtimeApi = runtimeApi
    this.#client = new RuntimeClient(runtimeApi)
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
        preloading.then(() => this.#load(environment)).catch((error) => this.#failInit(asInitError(error)))
      }
    } catch (error) {
      this.#failInit(asInitError(error))
    }
  }

  /** Evaluates the function's module. Throws what that throws, unless it awaits something. */
  #load(environment: Environment): void {
    const name = exportName(environment.handler)
    const loaded = this.#program.loadFunction()
    const ready = (functionExports: unknown): void => {
      const handler = findHandler(functionExports, name, environment.handler)
      isStreaming(handler)
      this.#begin(handler, environment)
    }
    if (loaded instanceof Promise) {
      loaded.then(ready).catch((error) => this.#failInit(asInitError(error)))
    } else {
      ready(loaded)
    }
  }

  /** Goes on to the first invocation, once all hooks have run that are to run before it. */
  #begin(handler: HandlerFunction, environment: Environment): void {
    const hooks = lifecycleHooks()
    const isRestored = this.#program.isInitialisedAtBuild === true && hooks.afterRestore.length > 0
    if (isRestored || hooks.shutdown.length > 0 || isSnapStart()) {
      this.#prepareLifecycle(hooks).then((goOn) => goOn && this.#invoke(handler, environment))
    } else {
      this.#invoke(handler, environment)
    }
  }

  /** Runs what the function wants to run before its first invocation. Resolves to whether there may be one. */
  async #prepareLifecycle(hooks: LifecycleHooks): Promise<boolean> {
    if (hooks.shutdown.length > 0) {
      const { registerForShutdown, runShutdownHooks } = await import('./lifecycle/shutdown.ts')
      process.once('SIGTERM', () => void runShutdownHooks(hooks.shutdown).then(() => process.exit(0)))
      await registerForShutdown(this.#runtimeApi)
    }
    if (this.#program.isInitialisedAtBuild && !(await this.#isReadyAfterBuild(hooks))) {
      return false
    }
    if (!isSnapStart()) {
      return true
    }
    try {
      for (const hook of hooks.beforeSnapshot.toReversed()) {
        await hook()
      }
    } catch (cause) {
      this.#failInit(
        new BeforeSnapshotError(`A hook of onBeforeSnapshot failed: ${messageOf(cause)}`, { cause }),
      )
      return false
    }
    try {
      await this.#client.restored()
      for (const hook of hooks.afterRestore) {
        await hook()
      }
      return true
    } catch (cause) {
      this.#end({
        error: afterRestoreError(cause),
        exitCode: EXIT_FAILED,
        what: 'Restore Error',
        post: (document) => this.#client.failRestore(document),
      })
      return false
    }
  }

  /** Runs the hooks of a function that was initialised at build time. Resolves to whether there may be invocations. */
  async #isReadyAfterBuild(hooks: LifecycleHooks): Promise<boolean> {
    try {
      for (const hook of hooks.afterRestore) {
        await hook()
      }
      return true
    } catch (cause) {
      this.#failInit(afterRestoreError(cause))
      return false
    }
  }

  #invoke(handler: HandlerFunction, environment: Environment): void {
    const isConcurrent = this.#maxConcurrency !== undefined
    for (let number = 0; number < (this.#maxConcurrency ?? 1); number++) {
      const client = number === 0 ? this.#client : new RuntimeClient(this.#runtimeApi)
      const loop = new InvocationLoop(client, handler, environment, isConcurrent)
      this.#loops.push(loop)
      loop.run().catch((error) => {
        logFailure('Uncaught Exception', toErrorDocument(error))
        process.exit(EXIT_FAILED)
      })
    }
  }

  #failInit(error: unknown, exitCode = EXIT_FAILED): void {
    this.#end({ error, exitCode, what: 'Init Error', post: (document) => this.#client.failInit(document) })
  }

  /** What nobody caught: the invocation that it comes from, or the init phase, fails with it, and the process ends. */
  #crash(error: unknown, exitCode: number): void {
    if (this.#loops.length === 0) {
      this.#failInit(error, exitCode)
      return
    }
    // Beside others, only the invocation that it comes from fails; the others are answered before the process ends.
    const scope = invocationScope.getStore()
    const origin = scope && this.#loops.find((loop) => loop.isRunning(scope))
    const post = () =>
      Promise.all(
        this.#loops.map((loop) => (!origin || loop === origin ? loop.failRunning(error) : loop.stop())),
      )
    this.#end({ error, exitCode, what: 'Uncaught Exception', post })
  }

  /** Posts what there is to post, then exits. Only the first end counts: what happens on the way out is only logged. */
  #end({ error, exitCode, what, post }: Ending): void {
    const document = toErrorDocument(error)
    logFailure(what, document)
    if (this.#ending) {
      return
    }
    this.#ending = true
    post(document)
      .catch((failure) => logRuntimeProblem(messageOf(failure)))
      .finally(() => process.exit(exitCode))
  }

  /** The process ends, and no answer can be waited for: the function called `process.exit`. */
  #exits(code: number): void {
    if (this.#ending) {
      return
    }
    const error = new ExitError(
      `The function ended its process with exit status ${code} while the handler was at work; return or throw instead of calling process.exit.`,
    )
    for (const loop of this.#loops) {
      loop.failLast(error)
    }
  }

  #eventLoopIsEmpty(): void {
    if (this.#ending) {
      return
    }
    const [loop] = this.#loops
    if (loop) {
      loop.eventLoopIsEmpty()
    } else {
      this.#failInit(
        new NodeJsExit(
          'The function’s module awaits a promise at its top level that will never settle: init cannot finish.',
        ),
      )
    }
  }
}

function afterRestoreError(cause: unknown): AfterRestoreError {
  return new AfterRestoreError(`A hook of onAfterRestore failed: ${messageOf(cause)}`, { cause })
}

function messageOf(thrown: unknown): string {
  return toErrorDocument(thrown).errorMessage
}

function asRejection(reason: unknown): UnhandledPromiseRejection {
  const { errorType, errorMessage } = toErrorDocument(reason)
  return new UnhandledPromiseRejection(
    `A promise was rejected and nobody handled it: ${errorType}: ${errorMessage}`,
    { cause: reason },
  )
}
