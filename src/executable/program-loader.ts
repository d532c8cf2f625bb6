/**
 * Evaluates the scripts of an executable, the runtime and the function, each with its V8 code cache. A function may have
 * further ones, its chunks, which are evaluated when an `import()` in it needs one. {@link ./format.ts} tells what they are.
 *
 * V8 compiles a function when it is first called, and a code cache made after the code has run spares it that: half of
 * what is left of the start-up time. V8 checks that a cache fits before it uses it, so a wrong one costs time and
 * nothing else.
 */

import { resolve } from 'node:path'
import type { Script } from 'node:vm'
import { type CompiledScript, compileScript, decode, letGo, type ReadAsset } from './compiled-script.ts'
import { type ConnectEarly, type ConnectModule, hostsToConnect } from './early-connections.ts'
import {
  type ChunkFunction,
  CONNECT,
  CONNECT_FILE,
  chunkFile,
  chunkName,
  type ExposedModules,
  LINK_SCHEME,
  PRIME,
  PRIME_FILE,
  PRIMING_SETTINGS_ASSET,
  RUNTIME,
  RUNTIME_FILE,
  readChunkLink,
  scriptOfChunkFile,
  sourceMapAsset,
  THREAD_LAUNCHER_ASSET,
  THREADS,
  THREADS_FILE,
} from './format.ts'
import { asRequire, FunctionModule, ImportMeta } from './function-module.ts'
import type { Preloads } from './preloads.ts'
import { isWatched, type OnPrimed, type PrimeModule, primeProgram } from './priming.ts'
import type { PrimingSettings } from './priming-settings.ts'
import type { PrimeSdk, Program, Rehearse } from './program.ts'
import { SdkRegistry } from './sdk-registry.ts'
import type { ThreadData, ThreadsModule } from './threads.ts'
import { worthwhilePriming } from './worthwhile-priming.ts'

export interface ProgramOptions {
  /** The executable's name. */
  readonly name?: string
  readonly readAsset: ReadAsset
  /** What its own scripts come to, by name, of those that are compiled already. */
  readonly compiled?: Readonly<Record<string, unknown>>
  /** The folder that the function is to believe that its file is in. */
  readonly taskRoot: string
  /** Gives the runtime Node.js's own modules. */
  readonly requireBuiltin: NodeJS.Require
  /** What the user has Node.js load before the function, where Node.js itself does not. */
  readonly preloads?: Preloads | undefined
  /** Is told of each script as it is compiled, and may return another to be run in its place. */
  readonly onCompiled?: ((compiled: CompiledScript) => Script | undefined) | undefined
  /** Whether the build tries the program: it then connects to nobody. */
  readonly isSelfTest?: boolean
  /** In a thread that handles invocations: what it was started with. */
  readonly thread?: ThreadData
  readonly onPrimed?: OnPrimed | undefined
  /** The name that V8 is to know a chunk by, unless it is its file. */
  readonly nameChunk?: (file: string, number: number) => string
  /** Where the function's chunks register classes of the AWS SDK, unless nobody asks. */
  readonly sdkRegistry?: SdkRegistry
}

export interface Runtime {
  start(program: Program): void
  connectsOverNet(): boolean
}

export function startProgram(options: ProgramOptions): Runtime {
  const { readAsset } = options
  const taskRoot = resolve(options.taskRoot)
  const settings = readPrimingSettings(options)
  const priming = findPriming(options, settings)
  // Where nothing of the SDK is primed, its classes are not told of.
  const registry = options.sdkRegistry ?? (priming?.settings.sdk && new SdkRegistry())
  const program: Program = {
    name: options.name,
    functionFile: chunkFile(taskRoot, 0),
    preload: () => beforeFunction(options, priming),
    primeSdk: sdkPrimingOf(options, priming, registry),
    rehearse: rehearsalOf(priming),
    connectEarly: options.isSelfTest ? undefined : earlyConnectionsOf(options, settings),
    loadThreads: () => loadThreads(options),
    ...(options.thread && { thread: loadThreads(options)?.module.joinThreads(options.thread) }),
    loadFunction: () => loadFunction(options, taskRoot, registry),
    readSourceMap(file) {
      const name = scriptOfChunkFile(taskRoot, file)
      const sourceMap = name === undefined ? undefined : readAsset(sourceMapAsset(name))
      const text = sourceMap && decode(sourceMap)
      letGo(sourceMap)
      return text
    },
  }
  const runtime = evaluateOwn(options, RUNTIME, RUNTIME_FILE) as Runtime
  runtime.start(program)
  return runtime
}

/** Evaluates one of lambdabin's own scripts, and returns its exports. */
function evaluateOwn(options: ProgramOptions, name: string, file: string): unknown {
  const module = { exports: {} }
  const evaluate = run(options, name, file) as (...parameters: unknown[]) => void
  evaluate(module.exports, options.requireBuiltin, module)
  return module.exports
}

/** Undefined where the executable lacks them. */
function loadThreads(options: ProgramOptions): { module: ThreadsModule; launcher: string } | undefined {
  const launcher = options.readAsset(THREAD_LAUNCHER_ASSET)
  return (
    launcher && {
      module: evaluateOwn(options, THREADS, THREADS_FILE) as ThreadsModule,
      launcher: decode(launcher),
    }
  )
}

