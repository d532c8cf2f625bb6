import type { ConnectEarly } from './early-connections.ts'
import type { Isolate } from './priming.ts'
import type { ThreadSide, ThreadsModule } from './threads.ts'

export type Rehearse = (
  call: ((event: unknown) => Promise<unknown>) | undefined,
  isRehearsing: () => boolean,
) => Promise<void>

/** Never rejects: what is not primed, the first invocation does. */
export type PrimeSdk = (isolate: Isolate) => Promise<void>

/** What the executable carries for the runtime to run: the agreement between `launcher.ts` and `main.ts`. */
export interface Program {
  /** The executable's name, which handler settings begin with; undefined where that is not known. */
  readonly name: string | undefined
  /** The name that V8 knows the function's entry by. */
  readonly functionFile: string
  /** Whether the function's module was evaluated when the executable was built: `--init build`. */
  readonly isInitialisedAtBuild?: boolean
  /**
   * Does what is to be done before the function is loaded: priming, and loading what the user wants to be loaded. Undefined when
   * there is nothing to wait for.
   */
  preload?(): Promise<void> | undefined
  /**
   * Has clients of the AWS SDK make a request each in memory, once the function's module has been evaluated; undefined where there is
   * nothing to prime.
   */
  readonly primeSdk?: PrimeSdk | undefined
  /**
   * Rehearses the handler, where its author asks for that. Rejects with why it came to no end. It is given what calls the handler with
   * an event, undefined where the handler is not to be called, and what tells whether the running code belongs to such a call.
   */
  readonly rehearse?: Rehearse | undefined
  /** Opens connections to the hosts that the function's author has named; undefined where there are none. */
  readonly connectEarly?: ConnectEarly | undefined
  /** What handles several invocations at once on all CPUs; undefined where the executable lacks it. */
  loadThreads?(): { readonly module: ThreadsModule; readonly launcher: string } | undefined
  /** Set in a thread that handles invocations. */
  readonly thread?: ThreadSide | undefined
  /** Evaluates the function's module, and returns its exports, or a promise of them when it awaits at its top level. */
  loadFunction(): unknown
  /** The source map, as JSON, of the chunk of the function that V8 knows as `file`; undefined for any other file. */
  readSourceMap(file: string): string | undefined
}
