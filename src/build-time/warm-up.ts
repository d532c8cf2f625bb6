/**
 * Runs a program once, at build time, to make its code caches: not in the executable, and never on Lambda.
 *
 *     node warm-up.js FOLDER [functions]
 *
 * FOLDER holds `runtime.js`, `function.js`, and `function-1.js` and so on where the function has chunks. When the
 * process ends, by itself or because SIGUSR2 asks for it, it writes `runtime.cache` and so on there, of as much as has
 * run by then.
 *
 * With `functions`, it writes `functions.json` instead: which functions invocations call, of the runtime all that were
 * called, and of the function those since SIGUSR1, which tells that it has initialised.
 *
 * The function runs for real, on somebody's computer, so it reaches nothing but this host's loopback: connections to
 * anywhere else are refused before a name is looked up.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CompiledText, chunkName, compileText, startProgram } from '../executable/program-loader.ts'
import { CalledFunctions } from './called-functions.ts'
import type { HotFunctions } from './compiled-functions.ts'
import { keepToLoopback } from './loopback.ts'

const folder = process.argv[2] as string
const compiled: CompiledText[] = []

keepToLoopback()
process.once('SIGUSR2', () => process.exit(0))
if (process.argv[3] === 'functions') {
  writeFunctions()
} else {
  process.once('exit', writeCodeCaches)
}
startProgram(readAsset, process.env.LAMBDA_TASK_ROOT as string, require, (text) => {
  compiled.push(text)
  return undefined
})

function writeFunctions(): void {
  const called = new CalledFunctions()
  let initialising: HotFunctions = {}
  process.once('SIGUSR1', () => {
    initialising = called.take()
  })
  process.once('exit', () => {
    const invoking = called.take()
    const runtime = [...(initialising['runtime.js'] ?? []), ...(invoking['runtime.js'] ?? [])]
    const functions: HotFunctions = { 'runtime.js': runtime, 'function.js': invoking['function.js'] ?? [] }
    writeFileSync(join(folder, 'functions.json'), JSON.stringify(functions))
  })
}

function writeCodeCaches(): void {
  // Of a chunk that nothing reached there is a cache too: it saves V8 looking for the functions in it.
  for (let number = 1; existsSync(join(folder, `${chunkName(number)}.js`)); number++) {
    const name = chunkName(number)
    if (!compiled.some((text) => text.name === name)) {
      compiled.push({ name, script: compileText(readAsset, name) })
    }
  }
  for (const { name, script } of compiled) {
    writeFileSync(join(folder, `${name}.cache`), script.createCachedData())
  }
}

function readAsset(name: string): Uint8Array | undefined {
  return name.endsWith('.js') ? readFileSync(join(folder, name)) : undefined
}
