/**
 * Runs a finished executable before it becomes a package: it must start, find the Runtime API and answer an invocation.
 *
 * That proves what no reading of the file can: that its Node.js runs on this system's libraries, and that the runtime
 * and the function are in it whole. The author's function is compiled but not run, since it may need what a build has
 * not, or do what a build must not; a handler that returns its event answers in its place (`../../executable/launcher.ts`).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { clearTimeout, setTimeout } from 'node:timers'
import {
  type CodeCacheState,
  NET_SOCKET_LINE,
  readCodeCacheLines,
  readPrimingFailures,
  SELF_TEST_OPTION,
  scriptOfCodeCache,
} from '../../executable/format.ts'
import { createInvocation, functionArn } from '../../runtime-api/invocation.ts'
import { RuntimeApiServer } from '../../runtime-api/server.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { moduleConfinement } from '../../sandbox/module-confinement.ts'
import type { OpenSandbox } from '../../sandbox/sandbox.ts'
import type { TargetRunner } from '../base-node/target-runner.ts'
import { BuildError } from '../build-error.ts'
import { startWritten } from '../text-busy.ts'
import { onAbandon } from '../unfinished-work.ts'
import { withoutSandbox } from './build-sandbox.ts'
import { lambdaEnvironment, REGION } from './lambda-environment.ts'

/** The executable does not work on this machine. */
export class SelfTestError extends BuildError {
  override readonly name = 'SelfTestError'
}

export interface SelfTestResult {
  /** By script: `runtime`, `function`, and `function-1` and so on. */
  readonly codeCaches: Readonly<Record<string, CodeCacheState>>
  /** Whether the runtime has to connect over `node:net`. */
  readonly connectsOverNet: boolean
  /** What of Node.js could not be primed, each with why. */
  readonly notPrimed: readonly string[]
}

const HANDLER = 'self-test'
const EVENT = Buffer.from('{"text":"Hello"}')
/** A tenth of a second is what it takes, one under qemu; beyond this something hangs. */
const TIMEOUT_MS = 60_000
/** Characters that are kept of what it writes: a function of some hundred chunks has a line for each. */
const LONGEST_LOG = 1 << 20
/** Of how many code caches a note says which they are. */
const MOST_NAMES = 3
/** Of those characters, what a message tells. */
const LONGEST_QUOTE = 4000

