/**
 * Evaluates the scripts of an executable, the runtime and the function, each with its V8 code cache. A function may have
 * further ones, its chunks, which are evaluated when an `import()` in it needs one. {@link ./format.ts} tells what they are.
 *
 * V8 compiles a function when it is first called, and a code cache made after the code has run spares it that: half of
 * what is left of the start-up time. V8 checks that a cache fits before it uses it, so a wrong one costs time and
 * nothing else.
 */

import { isAscii } from 'node:buffer'
import { join } from 'node:path'
import { constants, Script } from 'node:vm'
import { asRequire } from './as-require.ts'
import {
  type ChunkFunction,
  checkFormat,
  chunkName,
  codeCacheAsset,
  type ExposedModules,
  FUNCTION,
  isChunkFile,
  LINK_SCHEME,
  RUNTIME,
  readChunkLink,
  scriptAsset,
} from './format.ts'
import type { Program } from './program.ts'

/** What an executable carries, by name; undefined for what it does not. */
export type ReadAsset = (name: string) => Uint8Array | undefined

/** A script of the executable, compiled but not run. */
export interface CompiledScript {
  /** `runtime`, `function`, or `function-1` and so on. */
  readonly name: string
  readonly script: Script
}

/** Is told of each script as it is compiled, and may return another to be run in its place. */
export type CompiledListener = (compiled: CompiledScript) => Script | undefined

type RunScript = (name: string) => unknown

interface Runtime {
  start(program: Program): void
}

/** Throws a FormatMismatch. */
export function compileScript(readAsset: ReadAsset, name: string): Script {
  const text = decode(readAsset(scriptAsset(name)))
  checkFormat(text, scriptAsset(name))
  return new Script(text, {
    // Without a folder: `import()` of a package beside the executable then starts from the working directory, which is the
    // task root.
    filename: scriptAsset(name),
    cachedData: readAsset(codeCacheAsset(name)) as NodeJS.ArrayBufferView | undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
}

/** Starts the runtime with the function. */
export function startProgram(
  readAsset: ReadAsset,
  taskRoot: string,
  requireBuiltin: NodeJS.Require,
  onCompiled: CompiledListener = () => undefined,
): void {
  const run: RunScript = (name) => {
    const script = compileScript(readAsset, name)
    return (onCompiled({ name, script }) ?? script).runInThisContext()
  }
  const program: Program = {
    runtimeFile: scriptAsset(RUNTIME),
    loadFunction: () => loadFunction(run, taskRoot),
    readSourceMap(file) {
      const sourceMap = isChunkFile(file) ? readAsset(`${file}.map`) : undefined
      return sourceMap && decode(sourceMap)
    },
  }
  const runtimeModule = { exports: {} as Runtime }
  const evaluateRuntime = run(RUNTIME) as (...parameters: unknown[]) => void
  evaluateRuntime(runtimeModule.exports, requireBuiltin, runtimeModule)
  runtimeModule.exports.start(program)
}

/** Evaluates the function's entry chunk. Returns its exports, or a promise of them. */
function loadFunction(run: RunScript, taskRoot: string): unknown {
  const functionModule = { exports: {} }
  // A file in the task root, although there is none of the name.
  const functionFile = join(taskRoot, scriptAsset(FUNCTION))
  const importMetaUrl = `file://${encodeURI(functionFile)}`
  const exposed: ExposedModules[] = []
  const evaluate = (chunk: number): unknown =>
    (run(chunkName(chunk)) as ChunkFunction)(
      functionModule.exports,
      require,
      functionModule,
      functionFile,
      taskRoot,
      importMetaUrl,
      (own) => {
        exposed[chunk] = own
      },
      (link) => Promise.resolve().then(() => follow(link)),
    )
  /** What the module gives that a link leads to. */
  const follow = (link: string): unknown => {
    const { chunk, module } = readChunkLink(link)
    if (exposed[chunk] === undefined) {
      evaluate(chunk)
    }
    return exposed[chunk]?.[module]?.()
  }
  const require = requireFor(functionFile, follow)
  const pending = evaluate(0)
  return pending instanceof Promise ? pending.then(() => functionModule.exports) : functionModule.exports
}

/**
 * A `require` for the function. Node.js's own modules come without loading the module that makes one; what is beside the
 * executable comes through that, from `file`; and what is in another chunk, through `follow`.
 */
function requireFor(file: string, follow: (link: string) => unknown): NodeJS.Require {
  let beside: NodeJS.Require | undefined
  const whole = (): NodeJS.Require => {
    beside ??= process.getBuiltinModule('node:module').createRequire(file)
    return beside
  }
  return asRequire(
    (id) =>
      typeof id === 'string' && id.startsWith(LINK_SCHEME)
        ? follow(id)
        : (process.getBuiltinModule(id) ?? whole()(id)),
    whole,
  )
}

/** Scripts are ASCII, but for regular expressions and the like that cannot be escaped: and Latin-1 is a plain copy. */
function decode(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) {
    throw new Error('The executable is damaged: it lacks its runtime or its function. Build it again.')
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString(isAscii(buffer) ? 'latin1' : 'utf8')
}
