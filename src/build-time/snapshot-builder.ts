/**
 * The main script of an executable whose function is initialised at build time: it runs when the startup snapshot is made,
 * and what it leaves in the heap is what each process of the executable starts with.
 *
 * It is run twice at build time: by lambdabin, to see whether the function can be initialised there, and by pkg. What it is
 * given and what it writes, {@link ./contract.ts} tells.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { startupSnapshot } from 'node:v8'
import { constants, Script } from 'node:vm'
import {
  BINDINGS_OUTSIDE_SNAPSHOTS,
  CONNECT,
  CONNECT_FILE,
  checkFormat,
  chunkFile,
  ECHO_FUNCTION,
  FUNCTION,
  INITIALISED_LINE,
  LAMBDA_TASK_ROOT,
  PRIME,
  PRIME_FILE,
  RUNTIME,
  RUNTIME_FILE,
  SELF_TEST_OPTION,
  scriptAsset,
  sourceMapAsset,
} from '../executable/format.ts'
import { FunctionModule, ImportMeta } from '../executable/function-module.ts'
import type { Program } from '../executable/program.ts'
import { SdkRegistry } from '../executable/sdk-registry.ts'
import { lifecycleHooks } from '../runtime/lifecycle/lifecycle-hooks.ts'
import { compileFunctions, type ScriptToCompile } from './compiled-functions.ts'
import {
  FILES,
  type InitProblem,
  type InitReport,
  type ModuleDescription,
  type ScriptFunctions,
  SNAPSHOT_FOLDER_VARIABLE,
  SNAPSHOT_MAIN,
} from './contract.ts'
import { InitWatch } from './init-watch.ts'
import { readErrorStacks } from './inspector/error-stacks.ts'
import { inspectorConnection } from './inspector/session.ts'
import { keepToLoopback } from './loopback.ts'
import { SnapshotPriming } from './snapshot-priming.ts'
import { SnapshotRequire } from './snapshot-require.ts'

/** What `__filename` says, wherever it is built. */
const FUNCTION_FILE = chunkFile(LAMBDA_TASK_ROOT, 0)
/** Milliseconds that initialising may take, as in Lambda's init phase. */
const TIMEOUT_MS = 10_000
const EXIT_REFUSED = 3

interface Runtime {
  start(program: Program): void
  prepare(program: Program): void
}

const folder = process.env[SNAPSHOT_FOLDER_VARIABLE] as string
delete process.env[SNAPSHOT_FOLDER_VARIABLE]
const MAIN_FILE = join(folder, SNAPSHOT_MAIN)
const deferredModules: Record<string, ModuleDescription> = JSON.parse(
  readFileSync(join(folder, FILES.deferredModules), 'utf8'),
)
const watch = new InitWatch()

const runtimeModule = { exports: {} as Runtime }
const functionRequire = new SnapshotRequire({
  watch,
  deferredModules,
  functionFile: FUNCTION_FILE,
  shippedFolder: process.env.LAMBDA_TASK_ROOT as string,
})
const functionModule = new FunctionModule(FUNCTION_FILE, functionRequire.require)
const functionText = readScript(FUNCTION)
/** What is evaluated in the execution environment, and compiled here: it would have no code cache, as V8 takes none that was made outside. */
const laterScripts = compileLaterScripts({ [PRIME]: PRIME_FILE, [CONNECT]: CONNECT_FILE })
/** What is shipped beside the executable, or its own files; all else has become a part of it. */
const mayImport = /\bimport\(/.test(functionText)
let isSelfTest = false
/** Looked for in the execution environment. */
let priming: SnapshotPriming | undefined
const sdkRegistry = new SdkRegistry()
let pending: unknown

const program: Program = {
  get name() {
    return basename(process.execPath)
  },
  functionFile: FUNCTION_FILE,
  isInitialisedAtBuild: true,
  preload: () => {
    priming = new SnapshotPriming(isSelfTest, laterScripts.functions)
    return priming.beforeFunction()
  },
  get primeSdk() {
    return isSelfTest ? undefined : priming?.primeSdk(sdkRegistry)
  },
  get rehearse() {
    return priming?.rehearse
  },
  get connectEarly() {
    return priming?.connectEarly
  },
  // The build tries the executable without the function's own handler: see launcher.ts.
  loadFunction: () => (isSelfTest ? echoFunction() : initialisedFunction()),
  readSourceMap: (file) => {
    const { getAsset, isSea } = process.getBuiltinModule('node:sea')
    return file === FUNCTION_FILE && isSea() ? getAsset(sourceMapAsset(FUNCTION), 'utf8') : undefined
  },
}

evaluate(readScript(RUNTIME), RUNTIME_FILE, runtimeModule.exports, process.getBuiltinModule, runtimeModule)
runtimeModule.exports.prepare(program)
const useNetwork = keepToLoopback()
const deadline = setTimeout(() => {
  const waitsFor = watch.openHandles()
  finish([...waitsFor, ...(waitsFor.length > 0 ? [] : [{ what: 'does not finish within 10 s', stack: '' }])])
}, TIMEOUT_MS)
deadline.unref()
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
watch.begin()
try {
  pending = evaluate(
    functionText,
    FUNCTION_FILE,
    functionModule.exports,
    functionRequire.require,
    functionModule,
    FUNCTION_FILE,
    LAMBDA_TASK_ROOT,
    new ImportMeta(FUNCTION_FILE, functionRequire.real),
    sdkRegistry.register,
  )
  pending = Promise.resolve(pending)
    .then(runBeforeSnapshotHooks)
    .then(() => {
      functionModule.loaded = true
      pending = undefined
    }, fail)
} catch (error) {
  fail(error)
}

// Called when nothing is left to do.
startupSnapshot.addSerializeCallback(() => {
  process.off('uncaughtException', fail)
  process.off('unhandledRejection', fail)
  clearTimeout(deadline)
  const unsettled = pending === undefined ? [] : [{ what: 'awaits a promise that never settles', stack: '' }]
  finish([...unsettled, ...watch.openHandles(), ...loadedAfterAll(), ...functionRequire.changedPrototypes()])
  const called: ScriptFunctions = JSON.parse(readFileSync(join(folder, FILES.calledFunctions), 'utf8'))
  compileFunctions([
    { file: RUNTIME_FILE, text: readScript(RUNTIME), functions: called[RUNTIME] ?? [] },
    { file: FUNCTION_FILE, text: readScript(FUNCTION), functions: called[FUNCTION] ?? [] },
    ...laterScripts.texts,
    // This one, of which each start runs much, and little is left over.
    { file: MAIN_FILE, text: readFileSync(MAIN_FILE, 'utf8'), functions: 'all' },
  ])
  readErrorStacks()
  for (const name of Object.keys(deferredModules)) {
    delete deferredModules[name]
  }
})
startupSnapshot.setDeserializeMainFunction(() => {
  isSelfTest = process.argv.includes(SELF_TEST_OPTION)
  if (isSelfTest && !process.env.AWS_LAMBDA_RUNTIME_API) {
    // Somebody runs it by hand: that it has come here is all there is to say, what is primed, and who is connected to.
    process.getBuiltinModule('node:fs').writeSync(2, INITIALISED_LINE)
    void new SnapshotPriming(isSelfTest, laterScripts.functions).testByHand()
    return
  }
  const taskRoot = process.env.LAMBDA_TASK_ROOT
  if (mayImport && taskRoot && taskRoot !== LAMBDA_TASK_ROOT) {
    importFrom(taskRoot)
  }
  runtimeModule.exports.start(program)
})

/** Has an `import()` in the function's script, whose name says where it is on Lambda, start from `taskRoot`. */
function importFrom(taskRoot: string): void {
  const { pathToFileURL } = process.getBuiltinModule('node:url')
  const parentURL = pathToFileURL(join(taskRoot, scriptAsset(FUNCTION))).href
  process.getBuiltinModule('node:module').registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, context.parentURL === `file://${FUNCTION_FILE}` ? { ...context, parentURL } : context),
  })
}

