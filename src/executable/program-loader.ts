/**
 * Evaluates the texts of an executable, the runtime and the function, each with its V8 code cache. A function may have
 * further ones, its chunks, which are evaluated when an `import()` in it needs one.
 *
 * V8 compiles a function when it is first called, and a code cache made after the code has run spares it that: half of
 * what is left of the start-up time. V8 checks that a cache fits before it uses it, so a wrong one costs time and
 * nothing else.
 */

import { isAscii } from 'node:buffer'
import { join } from 'node:path'
import { constants, Script } from 'node:vm'
import { asRequire } from './as-require.ts'
import type { Program } from './program.ts'

/** What an executable carries, by name; undefined for what it does not. */
export type ReadAsset = (name: string) => Uint8Array | undefined

/** A text of the executable, compiled but not run. */
export interface CompiledText {
  /** `runtime`, `function`, or `function-1` and so on. */
  readonly name: string
  readonly script: Script
}

/**
 * What opens a text's modules to the others: by its name, each evaluates a module, if that has not been done, and
 * returns what it gives. How a name comes about: see `../compiler/bundle/text-links.ts`.
 */
type Doors = Readonly<Record<string, () => unknown>>

// What V8 knows the texts by: their assets' names. A code cache holds the name, so it must not tell where the
// executable is. It has no folder either: `import()` of a package beside the executable then starts from the working
// directory, the task root.
const RUNTIME_FILE = 'runtime.js'
const FUNCTION_FILE = 'function.js'
const OWN_TEXT = /^function(-\d+)?\.js$/

/** What the name of a module in another text begins with. */
const LINK = 'lambdabin-chunk:'

export function chunkName(number: number | string): string {
  return `function-${number}`
}

export function compileText(readAsset: ReadAsset, name: string): Script {
  return new Script(text(readAsset(`${name}.js`)), {
    filename: `${name}.js`,
    cachedData: readAsset(`${name}.cache`) as NodeJS.ArrayBufferView | undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
}

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
  function compile(name: string): (...parameters: unknown[]) => unknown {
    const script = compileText(readAsset, name)
    return (onCompiled({ name, script }) ?? script).runInThisContext()
  }

  const program: Program = {
    runtimeFile: RUNTIME_FILE,
    loadFunction() {
      const functionModule = { exports: {} }
      // A file in the task root, although there is none of the name.
      const functionFile = join(taskRoot, FUNCTION_FILE)
      const importMetaUrl = `file://${encodeURI(functionFile)}`
      const doors: Record<string, Doors> = {}
      const run = (name: string, number: string): unknown =>
        compile(name)(
          functionModule.exports,
          require,
          functionModule,
          functionFile,
          taskRoot,
          importMetaUrl,
          // Before anything else that the text does.
          (own: Doors) => {
            doors[number] = own
          },
          load,
        )
      /** `lambdabin-chunk:2/7` is the door 7 of the text 2. */
      const open = (link: string): unknown => {
        const [number = '', door = ''] = link.slice(LINK.length).split('/')
        if (doors[number] === undefined) {
          run(chunkName(number), number)
        }
        return doors[number]?.[door]?.()
      }
      const load = (link: string): Promise<unknown> => Promise.resolve().then(() => open(link))
      const require = requireFor(functionFile, open)
      const pending = run('function', '0')
      return pending instanceof Promise ? pending.then(() => functionModule.exports) : functionModule.exports
    },
    readSourceMap(file) {
      const sourceMap = OWN_TEXT.test(file) ? readAsset(`${file}.map`) : undefined
      return sourceMap && text(sourceMap)
    },
  }

  const runtimeModule = { exports: {} as { start(program: Program): void } }
  compile('runtime')(runtimeModule.exports, requireBuiltin, runtimeModule)
  runtimeModule.exports.start(program)
}

/**
 * A `require` for the function. Node.js's own modules come without loading the module that makes one; what is beside the
 * executable comes through that, from `file`; and what is in another text, through `open`.
 */
function requireFor(file: string, open: (link: string) => unknown): NodeJS.Require {
  let beside: NodeJS.Require | undefined
  const whole = (): NodeJS.Require => {
    beside ??= process.getBuiltinModule('node:module').createRequire(file)
    return beside
  }
  return asRequire(
    (id) =>
      typeof id === 'string' && id.startsWith(LINK)
        ? open(id)
        : (process.getBuiltinModule(id) ?? whole()(id)),
    whole,
  )
}

/** Texts are ASCII, but for regular expressions and the like that cannot be escaped: and Latin-1 is a plain copy. */
function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) {
    throw new Error('The executable is damaged: it lacks its runtime or its function. Build it again.')
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString(isAscii(buffer) ? 'latin1' : 'utf8')
}
