/**
 * The main script of an executable whose function is initialised at build time: it runs when the startup snapshot is made,
 * and what it leaves in the heap is what each process of the executable starts with.
 *
 * It is run twice at build time: by lambdabin, to see whether the function can be initialised there, and by pkg. What it is
 * given and what it writes, {@link ./contract.ts} tells.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startupSnapshot } from 'node:v8'
import { constants, Script } from 'node:vm'
import { asRequire } from '../executable/as-require.ts'
import {
  BINDINGS_OUTSIDE_SNAPSHOTS,
  checkFormat,
  ECHO_FUNCTION,
  FUNCTION,
  RUNTIME,
  SELF_TEST_OPTION,
  scriptAsset,
  sourceMapAsset,
} from '../executable/format.ts'
import type { Program } from '../executable/program.ts'
import { lifecycleHooks } from '../runtime/lifecycle/lifecycle-hooks.ts'
import { compileFunctions, inspectorConnection } from './compiled-functions.ts'
import {
  FILES,
  type InitProblem,
  type InitReport,
  type ModuleDescription,
  type ScriptFunctions,
  SNAPSHOT_FOLDER_VARIABLE,
} from './contract.ts'
import { deferModule } from './deferred-modules.ts'
import { InitWatch } from './init-watch.ts'
import { keepToLoopback } from './loopback.ts'
import { missingModule } from './missing-module.ts'
import { installStandardStreams } from './standard-streams.ts'

/** The folder that Lambda unpacks every package into: what `__dirname` says, wherever it is built. */
const TASK_ROOT = '/var/task'
const FUNCTION_FILE = scriptAsset(FUNCTION)
const RUNTIME_FILE = scriptAsset(RUNTIME)
/** Milliseconds that initialising may take, as in Lambda's init phase. */
const TIMEOUT_MS = 10_000
const EXIT_REFUSED = 3

interface Runtime {
  start(program: Program): void
  prepare(program: Program): void
}

const folder = process.env[SNAPSHOT_FOLDER_VARIABLE] as string
delete process.env[SNAPSHOT_FOLDER_VARIABLE]
/** With what is shipped beside the executable. */
const shippedFolder = process.env.LAMBDA_TASK_ROOT as string
const deferredModules: Record<string, ModuleDescription> = JSON.parse(
  readFileSync(join(folder, FILES.deferredModules), 'utf8'),
)
const watch = new InitWatch()

const functionModule = { exports: {} }
const runtimeModule = { exports: {} as Runtime }
const deferred = new Map<string, object>()
const functionRequire = requireForBoth()
let pending: unknown

const program: Program = {
  runtimeFile: RUNTIME_FILE,
  isInitialisedAtBuild: true,
  // The build tries the executable without the function's own handler: see launcher.ts.
  loadFunction: () => (process.argv.includes(SELF_TEST_OPTION) ? echoFunction() : functionModule.exports),
  readSourceMap: (file) => {
    const { getAsset, isSea } = process.getBuiltinModule('node:sea')
    return file === FUNCTION_FILE && isSea() ? getAsset(sourceMapAsset(FUNCTION), 'utf8') : undefined
  },
}

evaluate(RUNTIME_FILE, runtimeModule.exports, process.getBuiltinModule, runtimeModule)
runtimeModule.exports.prepare(program)
installStandardStreams()
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
    FUNCTION_FILE,
    functionModule.exports,
    functionRequire,
    functionModule,
    join(TASK_ROOT, FUNCTION_FILE),
    TASK_ROOT,
    `file://${TASK_ROOT}/${FUNCTION_FILE}`,
  )
  pending = Promise.resolve(pending)
    .then(runBeforeSnapshotHooks)
    .then(() => {
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
  finish([...unsettled, ...watch.openHandles(), ...loadedAfterAll()])
  const called: ScriptFunctions = JSON.parse(readFileSync(join(folder, FILES.calledFunctions), 'utf8'))
  compileFunctions(called, (file) => readFileSync(join(folder, file), 'utf8'))
  for (const name of Object.keys(deferredModules)) {
    delete deferredModules[name]
  }
})
startupSnapshot.setDeserializeMainFunction(() => runtimeModule.exports.start(program))

async function runBeforeSnapshotHooks(): Promise<void> {
  for (const hook of lifecycleHooks().beforeSnapshot.toReversed()) {
    await hook()
  }
}

function echoFunction(): unknown {
  const module = { exports: {} }
  new Script(ECHO_FUNCTION).runInThisContext()(module.exports)
  return module.exports
}

function evaluate(file: string, ...parameters: unknown[]): unknown {
  const text = readFileSync(join(folder, file), 'utf8')
  checkFormat(text, file)
  const script = new Script(text, {
    filename: file,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  return script.runInThisContext()(...parameters)
}

/** Writes the report. Goes on if there is nothing in it that keeps the snapshot from being taken. */
function finish(found: readonly InitProblem[]): void {
  watch.end()
  useNetwork()
  const problems = [...watch.problems, ...found]
  const report: InitReport = { problems, environmentRead: watch.environmentRead, notes: notesOn() }
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
  finish(watch.problems.length > 0 ? [] : [{ what, stack: String(stack) }])
}

/** Modules that got loaded although they are deferred, by something of Node.js's that needs them. */
function loadedAfterAll(): InitProblem[] {
  const loaded = Reflect.get(process, 'moduleLoadList') as string[]
  if (!loaded.some((name) => BINDINGS_OUTSIDE_SNAPSHOTS.test(name))) {
    return []
  }
  const what =
    'loads Node.js’s HTTP or TLS implementation as it initialises, by using fetch, Request, Response, Headers or WebSocket, say'
  return [{ what, stack: '' }]
}

/**
 * A `require` for the function, at build time and in the environment: Node.js's own modules, some of them deferred;
 * packages beside the executable in the execution environment only.
 */
function requireForBoth(): NodeJS.Require {
  let beside: NodeJS.Require | undefined
  const whole = (what: string): NodeJS.Require => {
    if (!watch.isOver) {
      throw watch.refuse(`loads ${what}, which is shipped beside the executable,`)
    }
    const taskRoot = process.env.LAMBDA_TASK_ROOT || TASK_ROOT
    beside ??= process.getBuiltinModule('node:module').createRequire(join(taskRoot, FUNCTION_FILE))
    return beside
  }
  return asRequire((id) => {
    const name = id.replace(/^node:/, '')
    if (Object.hasOwn(deferredModules, name) && !watch.isOver) {
      return deferredModule(name)
    }
    if (name === 'crypto') {
      watch.watchRandom()
    }
    const builtin = process.getBuiltinModule(id)
    if (builtin !== undefined) {
      return builtin
    }
    const missing = watch.isOver
      ? undefined
      : missingModule(id, shippedFolder, join(TASK_ROOT, FUNCTION_FILE))
    if (missing !== undefined) {
      throw missing
    }
    return whole(id)(id)
  }, whole)
}

function deferredModule(name: string): object {
  const known = deferred.get(name)
  if (known !== undefined) {
    return known
  }
  const made = deferModule(name, () => deferredModules[name] as ModuleDescription, {
    isBuilding: () => !watch.isOver,
    load: () => process.getBuiltinModule(`node:${name}`) as unknown as Record<PropertyKey, unknown>,
    refuse: (what) => watch.refuse(what),
  })
  deferred.set(name, made)
  return made
}