async function runBeforeSnapshotHooks(): Promise<void> {
  for (const hook of lifecycleHooks().beforeSnapshot.toReversed()) {
    await hook()
  }
}

function initialisedFunction(): unknown {
  watch.variables.changeAgain(process.env)
  return functionModule.exports
}

function echoFunction(): unknown {
  const module = { exports: {} }
  new Script(ECHO_FUNCTION).runInThisContext()(module.exports)
  return module.exports
}

function readScript(name: string): string {
  const text = readFileSync(join(folder, scriptAsset(name)), 'utf8')
  checkFormat(text, scriptAsset(name))
  return text
}

function evaluate(text: string, file: string, ...parameters: unknown[]): unknown {
  return compile(text, file)(...parameters)
}

function compile(text: string, file: string): (...parameters: unknown[]) => unknown {
  const script = new Script(text, {
    filename: file,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  return script.runInThisContext()
}

/** Of those scripts, by name and with their files, that the executable has. */
function compileLaterScripts(files: Readonly<Record<string, string>>) {
  const functions: Record<string, unknown> = {}
  const texts: ScriptToCompile[] = []
  for (const [name, file] of Object.entries(files)) {
    if (existsSync(join(folder, scriptAsset(name)))) {
      const text = readScript(name)
      functions[name] = compile(text, file)
      texts.push({ file, text, functions: 'all' })
    }
  }
  return { functions, texts }
}

/** Writes the report. Goes on if there is nothing in it that keeps the snapshot from being taken. */
function finish(found: readonly InitProblem[]): void {
  watch.end()
  useNetwork()
  const problems = [...watch.problems, ...found]
  const { suspects, lacking, environmentRead } = watch
  const report: InitReport = { problems, suspects, lacking, environmentRead, notes: notesOn() }
  writeFileSync(join(folder, FILES.report), JSON.stringify(report))
  if (problems.length > 0) {
    process.exit(EXIT_REFUSED)
  }
}

function notesOn(): string[] {
  return inspectorConnection() === undefined
    ? [
        'this Node.js does not give away its own part of the inspector, so the startup snapshot has node:inspector in it and each start takes 0.4 ms longer; take the pinned Node.js, or report this',
      ]
    : []
}

function fail(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  // What was refused is the cause of what follows from it.
  const what = `fails: ${error instanceof Error ? error.name : typeof error}: ${message}`
  const own = watch.lacking.length > 0 ? watch.lacking : [{ what, stack: String(stack) }]
  finish(watch.problems.length > 0 ? [] : own)
}

/** Modules that got loaded although they are deferred, by something of Node.js's that needs them. */
function loadedAfterAll(): InitProblem[] {
  const loaded = Reflect.get(process, 'moduleLoadList') as string[]
  const first = loaded.find((name) => BINDINGS_OUTSIDE_SNAPSHOTS.test(name))
  if (first === undefined) {
    return []
  }
  const what =
    'loads Node.js’s HTTP or TLS implementation as it initialises, by using fetch, Request, Response, Headers or WebSocket, say'
  return [{ what, stack: watch.loads.get(first) ?? '' }]
}
