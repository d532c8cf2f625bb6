/**
 * The format of an executable: what the build writes into it, and the launcher, the program loader and the runtime read.
 *
 * An executable is Node.js with a SEA blob: a main script, which evaluates the launcher, and assets with names. The assets are
 * *scripts* and what belongs to each. `launcher` starts the program. `runtime` is lambdabin's runtime. `function` is the function's entry chunk, `function-1`, `function-2` and so
 * on are its other chunks, each of them what only an `import()` leads to. For each script there are
 *
 *     NAME.js         the script: a function expression, whose value the loader calls
 *     NAME.cache      V8's code cache of it; may be missing
 *     NAME.js.map     its source map; lambdabin's own have none
 *
 * A function that needs it has {@link ./priming-settings.ts} as JSON in `prime.json`: what is done in the init phase, so that its first
 * invocation need not do it. Where Node.js is primed or the handler rehearsed there is one more script, `prime`; where connections
 * are opened, there is the script `connect`.
 *
 * The script `threads` is loaded where there may be several invocations at once, and `thread.js` is the text of its threads:
 * {@link ./threads.ts}.
 *
 * With `--init build`, the scripts, but for the launcher, are in the startup snapshot that takes the place of the main script, and the assets are the
 * source map of `function`, and what there is of `prime` and `connect`, but for their code caches.
 *
 * A runtime layer's executable has the runtime alone. Its functions' assets are files in their packages, in a folder of the
 * function's name: `orders/function.js`, `orders/function.cache` and so on.
 *
 * Each script begins with {@link FORMAT_HEADER}, and whoever compiles one compares that first. So a script that another
 * version of lambdabin made is refused by name, before it is run: a runtime and a function may come in packages of their
 * own. A comparison of some characters is all that it costs a start.
 */

import type { PrimedPart, SdkExchange } from './priming-settings.ts'
import type { RegisterSdk } from './sdk-registry.ts'

/** To be raised with each change of what this file describes. */
export const FORMAT_VERSION = 3

/** What the header of each format begins with. */
export const HEADER_BEGIN = '/*lambdabin '

/** What each script begins with. A comment, so that it is a part of the script as V8 knows it. */
export const FORMAT_HEADER = `${HEADER_BEGIN}${FORMAT_VERSION}*/`

/** The format whose header `script` begins with; undefined when that is none. */
export function formatOf(script: string): number | undefined {
  const [, version] = /^\/\*lambdabin (\d+)\*\//.exec(script) ?? []
  return version === undefined ? undefined : Number(version)
}

/** A script is of another format than this lambdabin reads. Its name is the error type that the Runtime API is told. */
export class FormatMismatch extends Error {
  override name = 'Runtime.FormatMismatch'
}

/** Throws a {@link FormatMismatch} that names both formats, unless `script` is of this one. */
export function checkFormat(script: string, file: string): void {
  if (script.startsWith(FORMAT_HEADER)) {
    return
  }
  const version = formatOf(script)
  throw new FormatMismatch(
    `${file} should be of format ${FORMAT_VERSION}, which this runtime of lambdabin reads, and is of ` +
      `${version === undefined ? 'none that it knows' : `format ${version}`}; build both with the same version of lambdabin.`,
  )
}

// The names of scripts and assets.

export const LAUNCHER = 'launcher'
export const RUNTIME = 'runtime'
export const FUNCTION = 'function'
export const PRIME = 'prime'
export const CONNECT = 'connect'
export const THREADS = 'threads'
/** Scripts of lambdabin's own that starts evaluate. */
export const OWN_SCRIPTS = [LAUNCHER, RUNTIME, PRIME, CONNECT] as const
/** No script of the format, but a text for `new Worker`. */
export const THREAD_LAUNCHER_ASSET = 'thread.js'
/** {@link ./priming-settings.ts}, JSON. */
export const PRIMING_SETTINGS_ASSET = 'prime.json'

/** Where a layer has its executable, below `/opt`; `bootstrap` says so, too. */
export const LAYER_RUNTIME = 'lambdabin/runtime'

/** The assets of a runtime layer's executable; all others are a function's. */
export function isOfRuntime(asset: string): boolean {
  const scripts = [LAUNCHER, RUNTIME, THREADS]
  return (
    asset === THREAD_LAUNCHER_ASSET ||
    scripts.some((name) => asset === scriptAsset(name) || asset === codeCacheAsset(name))
  )
}

