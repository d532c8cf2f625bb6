/**
 * Runs a program once, on the Node.js that its executable is made of, against a Runtime API of the build's own, and
 * brings back what it wrote: `build-time/warm-up.ts` is the program that does the running, and `build-time/contract.ts` tells
 * how the two talk.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { clearTimeout, setTimeout } from 'node:timers'
import {
  FILES,
  HANDSHAKE_DESCRIPTOR,
  HANDSHAKES,
  type RunPurpose,
  type RunUse,
  type ScriptFunctions,
  type WarmUpPurpose,
} from '../../build-time/contract.ts'
import { chunkName, codeCacheAsset, OWN_SCRIPTS, RUNTIME, scriptAsset } from '../../executable/format.ts'
import { createInvocation, functionArn } from '../../runtime-api/invocation.ts'
import { RuntimeApiServer } from '../../runtime-api/server.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { endOf, type ProcessEnd } from '../../sandbox/process-end.ts'
import type { Responder } from '../../stubs/responder.ts'
import { onAbandon } from '../unfinished-work.ts'
import { openBuildSandbox } from './build-sandbox.ts'
import { describeErrorDocument, type InitFailure, readInitFailure } from './init-failure.ts'
import { lambdaEnvironment, REGION, type RunEnvironment } from './lambda-environment.ts'
import { numberFunctions } from './number-functions.ts'
import { isWholeRun, portsOf, trustIn } from './stubbed-run.ts'

export interface WarmUpOptions extends Omit<RunEnvironment, 'runtimeApi'> {
  /** The warm-up program, which runs the scripts. */
  readonly warmUp: Buffer
  readonly runtime: Buffer
  /** What there is besides, by asset name: for the init phase, and the launcher, where that is to start the program. */
  readonly others?: Readonly<Record<string, Buffer>>
  /** The function's, the entry's first. */
  readonly chunks: readonly [Buffer, ...Buffer[]]
  /** The words before the Node.js binary: how it is run here. */
  readonly runner: readonly string[]
  /** The path of the executable's Node.js. */
  readonly node: string
  /** Of Node.js and V8. */
  readonly nodeOptions: readonly string[]
  /** JSON, each. */
  readonly events: readonly Buffer[]
  /** What answers the requests that it makes of others; without it, they are refused. */
  readonly responder?: Responder | undefined
  /** Whether clients of the AWS SDK are to be primed, unless the events show that nothing is sent. */
  readonly primesSdk?: boolean
  /** What `LAMBDA_TASK_ROOT` names: the folder with what is shipped beside the executable. */
  readonly taskRoot: string
  /** An empty folder for what comes in between. */
  readonly folder: string
}

export interface WarmUpResult {
  /** The code cache of each of lambdabin's own scripts; undefined where that did not run, or the program could not at all. */
  readonly own: Readonly<Record<(typeof OWN_SCRIPTS)[number], Buffer | undefined>>
  /** The code cache of each chunk; undefined where there is none. */
  readonly chunks: readonly (Buffer | undefined)[]
  readonly use: RunUse
  /** Why the caches hold less than they might, in one sentence; undefined when all went well. */
  readonly note: string | undefined
  /** Set when the function did not initialise. */
  readonly initFailure: InitFailure | undefined
}

/** What went wrong in a run; nothing when all went well. */
interface RunProblem {
  readonly note?: string
  readonly initFailure?: InitFailure
}

/** Of a program that could not run at all. */
const NO_USE: RunUse = { loadedModules: [], connects: false, sdk: [], isFinished: false }

/** In bytes: longer ones come in chunks, as from a server that is written in Go, whose `net/http` buffers as much: AWS's emulator is one. */
const LONGEST_WHOLE_EVENT = 2048
/** How long the program may take for everything, in milliseconds; a Lambda's init phase has 10 s. */
const TIMEOUT_MS = 15_000
/** Characters of what it prints. */
const LONGEST_OUTPUT = 2000

