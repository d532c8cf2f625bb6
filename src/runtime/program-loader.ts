/**
 * Evaluates the two texts of an executable, the runtime and the function, each with its V8 code cache.
 *
 * V8 compiles a function when it is first called, and a code cache made after the code has run spares it that: half of
 * what is left of the start-up time. V8 checks that a cache fits before it uses it, so a wrong one costs time and
 * nothing else.
 */

import { isAscii } from 'node:buffer'
import { join } from 'node:path'
import { constants, Script } from 'node:vm'
import type { Program } from './program.ts'

/** What an executable carries, by name; undefined for what it does not. */
export type ReadAsset = (name: string) => Uint8Array | undefined

/** A text of the executable, compiled but not run. */
export interface CompiledText {
  readonly name: 'runtime' | 'function'
  readonly script: Script
}

// What V8 knows the two texts by. A code cache holds the name, so it must not tell where the executable is. It has no
// folder either: `import()` of a package beside the executable then starts from the working directory, the task root.
const RUNTIME_FILE = 'runtime.js'
const FUNCTION_FILE = 'function.js'

/**
 * Starts the runtime with the function. `onCompiled` is told of each text as it is compiled, and may return another to
 * be run in its place.
 */
export function startProgram(
  readAsset: ReadAsset,
  taskRoot: string,
  requireBuiltin: NodeJS.Require,
  onCompiled: (text: CompiledText) => Script | undefined = () => undefined,
): void {
  function compile(name: CompiledText['name'], filename: string): (...parameters: unknown[]) => unknown {
    const script = new Script(text(readAsset(`${name}.js`)), {
      filename,
      cachedData: readAsset(`${name}.cache`) as NodeJS.ArrayBufferView | undefined,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    return (onCompiled({ name, script }) ?? script).runInThisContext()
  }

  const program: Program = {
    functionFile: FUNCTION_FILE,
    runtimeFile: RUNTIME_FILE,
    loadFunction() {
      const functionModule = { exports: {} }
      // A file in the task root, although there is none of the name.
      const functionFile = join(taskRoot, FUNCTION_FILE)
      const requireBeside = lazyRequire(functionFile)
      const importMetaUrl = `file://${encodeURI(functionFile)}`
      const run = compile('function', FUNCTION_FILE)
      const pending = run(
        functionModule.exports,
        requireBeside,
        functionModule,
        functionFile,
        taskRoot,
        importMetaUrl,
      )
      return pending instanceof Promise ? pending.then(() => functionModule.exports) : functionModule.exports
    },
    readSourceMap() {
      const sourceMap = readAsset('function.js.map')
      return sourceMap && text(sourceMap)
    },
  }

  const runtimeModule = { exports: {} as { start(program: Program): void } }
  compile('runtime', RUNTIME_FILE)(runtimeModule.exports, requireBuiltin, runtimeModule)
  runtimeModule.exports.start(program)
}

/**
 * A `require` for the function. Node.js's own modules come without loading the module that makes one; what is beside the
 * executable comes through that, from `file`.
 */
function lazyRequire(file: string): NodeJS.Require {
  let beside: NodeJS.Require | undefined
  const whole = (): NodeJS.Require => {
    beside ??= process.getBuiltinModule('node:module').createRequire(file)
    return beside
  }
  const require = (id: string): unknown => process.getBuiltinModule(id) ?? whole()(id)
  for (const property of ['resolve', 'cache', 'main', 'extensions'] as const) {
    Object.defineProperty(require, property, { get: () => whole()[property], enumerable: true })
  }
  return require as NodeJS.Require
}

/** Texts are ASCII, but for regular expressions and the like that cannot be escaped: and Latin-1 is a plain copy. */
function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined)
    throw new Error('The executable is damaged: it lacks its runtime or its function. Build it again.')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString(isAscii(buffer) ? 'latin1' : 'utf8')
}