/** The name of the function's chunk `number`: 0 is the entry's. */
export function chunkName(number: number): string {
  return number === 0 ? FUNCTION : `${FUNCTION}-${number}`
}

/** The number of the chunk whose script an asset is; undefined when it is none. */
export function chunkOfScript(asset: string): number | undefined {
  const found = /^function(?:-(\d+))?\.js$/.exec(asset)
  return found === null ? undefined : Number(found[1] ?? 0)
}

export function scriptAsset(name: string): string {
  return `${name}.js`
}

export function codeCacheAsset(name: string): string {
  return `${name}.cache`
}

/** The script that an asset is the code cache of; undefined when it is no code cache. */
export function scriptOfCodeCache(asset: string): string | undefined {
  return /^(.+)\.cache$/.exec(asset)?.[1]
}

export function sourceMapAsset(name: string): string {
  return `${scriptAsset(name)}.map`
}

/**
 * Where the function's package is unpacked on Lambda. A chunk's code cache, and a startup snapshot, hold the name that V8 knew
 * the chunk by, which so must not depend on the machine that made them.
 */
export const LAMBDA_TASK_ROOT = '/var/task'

/**
 * The name that V8 knows the runtime by, and so what stack frames and call sites say: a path as in the managed runtimes,
 * although there is no such file.
 */
export const RUNTIME_FILE = `/var/runtime/${scriptAsset(RUNTIME)}`
export const LAUNCHER_FILE = `/var/runtime/${scriptAsset(LAUNCHER)}`
/** That of the main script: the path that the build has Node.js write into the executable, relative to the folder where pkg works. */
export const MAIN_FILE = '../../main.js'
export const PRIME_FILE = `/var/runtime/${scriptAsset(PRIME)}`
export const CONNECT_FILE = `/var/runtime/${scriptAsset(CONNECT)}`
export const THREADS_FILE = `/var/runtime/${scriptAsset(THREADS)}`

/**
 * The name that V8 knows a chunk by: a file in the task root, although there is none. It is what `import()` starts from, and
 * what code finds that looks for its caller's file. V8 takes a code cache whatever name it was made with.
 */
export function chunkFile(taskRoot: string, number: number): string {
  return `${taskRoot}/${scriptAsset(chunkName(number))}`
}

/** The script whose chunk V8 knows by the name `file`; undefined when that is none. */
export function scriptOfChunkFile(taskRoot: string, file: string): string | undefined {
  const number = file.startsWith(`${taskRoot}/`) ? chunkOfScript(file.slice(taskRoot.length + 1)) : undefined
  return number === undefined ? undefined : chunkName(number)
}

/** Whether each start reads an asset. */
export function isReadAtStart(asset: string): boolean {
  return (
    asset === PRIMING_SETTINGS_ASSET ||
    [...OWN_SCRIPTS, FUNCTION].some((name) => asset === scriptAsset(name) || asset === codeCacheAsset(name))
  )
}

// What a script is called with.

/** The launcher's script is called with a CommonJS module's first three parameters, and itself. */
export const LAUNCHER_PARAMETERS = ['exports', 'require', 'module', '__script'] as const

/** The launcher's value. It starts the program. */
export type LauncherFunction = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  script: import('node:vm').Script,
) => void

/** The runtime's script is called with a CommonJS module's first three parameters. */
export const RUNTIME_PARAMETERS = ['exports', 'require', 'module'] as const

/** A chunk's parameters: those of a CommonJS module, what `import.meta` is, and what is told of the AWS SDK's classes in it. */
export const CHUNK_PARAMETERS = [
  'exports',
  'require',
  'module',
  '__filename',
  '__dirname',
  '__importMeta',
  '__registerSdk',
] as const

/** Further ones, where the function has several chunks: see {@link ExposedModules}, and what loads another chunk's module. */
export const LINK_PARAMETERS = ['__expose', '__load'] as const

/** A chunk's value. It returns nothing, or a promise when its entry awaits at its top level. */
export type ChunkFunction = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  filename: string,
  dirname: string,
  importMeta: object,
  registerSdk: RegisterSdk | undefined,
  expose?: (own: ExposedModules) => void,
  load?: (link: string) => Promise<unknown>,
) => unknown

// What leads from one chunk to a module in another.

/**
 * What a chunk calls `__expose` with, before anything else that it does: its modules that other chunks need, by a name that
 * the build gives them. Each function evaluates its module, unless that has been done, and returns what the module gives.
 */
