/** The parts of a local Lambda, put together as its settings say. */

import type { StubbedNetwork } from '../../compiler/local-run/stubbed-network.ts'
import { UsageError, usageErrorFor } from '../../configuration/usage-error.ts'
import { EventQueue } from '../../emulator/asynchronous/event-queue.ts'
import type { CgroupHome } from '../../emulator/environments/resources/cgroup.ts'
import { findCgroups } from '../../emulator/environments/resources/cgroup.ts'
import { EventSourcePoller } from '../../emulator/event-sources/event-source-poller.ts'
import { FolderQueue } from '../../emulator/event-sources/folder-queue.ts'
import { SqsQueue } from '../../emulator/event-sources/sqs-queue.ts'
import { FunctionStore } from '../../emulator/functions/function-store.ts'
import { InvocationHistory } from '../../emulator/invocation-history.ts'
import { LayerStore } from '../../emulator/layers/layer-store.ts'
import { LocalLambda } from '../../emulator/local-lambda.ts'
import { HttpApi, readHttpApi } from '../../emulator/routes/http-api.ts'
import { HttpApiError } from '../../emulator/routes/http-api-definition.ts'
import type { StateFolder } from '../../emulator/state-folder.ts'
import { accountId } from '../../runtime-api/invocation.ts'
import { findSandbox } from '../../sandbox/find-sandbox.ts'
import type { ServedFunction } from './handler-choice.ts'
import type { LambdaLog, LocalLambdaSettings } from './local-lambda-settings.ts'
import { followTemplate } from './template-functions.ts'

const IDLE_MS = 5 * 60_000

export interface ServedLambda {
  lambda: LocalLambda
  store: FunctionStore
  queue: EventQueue
  history: InvocationHistory
  cgroups: CgroupHome | undefined
  /** Variables that each function has: `AWS_ENDPOINT_URL_LAMBDA` is known once the port is. */
  endpoints: Record<string, string>
}

export async function createLambda(
  settings: LocalLambdaSettings,
  state: StateFolder,
  log: LambdaLog,
  network: StubbedNetwork | undefined,
): Promise<ServedLambda> {
  const { concurrency, environments, region, retryDelaysMs } = settings
  const store = await FunctionStore.open(state.functions)
  const arnPrefix = `arn:aws:lambda:${region}:${accountId}:layer:`
  const layers = await LayerStore.open(state.layers, state.work, arnPrefix, log.notice)
  const history = new InvocationHistory()
  const endpoints = { ...settings.endpoints }
  const cgroups = settings.cpuShare ? cgroupsOrNotice(log) : undefined
  const lambda = new LocalLambda({
    region,
    pool: { concurrency, environments, idleMs: IDLE_MS },
    store,
    layers,
    history: settings.hasPage ? history : undefined,
    workFolder: state.work,
    sandbox: findSandbox(state.work),
    cgroups,
    enforcesTimeouts: settings.inspectorPort === undefined,
    environment: endpoints,
    preload: network?.preload,
    openLog: log.open,
    onProblem: (error) => log.notice(describe(error)),
  })
  const queue = new EventQueue({
    lambda,
    folder: state.queue,
    failedFolder: state.failed,
    destinationsFolder: state.destinations,
    retryDelaysMs,
    onNotice: log.notice,
  })
  return { lambda, store, queue, history, cgroups, endpoints }
}

/** Of the functions that are there, with the handlers and settings that a template has for those that are `served`. Rejects with a UsageError. */
export async function createRoutes(
  { routesFile }: LocalLambdaSettings,
  lambda: LocalLambda,
  served: readonly ServedFunction[],
  log: LambdaLog,
): Promise<HttpApi | undefined> {
  if (routesFile === undefined) {
    return undefined
  }
  try {
    const definition = await readHttpApi(routesFile)
    const routes = new HttpApi(lambda, definition, log.notice)
    for (const each of followTemplate(served, definition.functions ?? [])) {
      if (!lambda.has(each.name)) {
        lambda.add(each)
      }
    }
    for (const { key, functionNames } of routes.routes) {
      if (!functionNames.some((name) => lambda.has(name))) {
        log.notice(
          `the route ${key} is for the function ${functionNames[0]}, which is not there yet; serve or create it`,
        )
      }
    }
    return routes
  } catch (error) {
    throw usageErrorFor(error, HttpApiError)
  }
}

/** Throws a UsageError for a function that is not there. */
export function createSources(
  { sources, batchSize, region }: LocalLambdaSettings,
  lambda: LocalLambda,
  log: LambdaLog,
): EventSourcePoller[] {
  return sources.map(([functionName, place]) => {
    if (!lambda.has(functionName)) {
      throw new UsageError(
        `expected --source with a function that is served, but got ${functionName}; serve it, or correct the name`,
      )
    }
    const queue = /^https?:/.test(place) ? new SqsQueue(place, region) : new FolderQueue(place)
    return new EventSourcePoller({ lambda, functionName, queue, batchSize, onNotice: log.notice })
  })
}

function cgroupsOrNotice(log: LambdaLog): CgroupHome | undefined {
  try {
    return findCgroups()
  } catch (error) {
    log.notice(`--cpu-share has no effect: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
