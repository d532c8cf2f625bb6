/**
 * Runs a program once, at build time, to make its code caches: not in the executable, and never on Lambda.
 *
 *     node warm-up.js FOLDER
 *
 * FOLDER holds `runtime.js`, `function.js`, and `function-1.js` and so on where the function has chunks. When the
 * process ends, by itself or because SIGUSR2 asks for it, it writes `runtime.cache` and so on there, of as much as has
 * run by then.
 *
 * The function runs for real, on somebody's computer, so it reaches nothing but this host's loopback: connections to
 * anywhere else are refused before a name is looked up.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepToLoopback } from './loopback.ts'
import { type CompiledText, chunkName, compileText, startProgram } from './program-loader.ts'

const folder = process.argv[2] as string
const compiled: CompiledText[] = []

keepToLoopback()
process.once('exit', () => {
  // Of a chunk that nothing reached there is a cache too: it saves V8 looking for the functions in it.
  for (let number = 1; existsSync(join(folder, `${chunkName(number)}.js`)); number++) {
    const name = chunkName(number)
    if (!compiled.some((text) => text.name === name))
      compiled.push({ name, script: compileText(readAsset, name) })
  }
  for (const { name, script } of compiled)
    writeFileSync(join(folder, `${name}.cache`), script.createCachedData())
})
process.once('SIGUSR2', () => process.exit(0))
startProgram(readAsset, process.env.LAMBDA_TASK_ROOT as string, require, (text) => {
  compiled.push(text)
  return undefined
})

function readAsset(name: string): Uint8Array | undefined {
  return name.endsWith('.js') ? readFileSync(join(folder, name)) : undefined
}
