/**
 * Threads that invocations are handled in, where Lambda gives an execution environment several at once: the agreement between the
 * runtime and the script `threads`, which is loaded then only.
 *
 * The script exports {@link ThreadsModule}. The main thread starts the threads by it and asks for invocations; each thread joins by
 * it, and is given them. `thread.js`, an asset that is no script of the format, is the text that each thread is started with.
 */

import type { MessagePort } from 'node:worker_threads'
import type { ErrorDocument } from '../runtime-api/contract.ts'

/** An invocation, as the Runtime API's `next` has brought it. */
export interface ArrivedInvocation {
  readonly requestId: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The event, as JSON, and of how many bytes it is. */
  readonly body: { readonly text: string; readonly bytes: number }
  /** What cut the body short; undefined when it is whole. */
  readonly cutShort: Error | undefined
}

/** Where a loop has its invocations from, and answers them: the Runtime API, or the main thread. */
export interface InvocationSource {
  next(): Promise<ArrivedInvocation>
  respond(requestId: string, body: string): Promise<void>
  fail(requestId: string, document: ErrorDocument): Promise<void>
  /** As `fail`, in the last turn of the process or thread. Whether it could. */
  failLast(requestId: string, document: ErrorDocument): boolean
  /** To be told where an invocation was answered over another connection: by a stream. */
  answered(requestId: string): void
  failInit(document: ErrorDocument): Promise<void>
}

/** What all threads write their logs by. */
export interface SharedLog {
  /** Shared by all: 0, or the number of the thread that is writing. See `runtime/log/log-sink.ts`. */
  readonly lock: Int32Array
  /** This thread's number: 1 is the main thread's. */
  readonly writer: number
  /** Takes framed records in the place of stdout. */
  readonly telemetryDescriptor: number | undefined
  /** Takes lines of JSON in the place of stdout and stderr. */
  readonly lineDescriptor: number | undefined
}

/** What a thread is started with: its `workerData`. */
export interface ThreadData {
  readonly port: MessagePort
  /** See `runtime/threads/messages.ts`. */
  readonly offers: Int32Array
  /** How many invocations it may be given at once. */
  readonly concurrency: number
  readonly log: SharedLog
}

/** The pool, as a thread of it sees it. */
export interface ThreadSide {
  /** How many invocations may run at once. */
  readonly concurrency: number
  readonly log: SharedLog
  createSource(): InvocationSource
  /** Tells that the init phase is over. */
  ready(): void
  /** Has hooks run when the process is about to be ended. Before `ready`. */
  onShutdown(runHooks: () => Promise<void>): void
  /** Tells that this thread takes no further invocation, and is about to end. */
  retire(): void
}

/** What the main thread has to offer to its threads' pool. */
export interface ThreadsHost {
  /** `AWS_LAMBDA_MAX_CONCURRENCY` */
  readonly maxConcurrency: number
  /** `AWS_LAMBDA_NODEJS_WORKER_COUNT`; undefined where it says nothing. */
  readonly wantedThreads: number | undefined
  /** Of the function, in MiB; undefined where it is not known. */
  readonly memory: number | undefined
  /** The text that a thread is started with. */
  readonly launcher: string
  readonly telemetryDescriptor: number | undefined
  /** The path of a unix socket; a connection to it takes lines of JSON in the place of stdout and stderr. */
  readonly telemetrySocket: string | undefined
  createSource(): InvocationSource
  /** Has the main thread log as the others do. */
  useLog(log: SharedLog): void
  logProblem(message: string): void
  /** Calls `listener` at the first SIGTERM. */
  onSigterm(listener: () => void): void
  /** Has Lambda send SIGTERM when it is about to end the environment. Resolves in any case. */
  registerForShutdown(): Promise<void>
  /** Logs what an invocation failed with. Returns its error document. */
  describeFailure(invocation: ArrivedInvocation, error: Error): ErrorDocument
  /** Ends the process for what went wrong in the main thread itself. */
  crash(error: unknown): void
  endProcess(code: number): never
}

export interface ThreadsModule {
  runThreads(host: ThreadsHost): Promise<void>
  joinThreads(data: ThreadData): ThreadSide
}