/** Primes Node.js, and loads what is to be preloaded; undefined when there is nothing to wait for. */
export function beforeFunction(
  options: ProgramOptions,
  priming: Priming | undefined,
): Promise<void> | undefined {
  const { preloads } = options
  return priming === undefined ? preloads?.load() : prime(options, priming).then(() => preloads?.load())
}

/** What an executable has for the time before its first invocation. */
export interface Priming {
  readonly settings: PrimingSettings
  /** Evaluates the script, once. */
  readonly load: () => PrimeModule
}

/** Undefined where there is nothing to do before the first invocation. */
export function readPrimingSettings({ readAsset }: ProgramOptions): PrimingSettings | undefined {
  const written = readAsset(PRIMING_SETTINGS_ASSET)
  return written && (JSON.parse(decode(written)) as PrimingSettings)
}

/** Undefined where the executable has nothing to prime, its user does not want it, or it is not worth it. */
export function findPriming(
  options: ProgramOptions,
  settings: PrimingSettings | undefined,
): Priming | undefined {
  const hasScript = settings && (settings.parts.length > 0 || settings.rehearsal !== undefined)
  const worthwhile = hasScript && worthwhilePriming(settings, process.env)
  if (!worthwhile) {
    return undefined
  }
  let module: PrimeModule | undefined
  return {
    settings: worthwhile,
    load: () => {
      module ??= evaluateOwn(options, PRIME, PRIME_FILE) as PrimeModule
      return module
    },
  }
}

/** Undefined where there is nothing to prime of the AWS SDK, or somebody would see it. */
export function sdkPrimingOf(
  { preloads }: ProgramOptions,
  priming: Priming | undefined,
  registry: SdkRegistry | undefined,
): PrimeSdk | undefined {
  const exchanges = priming?.settings.sdk
  return exchanges === undefined ||
    registry === undefined ||
    isWatched({ environment: process.env, isPreloading: preloads !== undefined })
    ? undefined
    : async (isolate) => priming?.load().primeSdk({ exchanges, registry, isolate })
}

/** Undefined where the handler is not to be rehearsed. */
export function rehearsalOf(priming: Priming | undefined): Rehearse | undefined {
  const { rehearsal } = priming?.settings ?? {}
  return (
    rehearsal &&
    ((call, isRehearsing) =>
      priming?.load().rehearse({ settings: rehearsal, call, isRehearsing }) as Promise<void>)
  )
}

/** Undefined where no connections are to be opened early. */
export function earlyConnectionsOf(
  options: ProgramOptions,
  settings: PrimingSettings | undefined,
): ConnectEarly | undefined {
  const hosts = settings?.connect && hostsToConnect(settings.connect, process.env)
  return hosts === undefined || hosts.length === 0
    ? undefined
    : (timeoutMs, isClosed) => {
        const { connect } = evaluateOwn(options, CONNECT, CONNECT_FILE) as ConnectModule
        return connect({ hosts, timeoutMs, isClosed })
      }
}

export function prime({ preloads, onPrimed }: ProgramOptions, priming: Priming): Promise<void> {
  return primeProgram({
    ...priming,
    environment: process.env,
    isPreloading: preloads !== undefined,
    onPrimed,
  })
}

function run({ readAsset, compiled, onCompiled }: ProgramOptions, name: string, file: string): unknown {
  if (compiled?.[name] !== undefined) {
    return compiled[name]
  }
  const script = compileScript(readAsset, name, file)
  return (onCompiled?.({ name, script }) ?? script).runInThisContext()
}

/** Evaluates the function's entry chunk. Returns its exports, or a promise of them. */
function loadFunction(options: ProgramOptions, taskRoot: string, registry: SdkRegistry | undefined): unknown {
  const { nameChunk = (file) => file } = options
  const functionFile = chunkFile(taskRoot, 0)
  const exposed: ExposedModules[] = []
  const evaluate = (number: number): unknown => {
    const file = nameChunk(chunkFile(taskRoot, number), number)
    return (run(options, chunkName(number), file) as ChunkFunction)(
      functionModule.exports as object,
      require,
      functionModule,
      functionFile,
      taskRoot,
      importMeta,
      registry?.register,
      (own) => {
        exposed[number] = own
      },
      (link) => Promise.resolve().then(() => follow(link)),
    )
  }
  /** What the module gives that a link leads to. */
  const follow = (link: string): unknown => {
    const { chunk, module } = readChunkLink(link)
    if (exposed[chunk] === undefined) {
      evaluate(chunk)
    }
    return exposed[chunk]?.[module]?.()
  }
  let made: NodeJS.Require | undefined
  const real = (): NodeJS.Require => {
    made ??= process.getBuiltinModule('node:module').createRequire(functionFile)
    return made
  }
  /**
   * Node.js's own modules come without loading the module that makes a `require`, as long as nobody can have changed what a
   * `require` does: tracers do.
   */
  const isReal = (id: string): boolean =>
    made !== undefined || options.preloads !== undefined || /^(node:)?module$/.test(id)
  const require = asRequire((id) => {
    if (typeof id === 'string' && id.startsWith(LINK_SCHEME)) {
      return follow(id)
    }
    return (isReal(id) ? undefined : process.getBuiltinModule(id)) ?? real()(id)
  }, real)
  const functionModule = new FunctionModule(functionFile, require)
  const importMeta = new ImportMeta(functionFile, real)
  const finish = (): unknown => {
    functionModule.loaded = true
    return functionModule.exports
  }
  const pending = evaluate(0)
  return pending instanceof Promise ? pending.then(finish) : finish()
}
