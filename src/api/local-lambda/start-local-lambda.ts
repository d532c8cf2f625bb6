/** Starts a local Lambda with all of its parts, and ends it with them. */

import { StubbedNetwork, tellUnanswered } from '../../compiler/local-run/stubbed-network.ts'
import { UsageError, usageErrorFor } from '../../configuration/usage-error.ts'
import { CodeBuckets } from '../../emulator/code/code-buckets.ts'
import { removeCgroups } from '../../emulator/environments/resources/cgroup.ts'
import type { EventSourcePoller } from '../../emulator/event-sources/event-source-poller.ts'
import type { FunctionStore } from '../../emulator/functions/function-store.ts'
import { LambdaApiServer, type LambdaApiServerOptions } from '../../emulator/lambda-api/lambda-api-server.ts'
import type { LocalLambda as EmulatedLambda } from '../../emulator/local-lambda.ts'
import { Page } from '../../emulator/page/page.ts'
import { holderOfPort } from '../../emulator/socket-holder.ts'
import { StateFolder, StateFolderError } from '../../emulator/state-folder.ts'
import type { ServedFunction } from './handler-choice.ts'
import { createLambda, createRoutes, createSources, type ServedLambda } from './lambda-parts.ts'
import type { LambdaLog, LocalLambdaSettings } from './local-lambda-settings.ts'
import { packagedFunction } from './served-functions.ts'
import { watchedFunctions } from './watched-functions.ts'

const REQUEST_TIMEOUT_MS = 60_000

export interface StartedLambda {
  readonly lambda: EmulatedLambda
  readonly port: number
  /** Where the page to see it by is; undefined for none. */
  readonly pageLink: string | undefined
  /** What answers the functions' requests to others; undefined where those do. */
  readonly network: StubbedNetwork | undefined
  /** Ends all that was started, in order. */
  close(): Promise<void>
}

/**
 * Rejects with a UsageError. `onStarting` gets a function that ends the functions' processes at once, before any has been
 * started.
 */
export async function startLocalLambda(
  settings: LocalLambdaSettings,
  log: LambdaLog,
  onStarting: (kill: () => void) => void = () => {},
): Promise<StartedLambda> {
  const closing = new Closing()
  try {
    const state = await openState(settings)
    closing.add(() => state.close())
    const network = await openNetwork(settings, state, log)
    closing.add(async () => network?.close())
    const served = await createLambda(settings, state, log, network)
    const { lambda, store, queue, cgroups } = served
    onStarting(() => lambda.pool.kill())
    closing.add(async () => {
      await lambda.close()
      if (cgroups !== undefined) {
        removeCgroups(cgroups)
      }
    })
    let sources: EventSourcePoller[] = []
    closing.add(async () => {
      await lambda.pool.close()
      await Promise.all(sources.map((source) => source.close()))
    })
    const added = await addFunctions(lambda, settings, state, store, log)
    sources = createSources(settings, lambda, log)
    const page = settings.hasPage ? createPage(settings, state, served) : undefined
    const server = await listen(settings, {
      ...{ lambda, queue, page },
      buckets: new CodeBuckets(settings.buckets),
      sources: () => sources.map(({ description }) => description),
      routes: await createRoutes(settings, lambda, added, log),
      onNotice: log.notice,
    })
    closing.add(async () => {
      queue.close()
      page?.close()
      await server.close()
    })
    served.endpoints.AWS_ENDPOINT_URL_LAMBDA ??= `http://127.0.0.1:${server.port}`
    await queue.load()
    for (const source of sources) {
      source.start()
    }
    const { port } = server
    const pageLink = page?.link(`http://localhost:${port}`)
    return { lambda, port, pageLink, network, close: () => closing.close() }
  } catch (error) {
    await closing.close()
    throw error
  }
}

/** What has to be ended, the latest first. */
class Closing {
  readonly #steps: (() => Promise<void>)[] = []
  #closed: Promise<void> | undefined

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step)
  }

  close(): Promise<void> {
    this.#closed ??= this.#run()
    return this.#closed
  }

  /** Each step is done, whatever becomes of the others. */
  async #run(): Promise<void> {
    let failure: { error: unknown } | undefined
    for (const step of this.#steps) {
      await step().catch((error) => {
        failure ??= { error }
      })
    }
    if (failure !== undefined) {
      throw failure.error
    }
  }
}

async function openNetwork(
  { stubs }: LocalLambdaSettings,
  state: StateFolder,
  log: LambdaLog,
): Promise<StubbedNetwork | undefined> {
  if (stubs === undefined) {
    return undefined
  }
  const told = new Set<string>()
  return await StubbedNetwork.open({
    stubs: stubs.stubs,
    workFolder: state.work,
    onRequest: (request) => {
      const message = tellUnanswered([request], stubs.file)
      // A function asks the same in each of its invocations.
      if (message !== undefined && !told.has(message)) {
        told.add(message)
        log.notice(message)
      }
    },
  })
}

function createPage(
  { routesFile }: LocalLambdaSettings,
  { failed }: StateFolder,
  { lambda, queue, history }: ServedLambda,
): Page {
  // Routes may have a `/` of their own.
  const path = routesFile === undefined ? '/' : '/lambdabin/page/'
  return new Page({ lambda, queue, history, failedFolder: failed, path })
}

async function openState({ stateFolder }: LocalLambdaSettings): Promise<StateFolder> {
  try {
    return await StateFolder.open(stateFolder)
  } catch (error) {
    throw usageErrorFor(error, StateFolderError)
  }
}

/** Those of the state first: those of the settings take the place of others of their name, until this ends. */
async function addFunctions(
  lambda: EmulatedLambda,
  settings: LocalLambdaSettings,
  state: StateFolder,
  store: FunctionStore,
  log: LambdaLog,
): Promise<ServedFunction[]> {
  for (const stored of await store.load(log.notice)) {
    lambda.add(stored)
  }
  const added: ServedFunction[] = []
  for (const each of settings.packages) {
    added.push(await packagedFunction(each, state.work, settings))
  }
  const onBuilt = (name: string) => warmForInspector(lambda, name)
  added.push(...(await watchedFunctions(settings, state.work, log, onBuilt)))
  const named = new Set<string>()
  for (const { local: each } of added) {
    if (named.has(each.name)) {
      throw new UsageError(
        `each function needs a name of its own, but there are two called ${each.name}; serve one of them by itself`,
      )
    }
    named.add(each.name)
    lambda.add(each)
    warmForInspector(lambda, each.name)
  }
  return added
}

/** So that a debugger finds the program before its first invocation. */
async function warmForInspector(lambda: EmulatedLambda, name: string): Promise<void> {
  if (!lambda.enforcesTimeouts && lambda.has(name)) {
    await lambda.invoker.warm(name).catch(() => {
      // The next invocation meets the same, and tells it to somebody.
    })
  }
}

async function listen(
  { host, port }: LocalLambdaSettings,
  options: Omit<LambdaApiServerOptions, 'host' | 'port' | 'requestTimeoutMs'>,
): Promise<LambdaApiServer> {
  try {
    return await LambdaApiServer.listen({ ...options, host, port, requestTimeoutMs: REQUEST_TIMEOUT_MS })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const what = code === 'EADDRINUSE' ? `${holderOfPort(port) ?? 'something else'} listens there` : message
    throw new UsageError(
      `expected to listen on ${host} port ${port}, but ${what}; choose another with --port or --host`,
      { cause: error },
    )
  }
}
