/**
 * What the build and the programs of this folder agree on. They run in processes of their own, so they meet in files, in
 * their command lines and environment, and on a descriptor.
 *
 * `warm-up.js FOLDER PURPOSE [PORT SECURE_PORT]` runs a program as its executable would. What it asks other hosts, servers at these
 * ports of 127.0.0.1 answer, without and with TLS. Scripts are in FOLDER under their assets' names; what
 * it writes goes there, too. It is told on descriptor 3, a socket, how far the build's Runtime API has led it, by a byte of
 * {@link HANDSHAKES}. (Signals would not do: where it has a process namespace of its own, the build does not know it.)
 *
 * `builtin-code.js OUTPUT HTTP_PORT HTTPS_PORT` runs what functions use of Node.js, against servers on these ports of
 * 127.0.0.1, and writes {@link BuiltinCode} to the file OUTPUT. Without ports, it puts what is in that file in order. With
 * PARTS behind the ports, `PRIMED_PARTS` and `rehearsal` with commas between them, it leaves out what they have no need of, and writes
 * the code of those modules only that were loaded by it: for a process that begins with a function's startup snapshot.
 *
 * `snapshot-builder.js` is the main script of an executable that is initialised at build time. The environment variable
 * {@link SNAPSHOT_FOLDER_VARIABLE} names a folder that holds the scripts and {@link FILES}; it writes the report there.
 */

import type { SdkExchange } from '../executable/priming-settings.ts'

/**
 * What the warm-up is to write: each script's code cache; {@link FILES.calledFunctions}; or, of the code caches that are in the folder, those
 * whose functions are numbered in the order of the text. For the last nothing is run.
 */
export type WarmUpPurpose = RunPurpose | 'numbers'
export type RunPurpose = 'code-caches' | 'functions'

/** Beside `stubbed-network.js`, as JSON: the ports of 127.0.0.1 that what a function asks others is led to. */
export const STUBBED_NETWORK_SETTINGS = 'stubbed-network.json'

export const HANDSHAKE_DESCRIPTOR = 3

export const HANDSHAKES = {
  /** The function has initialised. For the purpose `functions` only; it is answered with the same. */
  initialised: 'i',
  /** All events are answered: have the AWS SDK's clients do once what is to be primed of them. It is answered with nothing. */
  primeSdk: 'p',
  /** The same, if the events had something sent. */
  primeSdkIfConnected: 'c',
  /** All events are answered: write what there is to write, and end. */
  end: 'e',
} as const

export const SNAPSHOT_FOLDER_VARIABLE = 'LAMBDABIN_SNAPSHOT'
/** What `snapshot-builder.js` is called in that folder. */
export const SNAPSHOT_MAIN = 'main.js'

export const FILES = {
  /** {@link ScriptFunctions}, JSON: those that invocations call. */
  calledFunctions: 'functions.json',
  /** {@link ModuleDescription} by name, JSON: Node.js's modules that a snapshot cannot hold. */
  deferredModules: 'deferred-modules.json',
  /** {@link InitReport}, JSON. */
  report: 'report.json',
  /** {@link RunUse}, JSON. */
  use: 'use.json',
} as const

/** What a program has used of Node.js as it ran. */
export interface RunUse {
  /** Names of Node.js's modules that were loaded, its internal ones with them. */
  readonly loadedModules: readonly string[]
  /** Whether it was to connect to anything but the Runtime API. */
  readonly connects: boolean
  /** What clients of the AWS SDK in it can be primed with. */
  readonly sdk: readonly SdkExchange[]
  /** Whether it was at work until it was told to end, which is after its events. */
  readonly isFinished: boolean
  /** Environment variables that it looked for and that are not set, the latest last. */
  readonly lacking?: readonly LackingVariable[]
}

export interface LackingVariable {
  readonly name: string
  /** Where it was looked for last, as V8 prints it: one frame a line, the innermost first. */
  readonly trace: readonly string[]
}

/** The code of Node.js's own modules. */
export interface BuiltinCode {
  /** By module: how long its text is, in UTF-16 units, and a code cache in base64, if there can be one. */
  readonly modules: Readonly<Record<string, { readonly length: number; readonly cache?: string | undefined }>>
  /** Those that were loaded by the work, in order. */
  readonly loaded: readonly string[]
  /** What of the work went wrong, each with why. */
  readonly failed: readonly string[]
}

/** Offsets of functions in a script, each from its first character to behind its last. */
export type FunctionRanges = readonly (readonly [number, number])[]

/** Functions, by the name of their script: `runtime`, `function`. */
export type ScriptFunctions = Readonly<Record<string, FunctionRanges>>

/** What a module exports, as the build found it: the names of its members, and the values of those that JSON can hold. */
export interface ModuleDescription {
  readonly functions: readonly string[]
  /** Instances of classes: `http.globalAgent`. */
  readonly objects: readonly string[]
  readonly values: Readonly<Record<string, unknown>>
}

/** What became of initialising a function at build time. */
export interface InitReport {
  readonly problems: readonly InitProblem[]
  /** What does keep it from that only if what was made is still there; V8 finds that out, and does not say what it is. */
  readonly suspects: readonly InitProblem[]
  /** What it does without, where it was not there in the build. */
  readonly lacking: readonly InitProblem[]
  /** Names of the environment variables that the function read, in order. */
  readonly environmentRead: readonly string[]
  /** What makes each start slower than it might be, in one sentence each. */
  readonly notes: readonly string[]
}

/** Something that keeps the function from being initialised at build time. */
export interface InitProblem {
  /** What the function does, as what follows "it": `calls http.request`, `leaves a timer running (Timeout)`. */
  readonly what: string
  /** Where, as V8 prints it: one frame a line, the innermost first. */
  readonly stack: string
}
