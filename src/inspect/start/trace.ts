/**
 * What a process that is traced tells of its start: the agreement between `./trace-hook.ts`, which runs in it, and who reads it.
 * All times are milliseconds since the process's own beginning, `performance.timeOrigin`.
 */

/** The global that holds it, and what a text that was marked calls. */
export const TRACE = '__lambdabinTrace'
export const MARK = '__lambdabinMark'
export const BEGIN = '__lambdabinBegin'
export const END = '__lambdabinEnd'

/** The environment variable that tells the hook what to do, as JSON. */
export const TRACE_SETTINGS = 'LAMBDABIN_TRACE_SETTINGS'

export interface TraceSettings {
  /** Texts to run in the place of scripts, by the script's file name: `function.js`. */
  readonly scripts: Readonly<Record<string, { readonly text: string; readonly cache: string }>>
  /** What the function is to find as NODE_OPTIONS. */
  readonly nodeOptions?: string | undefined
}

export interface Span {
  readonly begin: number
  readonly end: number
}

export interface ScriptTrace {
  /** `runtime.js`, `function-1.js`. */
  readonly file: string
  readonly compile: Span
  /** Undefined where it was not run. */
  readonly evaluate: Span | undefined
  /** Bytes of its code cache; undefined where it had none. */
  readonly cacheBytes: number | undefined
  readonly isCacheRejected: boolean
  /** Bytes that a code cache would have now: what was compiled besides is in it. */
  readonly cacheBytesNow: number
}

/** A call that had Node.js load modules of its own. */
export interface BuiltinTrace extends Span {
  readonly id: string
  /** A number of {@link Trace.modules}, or who else: `launcher`, `runtime`, `priming`. */
  readonly askedBy: number | string
  /** Those that were loaded, in their order: `crypto`, `internal/crypto/hash`. */
  readonly loaded: readonly string[]
}

export interface Trace {
  readonly timeOrigin: number
  readonly nodeStart: number
  readonly v8Start: number
  readonly environment: number
  readonly hook: Span
  /** What the hook has taken besides. */
  readonly measuring: readonly Span[]
  readonly scripts: readonly ScriptTrace[]
  readonly builtins: readonly BuiltinTrace[]
  /** When the runtime was told to start, asked to prime, and to load the function; undefined for what did not happen. */
  readonly runtimeStart: number | undefined
  readonly preload: Span | undefined
  readonly load: Span | undefined
  /** Of marked texts: when, and a module's number, or that number's {@link beginCode}, or {@link END_CODE}. */
  readonly marks: readonly (readonly [time: number, code: number])[]
  /** Microseconds of processor time, by the process's own account. */
  readonly cpuMicroseconds: number
}

export const END_CODE = -1

/** A module that is evaluated when something needs it begins. */
export function beginCode(module: number): number {
  return -2 - module
}
