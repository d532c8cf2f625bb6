/**
 * Runs a program once, on the Node.js that its executable is made of, against a Runtime API of the build's own, and
 * brings back the code caches that it wrote: see `../../build-time/warm-up.ts`, which is the program that does the running.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { HotFunctions } from '../../build-time/compiled-functions.ts'
import { createInvocation, functionArn } from '../../runtime-api/invocation.ts'
import { RuntimeApiServer } from '../../runtime-api/server.ts'
import { textName } from '../bundle/text-name.ts'
import { onAbandon } from '../unfinished-work.ts'
import { openBuildSandbox } from './build-sandbox.ts'
import { lambdaEnvironment, REGION } from './lambda-environment.ts'

export interface WarmUpOptions {
  /** The text of the warm-up program, which runs the other two. */
  readonly warmUp: Buffer
  readonly runtime: Buffer
  /** The function's texts: its own, and those of its chunks. */
  readonly texts: readonly [Buffer, ...Buffer[]]
  /** The words before the Node.js binary: how it is run here. */
  readonly runner: readonly string[]
  /** The path of the executable's Node.js. */
  readonly node: string
  /** Of Node.js and V8. */
  readonly nodeOptions: readonly string[]
  /** The handler setting to start with. */
  readonly handler: string
  /** JSON, each. */
  readonly events: readonly Buffer[]
  /** What `LAMBDA_TASK_ROOT` names: the folder with what is shipped beside the executable. */
  readonly taskRoot: string
  /** An empty folder for what comes in between. */
  readonly folder: string
}

export interface WarmUpResult {
  /** The runtime's code cache; undefined where the program could not run at all. */
  readonly runtime: Buffer | undefined
  /** The code cache of each text of the function; undefined where there is none. */
  readonly texts: readonly (Buffer | undefined)[]
  /** Why the caches hold less than they might, in one sentence; undefined when all went well. */
  readonly shortcoming: string | undefined
}

/** How long the program may take for everything, in milliseconds; a Lambda's init phase has 10 s. */
const TIMEOUT_MS = 15_000
const SIGNAL_MS = 50

/** What the program is to write. */
type Purpose = 'code caches' | 'functions'

/** What comes of it when the program does not do all that it is to do. */
const CONSEQUENCES: Readonly<Record<Purpose, string>> = {
  'code caches': 'its code cache holds what ran until then',
  functions: 'of what invocations call, the executable has compiled what ran until then',
}

/** Makes the code caches of a program. */
export async function runWarmUp(options: WarmUpOptions): Promise<WarmUpResult> {
  const shortcoming = await runProgram(options, 'code caches')
  const names = ['runtime', ...options.texts.map((_, number) => textName(number))]
  const [runtime, ...texts] = await Promise.all(
    names.map((name) => readFile(join(options.folder, `${name}.cache`)).catch(() => undefined)),
  )
  return { runtime, texts, shortcoming }
}

export interface CalledFunctions {
  /** What invocations call; empty where the program could not run at all. */
  readonly functions: HotFunctions
  /** Why these may not be all, in one sentence; undefined when all went well. */
  readonly shortcoming: string | undefined
}

/** Finds out which functions of a program invocations call. */
export async function findCalledFunctions(options: WarmUpOptions): Promise<CalledFunctions> {
  const shortcoming = await runProgram(options, 'functions')
  const functions = await readFile(join(options.folder, 'functions.json'), 'utf8').then(
    (text) => JSON.parse(text) as HotFunctions,
    () => ({}),
  )
  return { functions, shortcoming }
}

/** Resolves to what went wrong, undefined when nothing did. */
async function runProgram(options: WarmUpOptions, purpose: Purpose): Promise<string | undefined> {
  await mkdir(options.folder, { recursive: true })
  const program = join(options.folder, 'warm-up.cjs')
  await Promise.all([
    writeFile(program, options.warmUp),
    writeFile(join(options.folder, 'runtime.js'), options.runtime),
    ...options.texts.map((text, number) => writeFile(join(options.folder, `${textName(number)}.js`), text)),
  ])
  const server = await RuntimeApiServer.listen({
    functionName: 'warm-up',
    version: '$LATEST',
    handler: options.handler,
  })
  try {
    return await run(options, program, purpose, server)
  } finally {
    await server.close()
  }
}

async function run(
  options: WarmUpOptions,
  file: string,
  purpose: Purpose,
  server: RuntimeApiServer,
): Promise<string | undefined> {
  const { taskRoot, folder, node } = options
  const sandbox = await openBuildSandbox({
    taskRoot,
    folder,
    node,
    programFolder: folder,
    runner: options.runner,
  })
  const variables = lambdaEnvironment(sandbox, { ...options, runtimeApi: server.address })
  const [program = '', ...words] = [
    ...options.runner,
    sandbox.seen(node),
    ...options.nodeOptions,
    sandbox.seen(file),
    sandbox.seen(folder),
    purpose,
  ]
  const { command, parameters, cwd } = sandbox.command(program, words, variables)
  const initialised = server.begin()
  const child = spawn(command, parameters, {
    cwd,
    // What it prints is of a run that nobody asked for.
    stdio: 'ignore',
    env: sandbox.environment(variables),
  })
  const finished = onAbandon(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit').catch((error: Error) => error)
  const deadline = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  try {
    const asked = warmUp(options, purpose, server, initialised, child)
    const shortcoming = await Promise.race([asked, ended.then(() => explainEnd(child, purpose))])
    await ended
    return shortcoming
  } finally {
    clearTimeout(deadline)
    finished()
  }
}

/** Lets the program initialise and handle each event, then asks it to end. */
async function warmUp(
  options: WarmUpOptions,
  purpose: Purpose,
  server: RuntimeApiServer,
  initialised: ReturnType<RuntimeApiServer['begin']>,
  child: ChildProcess,
): Promise<string | undefined> {
  const init = await initialised
  if (init.kind === 'error') {
    return `the function could not initialise on this machine (${describe(init.body)}), so ${CONSEQUENCES[purpose]}`
  }
  // It has a pipe of its own inside the process: let it arrive before the event does.
  if (purpose === 'functions' && child.kill('SIGUSR1')) {
    await delay(SIGNAL_MS)
  }
  let shortcoming: string | undefined
  for (const event of options.events) {
    const invocation = createInvocation(event, functionArn(REGION, options.handler))
    const exchange = server.invoke(invocation, Date.now() + TIMEOUT_MS)
    const outcome = await exchange.outcome
    if (outcome.kind === 'error') {
      shortcoming ??= `the function failed on a sample event (${describe(outcome.body)}), so ${CONSEQUENCES[purpose]}`
    } else if (outcome.kind === 'stream') {
      outcome.body.resume()
    }
    await exchange.done
  }
  child.kill('SIGUSR2')
  return shortcoming
}

function explainEnd(child: ChildProcess, purpose: Purpose): string {
  const how =
    child.signalCode === 'SIGKILL' ? `it took over ${TIMEOUT_MS / 1000} s` : `exit status ${child.exitCode}`
  return `the function did not get through its warm-up on this machine (${how}), so ${CONSEQUENCES[purpose]}, if anything`
}

function describe(body: Buffer): string {
  try {
    const { errorType, errorMessage } = JSON.parse(body.toString())
    return `${errorType}: ${String(errorMessage).split('\n')[0]?.slice(0, 200)}`
  } catch {
    return body.toString('utf8', 0, 200)
  }
}
