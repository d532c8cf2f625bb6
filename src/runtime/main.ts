/**
 * The runtime's first file: wires its parts, and decides when the process ends. The only caller of `process.exit`.
 *
 * Two roads lead through it. An init failure is posted once, and the process exits. After init, an invocation's
 * failure is that invocation's answer, and the loop goes on; only what leaves the process in an unknown state
 * (an uncaught exception, an unhandled rejection, a Runtime API that says 500) ends it.
 */

import { type Environment, readEnvironment, readRuntimeApi } from './environment.ts'
import { toErrorDocument } from './error-response.ts'
import { ImportModuleError, NodeJsExit, UnhandledPromiseRejection, UserCodeSyntaxError } from './errors.ts'
import { findHandler, type HandlerFunction } from './handler.ts'
import { exportName } from './handler-name.ts'
import { InvocationLoop } from './invocation-loop.ts'
import { installConsole, logFailure, logRuntimeProblem } from './log.ts'
import type { Program } from './program.ts'
import { RuntimeClient } from './runtime-client.ts'
import { installStackTraces } from './stack-trace.ts'

const EXIT_INIT_FAILED = 1
const EXIT_RUNTIME_API_FAILED = 1
// The statuses of AWS's Node.js client, by which people tell the two apart in "Runtime exited with error".
const EXIT_UNHANDLED_REJECTION = 128
const EXIT_UNCAUGHT_EXCEPTION = 129

/** Runs a program as its own Lambda runtime. Called once, by the launcher. */
export function start(program: Program): void {
  installStackTraces(program)
  installConsole()
  const runtimeApi = readRuntimeApi()
  if (runtimeApi === undefined) {
    logRuntimeProblem(
      'The environment variable AWS_LAMBDA_RUNTIME_API should be set by Lambda and is missing, so there is nobody to ask ' +
        'for invocations; run the executable on Lambda or with `lambdabin invoke`.',
    )
    process.exit(EXIT_INIT_FAILED)
  }
  new LambdaProcess(program, new RuntimeClient(runtimeApi)).run(runtimeApi)
}

class LambdaProcess {
  readonly #program: Program
  readonly #client: RuntimeClient
  #loop: InvocationLoop | undefined
  #ending = false

  constructor(program: Program, client: RuntimeClient) {
    this.#program = program
    this.#client = client
  }

  run(runtimeApi: string): void {
    process.on('uncaughtException', (error) => this.#crash(error, error, EXIT_UNCAUGHT_EXCEPTION))
    process.on('unhandledRejection', (reason) =>
      this.#crash(reason, asRejection(reason), EXIT_UNHANDLED_REJECTION),
    )
    process.on('beforeExit', () => this.#eventLoopIsEmpty())
    this.#init(runtimeApi)
  }

  /** The init phase. Synchronous unless the function's module awaits at its top level. */
  #init(runtimeApi: string): void {
    try {
      const environment = readEnvironment(runtimeApi)
      const name = exportName(environment.handler)
      const ready = (functionExports: unknown): void => {
        this.#invoke(findHandler(functionExports, name, environment.handler), environment)
      }
      const loaded = this.#program.loadFunction()
      if (loaded instanceof Promise) loaded.then(ready).catch((error) => this.#failInit(asInitError(error)))
      else ready(loaded)
    } catch (error) {
      this.#failInit(asInitError(error))
    }
  }

  #invoke(handler: HandlerFunction, environment: Environment): void {
    const loop = new InvocationLoop(this.#client, handler, environment)
    this.#loop = loop
    loop.run().catch((error) => {
      logFailure('Uncaught Exception', toErrorDocument(error))
      process.exit(EXIT_RUNTIME_API_FAILED)
    })
  }

  #failInit(error: unknown): void {
    this.#endAfter(error, EXIT_INIT_FAILED, 'Init Error', (document) => this.#client.failInit(document))
  }

  /** What nobody caught: the running invocation, or the init phase, fails with it, and the process ends. */
  #crash(thrown: unknown, reported: unknown, exitCode: number): void {
    const loop = this.#loop
    if (loop === undefined) {
      this.#endAfter(reported, exitCode, 'Init Error', (document) => this.#client.failInit(document))
      return
    }
    this.#endAfter(thrown, exitCode, 'Uncaught Exception', () => loop.failRunning(reported))
  }

  /** Posts what there is to post, then exits. Only the first end counts: what happens on the way out is only logged. */
  #endAfter(
    error: unknown,
    exitCode: number,
    what: 'Init Error' | 'Uncaught Exception',
    post: (document: ReturnType<typeof toErrorDocument>) => Promise<unknown>,
  ): void {
    const document = toErrorDocument(error)
    logFailure(what, document)
    if (this.#ending) return
    this.#ending = true
    post(document)
      .catch((failure) => logRuntimeProblem(toErrorDocument(failure).errorMessage))
      .finally(() => process.exit(exitCode))
  }

  #eventLoopIsEmpty(): void {
    if (this.#ending) return
    if (this.#loop) this.#loop.eventLoopIsEmpty()
    else {
      this.#failInit(
        new NodeJsExit(
          'The function’s module awaits a promise at its top level that will never settle: init cannot finish.',
        ),
      )
    }
  }
}

function asRejection(reason: unknown): UnhandledPromiseRejection {
  const { errorType, errorMessage } = toErrorDocument(reason)
  return new UnhandledPromiseRejection(
    `A promise was rejected and nobody handled it: ${errorType}: ${errorMessage}`,
    { cause: reason },
  )
}

/** What the init phase reports for what the module threw: AWS's types for the two mistakes they have types for. */
function asInitError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return new ImportModuleError(
      `The function needs a module that is neither in its executable nor beside it: ${error.message.split('\n')[0]}; ` +
        'import it so that the build can bundle it, or ship it with --external.',
      { cause: error },
    )
  }
  if (error instanceof SyntaxError) {
    return new UserCodeSyntaxError(`Code that the function loads does not parse: ${error.message}`, {
      cause: error,
    })
  }
  return error
}