/** What comes of it when the program does not do all that it is to do. */
const CONSEQUENCES: Readonly<Record<RunPurpose, string>> = {
  'code-caches': 'its code cache holds what ran until then',
  functions: 'of what invocations call, the executable has compiled what ran until then',
}

/** Makes the code caches of a program. */
export async function runWarmUp(options: WarmUpOptions): Promise<WarmUpResult> {
  const { note, initFailure } = await runProgram(options, 'code-caches')
  const names = [...OWN_SCRIPTS, ...options.chunks.map((_, number) => chunkName(number))]
  const [launcher, runtime, prime, connect, ...chunks] = await Promise.all(
    names.map((name) => readFile(join(options.folder, codeCacheAsset(name))).catch(() => undefined)),
  )
  const use = await readJson<RunUse>(join(options.folder, FILES.use), NO_USE)
  const failure = initFailure && { ...initFailure, lacking: use.lacking ?? [] }
  return { own: { launcher, runtime, prime, connect }, chunks, use, note, initFailure: failure }
}

export interface CalledFunctions {
  /** What invocations call; empty where the program could not run at all. */
  readonly functions: ScriptFunctions
  readonly use: RunUse
  /** Why these may not be all, in one sentence; undefined when all went well. */
  readonly note: string | undefined
  /** Set when the function did not initialise. */
  readonly initFailure: InitFailure | undefined
}

/** Finds out which functions of a program invocations call. */
export async function findCalledFunctions(options: WarmUpOptions): Promise<CalledFunctions> {
  const { note, initFailure } = await runProgram(options, 'functions')
  const [functions, use] = await Promise.all([
    readJson<ScriptFunctions>(join(options.folder, FILES.calledFunctions), {}),
    readJson<RunUse>(join(options.folder, FILES.use), NO_USE),
  ])
  return { functions, use, note, initFailure }
}

/** What the program wrote; `otherwise` where it did not get so far. */
async function readJson<Content>(file: string, otherwise: Content): Promise<Content> {
  return readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Content,
    () => otherwise,
  )
}

