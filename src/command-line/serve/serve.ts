/**
 * `lambdabin serve`: a Lambda on this machine, for the AWS CLI, SDKs, browsers and editors.
 *
 * On stdout there is one line when it is ready. The functions' logs, and what there is to say besides, are on stderr.
 * It runs until SIGINT or SIGTERM, and then ends everything it has started; a second signal ends it at once.
 */

import { EventQueue } from '../../emulator/asynchronous/event-queue.ts'
import { EnvironmentPool } from '../../emulator/environments/environment-pool.ts'
import { FunctionStore } from '../../emulator/functions/function-store.ts'
import type { LocalFunction } from '../../emulator/functions/local-function.ts'
import { isLoopback } from '../../emulator/http/host-names.ts'
import { LambdaApiServer } from '../../emulator/lambda-api/lambda-api-server.ts'
import { LocalLambda } from '../../emulator/local-lambda.ts'
import { StateFolder, StateFolderError } from '../../emulator/state-folder.ts'
import { findSandbox } from '../../sandbox/find-sandbox.ts'
import { ignoreClosedPipe, writeAll } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { parseServeArguments, type ServeArguments } from './serve-arguments.ts'
import { packagedFunction } from './serve-functions.ts'
import { createServeLog, isColoured, type ServeLog } from './serve-log.ts'
import { watchedFunctions } from './serve-watch.ts'
import { onTermination } from './termination.ts'

const IDLE_MS = 5 * 60_000
const REQUEST_TIMEOUT_MS = 60_000

/** Resolves with the exit status, 0, when it was told to end. Rejects with a UsageError. */
export async function serveCommand(args: string[]): Promise<number> {
  ignoreClosedPipe(process.stdout)
  ignoreClosedPipe(process.stderr)
  const settings = parseServeArguments(args)
  const log = createServeLog((text) => process.stderr.write(text), isColoured(process.stderr, process.env))
  const state = await openState(settings)
  try {
    await serve(settings, state, log)
  } finally {
    await state.close()
  }
  return 0
}

async function serve(settings: ServeArguments, state: StateFolder, log: ServeLog): Promise<void> {
  const onProblem = (error: unknown) => log.notice(describe(error))
  const { concurrency, environments, region, retryDelaysMs } = settings
  const pool = new EnvironmentPool({ concurrency, environments, idleMs: IDLE_MS, onProblem })
  const store = await FunctionStore.open(state.functions)
  const sandbox = findSandbox(state.work)
  const lambda = new LocalLambda({
    region,
    pool,
    store,
    workFolder: state.work,
    sandbox,
    enforcesTimeouts: settings.inspectorPort === undefined,
    openLog: log.open,
    onProblem,
  })
  const queue = new EventQueue({
    lambda,
    folder: state.queue,
    failedFolder: state.failed,
    retryDelaysMs,
    onNotice: log.notice,
  })
  const termination = onTermination(() => pool.kill())
  try {
    await addFunctions(lambda, settings, state, store, log)
    const server = await listen(settings, lambda, queue, log)
    try {
      await queue.load()
      if (sandbox.kind !== 'mount namespace') {
        log.notice(
          'this system gives functions no view of their own: paths are the host’s, they can write wherever you can, ' +
            'and TMPDIR names their folder for temporary files',
        )
      }
      await announce(server, settings, lambda, log)
      await termination.asked
    } finally {
      queue.close()
      await server.close()
    }
  } finally {
    await pool.close()
    await lambda.close()
    termination.forget()
  }
}

async function openState({ stateFolder }: ServeArguments): Promise<StateFolder> {
  try {
    return await StateFolder.open(stateFolder)
  } catch (error) {
    throw error instanceof StateFolderError ? new UsageError(error.message, { cause: error }) : error
  }
}

/** Those of the state first: the command line's own take the place of others of their name, until this ends. */
async function addFunctions(
  lambda: LocalLambda,
  settings: ServeArguments,
  state: StateFolder,
  store: FunctionStore,
  log: ServeLog,
): Promise<void> {
  for (const stored of await store.load(log.notice)) {
    lambda.add(stored)
  }
  const added: LocalFunction[] = []
  for (const path of settings.packages) {
    added.push(await packagedFunction(path, state.work, settings))
  }
  added.push(...(await watchedFunctions(settings, state.work, log, (name) => warmForInspector(lambda, name))))
  const named = new Set<string>()
  for (const each of added) {
    if (named.has(each.name)) {
      throw new UsageError(
        `each function needs a name of its own, but there are two called ${each.name}; serve one of them by itself`,
      )
    }
    named.add(each.name)
    lambda.add(each)
    warmForInspector(lambda, each.name)
  }
}

/** So that a debugger finds the program before its first invocation. */
async function warmForInspector(lambda: LocalLambda, name: string): Promise<void> {
  if (!lambda.enforcesTimeouts && lambda.has(name)) {
    await lambda.warm(name).catch(() => {
      // The next invocation meets the same, and tells it to somebody.
    })
  }
}

async function listen(
  { host, port }: ServeArguments,
  lambda: LocalLambda,
  queue: EventQueue,
  log: ServeLog,
): Promise<LambdaApiServer> {
  try {
    return await LambdaApiServer.listen({
      lambda,
      queue,
      host,
      port,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      onNotice: log.notice,
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const what = code === 'EADDRINUSE' ? 'something else listens there' : message
    throw new UsageError(
      `expected to listen on ${host} port ${port}, but ${what}; choose another with --port or --host`,
      { cause: error },
    )
  }
}

async function announce(
  server: LambdaApiServer,
  { host }: ServeArguments,
  lambda: LocalLambda,
  log: ServeLog,
): Promise<void> {
  const endpoint = `http://localhost:${server.port}`
  if (!isLoopback(host)) {
    log.notice(`whoever can reach ${host} port ${server.port} can run code on this machine`)
  }
  for (const { name } of lambda.functions) {
    log.notice(`serves ${name}, also at ${endpoint}/url/${name}/`)
  }
  await writeAll(process.stdout, `lambdabin: a local Lambda, with --endpoint-url ${endpoint}\n`)
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
