/**
 * `lambdabin serve`: a Lambda on this machine, for the AWS CLI, SDKs, browsers and editors.
 *
 * On stdout there is one line when it is ready. The functions' logs, and what there is to say besides, are on stderr.
 * It runs until SIGINT or SIGTERM, and then ends everything it has started; a second signal ends it at once.
 */

import { openGivenLayers } from '../../api/given-layers.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { CodeBuckets } from '../../emulator/code/code-buckets.ts'
import { removeCgroups } from '../../emulator/environments/resources/cgroup.ts'
import type { EventSourcePoller } from '../../emulator/event-sources/event-source-poller.ts'
import type { FunctionStore } from '../../emulator/functions/function-store.ts'
import type { LocalFunction } from '../../emulator/functions/local-function.ts'
import { isLoopback } from '../../emulator/http/host-names.ts'
import { LambdaApiServer, type LambdaApiServerOptions } from '../../emulator/lambda-api/lambda-api-server.ts'
import type { LocalLambda } from '../../emulator/local-lambda.ts'
import { Page } from '../../emulator/page/page.ts'
import { StateFolder, StateFolderError } from '../../emulator/state-folder.ts'
import { ignoreClosedPipe, writeAll } from '../output.ts'
import { parseServeArguments, type ServeArguments } from './serve-arguments.ts'
import { packagedFunction } from './serve-functions.ts'
import { createLambda, createRoutes, createSources, type ServedLambda } from './serve-lambda.ts'
import { createServeLog, isColoured, type ServeLog } from './serve-log.ts'
import { watchedFunctions } from './serve-watch.ts'
import { onTermination } from './termination.ts'

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
  const served = await createLambda(settings, state, log)
  const { lambda, store, queue, cgroups } = served
  const termination = onTermination(() => lambda.pool.kill())
  let sources: EventSourcePoller[] = []
  try {
    await addFunctions(lambda, settings, state, store, log)
    sources = createSources(settings, lambda, log)
    const page = settings.hasPage ? createPage(settings, state, served) : undefined
    const server = await listen(settings, {
      ...{ lambda, queue, page },
      buckets: new CodeBuckets(settings.buckets),
      sources: () => sources.map(({ description }) => description),
      routes: await createRoutes(settings, lambda, log),
      onNotice: log.notice,
    })
    try {
      served.endpoints.AWS_ENDPOINT_URL_LAMBDA ??= `http://127.0.0.1:${server.port}`
      await queue.load()
      for (const source of sources) {
        source.start()
      }
      await announce(server, settings, served, log, page)
      await termination.asked
    } finally {
      queue.close()
      page?.close()
      await server.close()
    }
  } finally {
    await lambda.pool.close()
    await Promise.all(sources.map((source) => source.close()))
    await lambda.close()
    if (cgroups !== undefined) {
      removeCgroups(cgroups)
    }
    termination.forget()
  }
}

function createPage(
  { routesFile }: ServeArguments,
  { failed }: StateFolder,
  { lambda, queue, history }: ServedLambda,
): Page {
  // Routes may have a `/` of their own.
  const path = routesFile === undefined ? '/' : '/lambdabin/page/'
  return new Page({ lambda, queue, history, failedFolder: failed, path })
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
  const layers = await openGivenLayers(settings.layers, state.work)
  const added: LocalFunction[] = []
  for (const path of settings.packages) {
    added.push(await packagedFunction(path, state.work, settings, layers))
  }
  const onBuilt = (name: string) => warmForInspector(lambda, name)
  added.push(...(await watchedFunctions(settings, state.work, layers, log, onBuilt)))
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
    await lambda.invoker.warm(name).catch(() => {
      // The next invocation meets the same, and tells it to somebody.
    })
  }
}

async function listen(
  { host, port }: ServeArguments,
  options: Omit<LambdaApiServerOptions, 'host' | 'port' | 'requestTimeoutMs'>,
): Promise<LambdaApiServer> {
  try {
    return await LambdaApiServer.listen({ ...options, host, port, requestTimeoutMs: REQUEST_TIMEOUT_MS })
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
  { lambda }: ServedLambda,
  log: ServeLog,
  page: Page | undefined,
): Promise<void> {
  const endpoint = `http://localhost:${server.port}`
  if (!isLoopback(host)) {
    log.notice(`whoever can reach ${host} port ${server.port} can run code on this machine`)
  }
  if (lambda.sandboxKind !== 'mount namespace') {
    log.notice(
      'this system gives functions no view of their own: paths are the host’s, they can write wherever you can, ' +
        'and TMPDIR names their folder for temporary files',
    )
  }
  for (const { name } of lambda.functions) {
    log.notice(`serves ${name}, also at ${endpoint}/url/${name}/`)
  }
  if (page !== undefined) {
    log.notice(`a page to see it by: ${page.link(endpoint)}`)
  }
  await writeAll(process.stdout, `lambdabin: a local Lambda, with --endpoint-url ${endpoint}\n`)
}
