/**
 * The executable's main script: evaluates the runtime, and hands it the function.
 *
 * Both are assets of the executable rather than part of this script, so that each can bring a code cache of its own;
 * a single executable application's own code cache is made before the code has run, and holds little.
 */

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { getRawAsset } from 'node:sea'
import { constants, Script } from 'node:vm'
import type { Program } from './program.ts'

const taskRoot = process.env.LAMBDA_TASK_ROOT || dirname(process.execPath)
const runtimeFile = 'lambdabin:runtime'
// A path in the task root, although no such file is there: `import()` of a package beside the executable starts from it.
const functionFile = join(taskRoot, 'function.js')

function text(asset: string): string {
  return Buffer.from(getRawAsset(asset) as ArrayBuffer).toString()
}

/** Evaluates an asset whose text is a function expression. */
function evaluate(asset: string, filename: string): (...parameters: unknown[]) => unknown {
  const script = new Script(text(asset), {
    filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  return script.runInThisContext()
}

const program: Program = {
  functionFile,
  runtimeFile,
  loadFunction() {
    const functionModule = { exports: {} }
    const requireBeside = createRequire(functionFile)
    const importMetaUrl = `file://${encodeURI(functionFile)}`
    const run = evaluate('function.js', functionFile)
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
    try {
      return text('function.js.map')
    } catch {
      return undefined // Built without one.
    }
  },
}

const runtimeModule = { exports: {} as { start(program: Program): void } }
evaluate('runtime.js', runtimeFile)(runtimeModule.exports, require, runtimeModule)
runtimeModule.exports.start(program)