async function runProgram(options: WarmUpOptions, purpose: RunPurpose): Promise<RunProblem> {
  await mkdir(options.folder, { recursive: true })
  const program = join(options.folder, 'warm-up.cjs')
  await Promise.all([
    writeFile(program, options.warmUp),
    writeFile(join(options.folder, scriptAsset(RUNTIME)), options.runtime),
    ...options.chunks.map((chunk, number) =>
      writeFile(join(options.folder, scriptAsset(chunkName(number))), chunk),
    ),
    ...Object.entries(options.others ?? {}).map(([name, content]) =>
      writeFile(join(options.folder, name), content),
    ),
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
  purpose: RunPurpose,
  server: RuntimeApiServer,
): Promise<RunProblem> {
  const { taskRoot, folder, node } = options
  const sandbox = await openBuildSandbox({
    taskRoot,
    folder,
    node,
    programFolder: folder,
    ports: [server.address.replace(/^.*:/, ''), ...portsOf(options.responder)].map(Number),
    runner: options.runner,
  })
  const variables = {
    ...lambdaEnvironment(sandbox, { ...options, runtimeApi: server.address }),
    ...(await trustIn(options.responder, folder, sandbox)),
  }
  const wordsFor = (asked: WarmUpPurpose) => [
    ...options.runner,
    sandbox.seen(node),
    ...options.nodeOptions,
    sandbox.seen(file),
    sandbox.seen(folder),
    asked,
    ...portsOf(options.responder),
  ]
  const [program = '', ...words] = wordsFor(purpose)
  const next = purpose === 'code-caches' ? wordsFor('numbers') : []
  const { command, parameters, cwd, runsNext } = sandbox.command(program, words, variables, next)
  const initialised = server.begin()
  const child = spawn(command, parameters, {
    cwd,
    // What it prints is of a run that nobody asked for, unless it fails.
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: sandbox.environment(variables),
  })
  const handshake = child.stdio[HANDSHAKE_DESCRIPTOR] as Duplex
  // The process may end at any time; its end says why.
  handshake.on('error', () => {})
  const printed = readEnd([child.stdout as Readable, child.stderr as Readable])
  const finished = onAbandon(() => child.kill('SIGKILL'))
  const ended = once(child, 'close').catch((error: Error) => error)
  const deadline = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  try {
    const asked = warmUp(options, purpose, server, initialised, handshake)
    let isInitialised = false
    initialised.then(() => {
      isInitialised = true
    })
    const end = ended.then(() => explainEnd(endOf(child, sandbox), purpose, isInitialised, printed()))
    const problem = (await Promise.race([asked, end])) ?? (await end)
    await ended
    if (next[0] !== undefined && !runsNext) {
      const alone = sandbox.command(next[0], next.slice(1), variables)
      await numberFunctions(alone, sandbox.environment(variables), TIMEOUT_MS)
    }
    return problem
  } finally {
    clearTimeout(deadline)
    finished()
    sandbox.close()
  }
}

/** Lets the program initialise and handle each event, then asks it to end. Resolves to undefined when it has ended before that. */
async function warmUp(
  options: WarmUpOptions,
  purpose: RunPurpose,
  server: RuntimeApiServer,
  initialised: ReturnType<RuntimeApiServer['begin']>,
  handshake: Duplex,
): Promise<RunProblem | undefined> {
  const init = await initialised
  if (init.kind === 'error') {
    return {
      initFailure: readInitFailure(init.body),
      note: `the function could not initialise on this machine (${describeErrorDocument(init.body)}), so ${CONSEQUENCES[purpose]}`,
    }
  }
  if (purpose === 'functions') {
    const answer = new Promise<boolean>((resolve) => {
      handshake.once('data', () => resolve(true)).once('close', () => resolve(false))
    })
    handshake.write(HANDSHAKES.initialised)
    if (!(await answer)) {
      return undefined
    }
  }
  let note: string | undefined
  for (const event of options.events) {
    const invocation = {
      ...createInvocation(event, functionArn(REGION, options.handler)),
      isChunked: event.length > LONGEST_WHOLE_EVENT,
    }
    const exchange = server.invoke(invocation, wallClock() + TIMEOUT_MS)
    const outcome = await exchange.outcome
    if (outcome.kind === 'error') {
      note ??= `the function failed on a sample event (${describeErrorDocument(outcome.body)}), so ${CONSEQUENCES[purpose]}`
    } else if (outcome.kind === 'stream') {
      outcome.body.resume()
    }
    await exchange.done
  }
  if (options.primesSdk) {
    handshake.write(isWholeRun(options, note) ? HANDSHAKES.primeSdkIfConnected : HANDSHAKES.primeSdk)
  }
  handshake.write(HANDSHAKES.end)
  return note === undefined ? {} : { note }
}

function explainEnd(
  child: ProcessEnd,
  purpose: RunPurpose,
  isInitialised: boolean,
  output: string,
): RunProblem {
  const isLate = child.signalCode === 'SIGKILL'
  if (!isInitialised) {
    const how = isLate
      ? `it took over ${TIMEOUT_MS / 1000} s`
      : `it ended its process with ${child.signalCode ?? `exit status ${child.exitCode}`}`
    return { initFailure: { kind: 'ended', how, output } }
  }
  const how = isLate ? `it took over ${TIMEOUT_MS / 1000} s` : `exit status ${child.exitCode}`
  return {
    note: `the function did not get through its warm-up on this machine (${how}), so ${CONSEQUENCES[purpose]}, if anything`,
  }
}

/** The end of what streams bring. */
function readEnd(streams: readonly Readable[]): () => string {
  let text = ''
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-LONGEST_OUTPUT)
    })
  }
  return () => text
}