/** Rejects with a {@link SelfTestError} when the executable does not answer an invocation as it should. */
export async function testExecutable(executable: string, runner: TargetRunner): Promise<SelfTestResult> {
  const taskRoot = dirname(executable)
  const folder = await mkdtemp(join(dirname(taskRoot), 'self-test-'))
  try {
    // None of the function's code runs: that modules are confined is for what a snapshot of it may have left to do.
    const sandbox = await moduleConfinement.open({ taskRoot, temporaryFolder: folder, workFolder: folder })
    const log = await runToAnswer(executable, runner, [SELF_TEST_OPTION], { sandbox })
    return {
      codeCaches: readCodeCacheLines(log),
      connectsOverNet: log.includes(NET_SOCKET_LINE),
      notPrimed: readPrimingFailures(log),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What makes the executable with `assets` start slower than it might, in one sentence each. */
export function explainSelfTest(
  { codeCaches, connectsOverNet, notPrimed }: SelfTestResult,
  assets: Readonly<Record<string, unknown>>,
): string[] {
  const rejected = Object.keys(assets).filter((asset) => {
    const script = scriptOfCodeCache(asset)
    return script !== undefined && codeCaches[script] !== 'accepted'
  })
  return [
    ...(rejected.length === 0
      ? []
      : [
          `V8 does not accept the executable's own ${namesOf(rejected)}, so it will start slower; please report this`,
        ]),
    ...(connectsOverNet
      ? [
          'this Node.js does not let the runtime have its TCP handle, so it loads node:net and starts an eighth slower; take the pinned Node.js, or report this',
        ]
      : []),
    ...(notPrimed.length > 0
      ? [
          `this Node.js cannot be primed as it is known (${notPrimed.join('; ')}), so the first invocation will take longer; take the pinned Node.js, or report this`,
        ]
      : []),
  ]
}

/** Some of them, where there are many. */
function namesOf(assets: readonly string[]): string {
  const named = assets.slice(0, MOST_NAMES)
  const others = assets.length - named.length
  return [...named, ...(others > 0 ? [`${others} others`] : [])].join(' and ')
}

export interface RunOptions {
  /** None unless given. */
  readonly sandbox?: OpenSandbox
  /** Called before it is ended, with the process's id. */
  readonly whenAnswered?: (pid: number) => Promise<void>
}

/**
 * Runs an executable whose handler returns its event until it has answered, and ends it. Resolves to what it wrote;
 * rejects with a {@link SelfTestError}.
 */
export async function runToAnswer(
  executable: string,
  runner: TargetRunner,
  parameters: readonly string[],
  { sandbox = withoutSandbox(dirname(executable)), whenAnswered = async () => {} }: RunOptions = {},
): Promise<string> {
  const server = await RuntimeApiServer.listen({
    functionName: HANDLER,
    version: '$LATEST',
    handler: HANDLER,
  })
  try {
    return await answerOnce(
      [...runner, sandbox.seen(executable), ...parameters],
      sandbox,
      server,
      whenAnswered,
    )
  } finally {
    await server.close()
  }
}

async function answerOnce(
  [program = '', ...words]: readonly string[],
  sandbox: OpenSandbox,
  server: RuntimeApiServer,
  whenAnswered: (pid: number) => Promise<void>,
): Promise<string> {
  const variables = lambdaEnvironment(sandbox, { handler: HANDLER, runtimeApi: server.address })
  const { command, parameters, cwd } = sandbox.command(program, words, variables)
  const initialised = server.begin()
  const { child, log, ended } = await startWritten(() => {
    const started = spawn(command, parameters, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: sandbox.environment(variables),
    })
    return { child: started, log: readLog(started), ended: endOf(started) }
  })
  const finished = onAbandon(() => child.kill('SIGKILL'))
  const deadline = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  try {
    const problem = await Promise.race([exchange(server, initialised), ended])
    if (problem === undefined && child.pid !== undefined) {
      await whenAnswered(child.pid)
    }
    child.kill('SIGKILL')
    await ended
    if (problem !== undefined) {
      const what = problem instanceof Error ? problem.message : problem
      throw new SelfTestError(
        `the finished executable should answer an invocation before it is packaged, and ${what}; ` +
          `make it of another Node.js with --node, or report this. It says:\n\n${log().trim().slice(-LONGEST_QUOTE) || 'nothing'}`,
        { cause: problem },
      )
    }
    return log()
  } finally {
    clearTimeout(deadline)
    finished()
  }
}

/** Resolves to what is wrong with how the runtime answers, undefined when nothing is. */
async function exchange(
  server: RuntimeApiServer,
  initialised: ReturnType<RuntimeApiServer['begin']>,
): Promise<string | undefined> {
  const init = await initialised
  if (init.kind === 'error') {
    return `this one could not initialise (${init.body})`
  }
  const invocation = createInvocation(EVENT, functionArn(REGION, HANDLER))
  const { outcome } = server.invoke(invocation, wallClock() + TIMEOUT_MS)
  const answer = await outcome
  if (answer.kind === 'response' && answer.body.equals(EVENT)) {
    return undefined
  }
  return answer.kind === 'stream'
    ? 'this one streamed its answer'
    : `this one was asked to return ${EVENT} and returned ${answer.body.subarray(0, 200)}`
}

/** Resolves to how it ended, as the rest of a sentence. */
/** An error where it could not be started. */
function endOf(child: ChildProcess): Promise<string | Error> {
  return once(child, 'close').then(
    () => explainEnd(child),
    (error: Error) => error,
  )
}

function explainEnd(child: ChildProcess): string {
  return child.signalCode === null
    ? `this one ended with exit status ${child.exitCode}`
    : `this one was ended by ${child.signalCode}, after at most ${TIMEOUT_MS / 1000} s`
}

function readLog(child: ChildProcess): () => string {
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LONGEST_LOG)
    })
  }
  return () => log
}