export type ExposedModules = Readonly<Record<string, () => unknown>>

/** Of the modules that make the links, whose sources nobody has written. */
export const LINK_NAMESPACE = 'lambdabin-module'

/** What a link begins with. */
export const LINK_SCHEME = 'lambdabin-chunk:'

/** The link to a module of another chunk: `lambdabin-chunk:2/7r` is the module `7r` of chunk 2. */
export function chunkLink(chunk: number | string, module: string): string {
  return `${LINK_SCHEME}${chunk}/${module}`
}

export function readChunkLink(link: string): { chunk: number; module: string } {
  const slash = link.indexOf('/')
  return { chunk: Number(link.slice(LINK_SCHEME.length, slash)), module: link.slice(slash + 1) }
}

// What a process of an executable is.

/**
 * The environment variable that a runtime sets for the processes that the function starts: an executable that finds it is
 * Node.js, and no runtime. So is one with parameters, unless the first begins with {@link OWN_OPTION_PREFIX}. `bootstrap` takes
 * the variable away, since what it starts is a runtime.
 */
export const CHILD_VARIABLE = 'LAMBDABIN_CHILD'
/**
 * The environment variable by which `bootstrap` tells a runtime in a layer that nothing is primed for its function, so that it has less
 * of itself read ahead, before it is Node.js. Functions do not find it.
 */
export const SMALL_VARIABLE = 'LAMBDABIN_SMALL'
/** The first eight characters of what options of lambdabin's own begin with. */
export const OWN_OPTION_PREFIX = '--lambda'

// How the build tries an executable.

/** The option that has an executable tell of its code caches, and answer with {@link ECHO_FUNCTION} instead of its own. */
export const SELF_TEST_OPTION = '--lambdabin-self-test'

/** A function that returns its event, as a script: for runs in which the author's is not to do anything. */
export const ECHO_FUNCTION = `${FORMAT_HEADER}(function (exports) { exports.handler = async (event) => event })`

/** What V8 says of a script's code cache when it compiles the script. */
export type CodeCacheState = 'accepted' | 'rejected' | 'none'

/** What the self-test writes to stderr for each script. */
export function codeCacheLine(script: string, state: CodeCacheState): string {
  return `lambdabin: code cache of the ${script}: ${state}\n`
}

/** What such lines in `log` say, by script. */
export function readCodeCacheLines(log: string): Record<string, CodeCacheState> {
  const lines = log.matchAll(/^lambdabin: code cache of the ([\w-]+): (accepted|rejected|none)$/gm)
  return Object.fromEntries([...lines].map(([, script = '', state]) => [script, state as CodeCacheState]))
}

/** What the self-test writes where the runtime could not have Node.js's own TCP handle: see `runtime/connection/tcp-socket.ts`. */
export const NET_SOCKET_LINE = 'lambdabin: connects over node:net\n'

/** What the self-test writes where it is run by hand, of a function that was initialised at build time. */
export const INITIALISED_LINE = 'lambdabin: starts from its snapshot\n'

/** What the self-test writes to stderr for each part that is primed; `problem` where it could not be. */
export function primedLine(part: PrimedPart, problem: string | undefined): string {
  const outcome = problem === undefined ? 'done' : `failed: ${problem.replaceAll('\n', ' ')}`
  return `lambdabin: priming of ${part}: ${outcome}\n`
}

/** What the self-test writes where it is run by hand, of a client of the AWS SDK that is primed once the function is loaded. */
export function primedSdkLine({ client, command }: SdkExchange): string {
  return `lambdabin: the AWS SDK is primed: ${client}, ${command}\n`
}

/** What such lines in `log` say of parts that could not be primed: each with why. */
export function readPrimingFailures(log: string): string[] {
  return [...log.matchAll(/^lambdabin: priming of (\w+): failed: (.*)$/gm)].map(
    ([, part, problem]) => `${part}: ${problem}`,
  )
}

// What a startup snapshot cannot hold.

/** Node.js's own modules, by name, that hold native objects from the moment they are loaded. */
export const MODULES_OUTSIDE_SNAPSHOTS = /^(_?http2?|https|_?tls|sqlite|repl|wasi)(_|$)/

/** The entries of `process.moduleLoadList` that tell that one of them was loaded after all. */
export const BINDINGS_OUTSIDE_SNAPSHOTS = /^Internal Binding (http_parser|http2|tls_wrap|sqlite|wasi)$/
