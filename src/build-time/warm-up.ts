/**
 * Runs a program once, at build time, to make its code caches: not in the executable, and never on Lambda.
 *
 *     node warm-up.js FOLDER code-caches|functions|numbers [PORT SECURE_PORT]
 *
 * {@link ./contract.ts} tells what is in FOLDER, and what the purposes are. Whenever the process ends, by itself or
 * because it is told to, it writes what has come of it by then.
 *
 * The function runs for real, on somebody's computer, so it reaches nothing but this host's loopback: connections to
 * anywhere else are refused before a name is looked up, or go to the servers at the two ports, which answer in their place.
 */

import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { type CompiledScript, compileScript } from '../executable/compiled-script.ts'
import {
  CONNECT,
  CONNECT_FILE,
  chunkFile,
  chunkName,
  codeCacheAsset,
  FUNCTION,
  LAMBDA_TASK_ROOT,
  LAUNCHER,
  LAUNCHER_FILE,
  type LauncherFunction,
  PRIME,
  PRIME_FILE,
  PRIMING_SETTINGS_ASSET,
  RUNTIME,
  RUNTIME_FILE,
  scriptAsset,
} from '../executable/format.ts'
import { asRequire } from '../executable/function-module.ts'
import { Preloads } from '../executable/preloads.ts'
import type { SdkExchange } from '../executable/priming-settings.ts'
import { startProgram } from '../executable/program-loader.ts'
import { SdkRegistry } from '../executable/sdk-registry.ts'
import { type CalledByFile, CalledFunctions } from './called-functions.ts'
import {
  FILES,
  HANDSHAKE_DESCRIPTOR,
  HANDSHAKES,
  type RunUse,
  type ScriptFunctions,
  type WarmUpPurpose,
} from './contract.ts'
import { LackingVariables } from './environment/lacking-variables.ts'
import { loadedModules } from './loaded-modules.ts'
import { keepToLoopback } from './loopback.ts'
import { findSdkExchanges } from './sdk-exchanges.ts'

const [folder = '', purpose, plain, secure] = process.argv.slice(2) as [string, WarmUpPurpose, ...string[]]
const taskRoot = process.env.LAMBDA_TASK_ROOT as string
const compiled: CompiledScript[] = []

let connects = false
let isFinished = false
const sdkRegistry = new SdkRegistry()
let sdk: readonly SdkExchange[] = []
/** A function that does not initialise mostly lacks a variable. */
const lacking = new LackingVariables()
/** What is at work: it is waited for before the end. */
let primingSdk: Promise<void> | undefined
const onHandshake = new Map<string, () => void>([
  [HANDSHAKES.primeSdk, primeSdk],
  [HANDSHAKES.primeSdkIfConnected, () => connects && primeSdk()],
  [HANDSHAKES.end, () => void Promise.resolve(primingSdk).then(finish)],
])

if (purpose === 'numbers') {
  numberAgain()
} else {
  run()
}

function run(): void {
  // Deep enough to show where a function failed, behind Node.js's own frames.
  Error.stackTraceLimit = 50
  keepToLoopback(plain && secure ? { plain: Number(plain), secure: Number(secure) } : undefined, () => {
    connects = true
  })
  listenForHandshakes()
  const loadedBefore = loadedModules().length
  process.once('exit', () => {
    const use: RunUse = {
      loadedModules: loadedModules().slice(loadedBefore),
      connects,
      sdk,
      isFinished,
      lacking: lacking.found(),
    }
    writeFileSync(join(folder, FILES.use), JSON.stringify(use))
  })
  if (purpose === 'functions') {
    writeCalledFunctions()
  } else {
    process.once('exit', writeCodeCaches)
    lacking.watch()
  }
  if (existsSync(join(folder, scriptAsset(LAUNCHER)))) {
    launch()
    return
  }
  startProgram({
    readAsset,
    taskRoot,
    requireBuiltin: require,
    preloads: Preloads.in(process.env.NODE_OPTIONS),
    onCompiled: (script) => {
      compiled.push(script)
      return undefined
    },
    nameChunk,
    sdkRegistry,
  })
}

/** Has the launcher start the program, as in an executable whose assets are the files of the folder. */
function launch(): void {
  const script = compileScript(readAsset, LAUNCHER, LAUNCHER_FILE)
  compiled.push({ name: LAUNCHER, script })
  const sea = {
    getRawAsset(name: string): Uint8Array {
      const content = readAsset(name)
      if (content === undefined) {
        throw new Error(`There is no asset ${name}`)
      }
      return content
    },
  }
  const requireOrSea = asRequire(
    (id) => (id === 'node:sea' ? sea : require(id)),
    () => require,
  )
  const launcher = script.runInThisContext() as LauncherFunction
  launcher(exports, requireOrSea, module, script)
}

function finish(): void {
  isFinished = true
  process.exit(0)
}

function primeSdk(): void {
  primingSdk = findSdkExchanges(sdkRegistry).then((found) => {
    sdk = found
  })
}

/**
 * A code cache holds the name, so where the task root is not where Lambda has it, the name has no folder: two builds are to
 * give the same bytes.
 */
function nameChunk(file: string, number: number): string {
  return taskRoot === LAMBDA_TASK_ROOT ? file : scriptAsset(chunkName(number))
}

/** It must not keep the function's event loop from being empty. */
function listenForHandshakes(): void {
  const socket = new Socket({ fd: HANDSHAKE_DESCRIPTOR, readable: true, writable: false })
  socket.on('data', (bytes) => {
    for (const byte of bytes.toString('latin1')) {
      onHandshake.get(byte)?.()
    }
  })
  // The build has ended: so does the program, which has nobody to ask.
  socket.on('error', () => {})
  socket.unref()
}

/** Of the runtime all that were called, and of the function those since it has initialised. */
function writeCalledFunctions(): void {
  const called = new CalledFunctions()
  let initialising: CalledByFile = new Map()
  onHandshake.set(HANDSHAKES.initialised, () => {
    initialising = called.take()
    writeSync(HANDSHAKE_DESCRIPTOR, HANDSHAKES.initialised)
  })
  process.once('exit', () => {
    const invoking = called.take()
    const entry = nameChunk(chunkFile(taskRoot, 0), 0)
    const functions: ScriptFunctions = {
      [RUNTIME]: [...(initialising.get(RUNTIME_FILE) ?? []), ...(invoking.get(RUNTIME_FILE) ?? [])],
      [FUNCTION]: invoking.get(entry) ?? [],
    }
    writeFileSync(join(folder, FILES.calledFunctions), JSON.stringify(functions))
  })
}

function writeCodeCaches(): void {
  // Of a chunk that nothing reached there is a cache too: it saves V8 looking for the functions in it.
  for (const [name, file] of chunks().slice(1)) {
    if (!compiled.some((script) => script.name === name)) {
      compiled.push({ name, script: compileScript(readAsset, name, file) })
    }
  }
  for (const { name, script } of compiled) {
    writeFileSync(join(folder, codeCacheAsset(name)), script.createCachedData())
  }
}

/**
 * Each function in a code cache has a number, of when it was compiled, and how busy a machine is decides now and then what of a
 * run comes first. So the caches are made once more where nothing runs: they are read one after the other, and V8 numbers the
 * functions in the order of the text.
 */
function numberAgain(): void {
  const ours = {
    [LAUNCHER]: LAUNCHER_FILE,
    [RUNTIME]: RUNTIME_FILE,
    [PRIME]: PRIME_FILE,
    [CONNECT]: CONNECT_FILE,
  }
  for (const [name, file] of [...Object.entries(ours), ...chunks()]) {
    const cache = join(folder, codeCacheAsset(name))
    if (existsSync(cache)) {
      const script = compileScript((asset) => readFileSync(join(folder, asset)), name, file)
      if (!script.cachedDataRejected) {
        writeFileSync(cache, script.createCachedData())
      }
    }
  }
}

/** Those that are in the folder, each with the file that V8 knows it by. */
function chunks(): [name: string, file: string][] {
  const found: [string, string][] = []
  for (let number = 0; existsSync(join(folder, scriptAsset(chunkName(number)))); number++) {
    found.push([chunkName(number), nameChunk(chunkFile(taskRoot, number), number)])
  }
  return found
}

function readAsset(name: string): Uint8Array | undefined {
  const file = join(folder, name)
  return name.endsWith('.js') || (name === PRIMING_SETTINGS_ASSET && existsSync(file))
    ? readFileSync(file)
    : undefined
}
