/** `createLocalLambda` of the API: a Lambda on this machine, for tests and tools. */
import { resolve } from 'node:path'
import process from 'node:process'
import type { FunctionRequest } from '../compiler/local-run/stubbed-network.ts'
import { abandonable, onAbandon } from '../compiler/unfinished-work.ts'
import { checkCall, guarded, signalOf } from '../configuration/call-options.ts'
import { checkRunValues, checkStub } from '../configuration/check-configuration.ts'
import { mergedRun } from '../configuration/configured-functions.ts'
import type { ConfigurationChoice } from '../configuration/load-configuration.ts'
import type { Values, Written } from '../configuration/option.ts'
import type { RUN_OPTIONS, STUB_OPTIONS } from '../configuration/run-options.ts'
import { chooseFunctions, functionOptions } from '../configuration/select-functions.ts'
import { UsageError } from '../configuration/usage-error.ts'
import type { SandboxKind } from '../sandbox/sandbox.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import { eventBytes } from './event-bytes.ts'
import { findPackage, onFirstUse, type PackageSearch } from './find-package.ts'
import { type InvocationResult, type Result, resultOf } from './invocation-result.ts'
import type { LambdabinError } from './lambdabin-error.ts'
import { checkLocalLambdaOptions } from './local-lambda/local-lambda-options.ts'
import type {
  InvokeMode,
  LambdaLog,
  LocalLambdaSettings,
  ServedPackage,
  WatchedSource,
} from './local-lambda/local-lambda-settings.ts'
import { explainNotFound } from './local-lambda/not-invoked.ts'
import { openedLog } from './local-lambda/opened-log.ts'
import { type StartedLambda, startLocalLambda } from './local-lambda/start-local-lambda.ts'
import { DEFAULT_REGION, runSettings } from './run-settings.ts'
import { deleteTemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** How it is run. What is not said here of a function, the configuration says. */
export interface LocalLambdaOptions extends Written<typeof RUN_OPTIONS>, Written<typeof STUB_OPTIONS> {
  /** Deployment packages, zips and folders; and names of configured functions, which are built. */
  readonly functions?: string | readonly string[] | undefined
  /** Sources, and names of configured functions: served without a build of an executable, and anew when they change. */
  readonly watch?: string | readonly string[] | undefined
  /** A configuration, the path of its file, or `false` for none. By default the one that holds in `cwd`. */
  readonly config?: ConfigurationChoice
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Closes it. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called for each execution environment of a function: what it returns hears what is logged there, bytes of the function's
   * and lines of Lambda's own.
   */
  readonly openLog?: ((functionName: string) => (chunk: Uint8Array | string) => void) | undefined
  /** Hears what there is to say besides, in sentences. */
  readonly onNotice?: ((message: string) => void) | undefined

  /** Where it listens. By default 127.0.0.1; whoever can reach it can run code on this machine. */
  readonly host?: string | undefined
  /** By default any that is free. */
  readonly port?: number | undefined
  /** A folder that keeps what is created over the Lambda API, and queued events. By default nothing is kept. */
  readonly state?: string | undefined
  /** The region that functions believe they are in. By default us-east-1. */
  readonly region?: string | undefined
  /** Invocations at once. By default 10. */
  readonly concurrency?: number | undefined
  /** Execution environments at once. By default as many as invocations. */
  readonly environments?: number | undefined
  /** Seconds until an asynchronous invocation that failed runs again; twice that the next time. By default 1. */
  readonly retryDelay?: number | undefined
  /** Runs watched functions with Node.js's inspector, which listens at this port, and those that follow. */
  readonly inspectPort?: number | undefined
  /** Of function URLs. By default BUFFERED. */
  readonly invokeMode?: InvokeMode | undefined
  /** Invocations at once in one environment, as of Lambda Managed Instances. */
  readonly instanceConcurrency?: number | undefined
  /** Whether each environment has the share of the machine's CPUs that its memory buys. */
  readonly cpuShare?: boolean | undefined
  /** Of buckets with code, a folder or an endpoint's URL each. */
  readonly s3?: Readonly<Record<string, string>> | undefined
  /** A file of routes, or a template of SAM or CDK. */
  readonly routes?: string | undefined
  /** Of functions, the queue that each polls: a URL or a folder. */
  readonly sources?: Readonly<Record<string, string>> | undefined
  /** How many messages a function gets of its queue at most. By default 10. */
  readonly batchSize?: number | undefined
  /** Variables that each function has. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined
  /** Whether there is a page to see it by. */
  readonly page?: boolean | undefined
}

export type LocalLambdaResult =
  | { readonly ok: true; readonly lambda: LocalLambda }
  | { readonly ok: false; readonly error: LambdabinError }

/** Starts a local Lambda. Never rejects, and has no output of its own. */
export async function createLocalLambda(options: LocalLambdaOptions = {}): Promise<LocalLambdaResult> {
  const signal = signalOf(options)
  try {
    checkCall('createLocalLambda', options)
    checkLocalLambdaOptions(options)
    signal?.throwIfAborted()
    return { ok: true, lambda: await abandonable(undefined, () => start(options)) }
  } catch (error) {
    return { ok: false, error: asLambdabinError(error, signal) }
  }
}

async function start(options: LocalLambdaOptions): Promise<LocalLambda> {
  const { state, openLog = () => () => {}, onNotice = () => {}, signal } = options
  const temporary = state === undefined ? temporaryFolder() : undefined
  const removeFolder = () => {
    if (temporary !== undefined) {
      deleteTemporaryFolder(temporary)
    }
  }
  const forget = [onAbandon(removeFolder)]
  const onClosed = () => {
    removeFolder()
    for (const each of forget) {
      each()
    }
  }
  try {
    const settings = await settingsOf(options, temporary ?? String(state))
    const notice = guarded('onNotice', onNotice, () => {})
    const log: LambdaLog = {
      open: (name) => openedLog(openLog, name, notice),
      notice,
    }
    const started = await startLocalLambda(settings, log, (kill) => forget.push(onAbandon(kill)))
    const lambda = new LocalLambda(started, onClosed)
    signal?.addEventListener('abort', () => lambda.close(), { once: true })
    if (signal?.aborted) {
      await lambda.close()
      throw signal.reason
    }
    return lambda
  } catch (error) {
    onClosed()
    throw error
  }
}

export interface LocalInvokeOptions {
  /** A version or an alias. By default `$LATEST`. */
  readonly qualifier?: string | undefined
  /** Ends waiting for it. */
  readonly signal?: AbortSignal | undefined
}

/** A Lambda on this machine, until it is closed. */
export class LocalLambda implements AsyncDisposable {
  /** For the AWS CLI and SDKs: `http://127.0.0.1:9000`. */
  readonly endpoint: string
  readonly port: number
  /** What functions see of this machine. */
  readonly sandbox: SandboxKind
  /** Where the page to see it by is. */
  readonly pageLink: string | undefined
  readonly #started: StartedLambda
  readonly #onClosed: () => void
  #closed: Promise<void> | undefined

  constructor(started: StartedLambda, onClosed: () => void) {
    this.port = started.port
    this.endpoint = `http://127.0.0.1:${started.port}`
    this.sandbox = started.lambda.sandboxKind
    this.pageLink = started.pageLink
    this.#started = started
    this.#onClosed = onClosed
  }

  /** The functions that there are, by name. */
  get functions(): readonly string[] {
    return [...this.#started.lambda.functions].map(({ name }) => name)
  }

  /** Where there are stubs: the last thousand requests that functions made of others, in order. */
  get requests(): readonly FunctionRequest[] {
    return this.#started.network?.requests ?? []
  }

  /** Invokes a function with an event: a value, or JSON as bytes. Never rejects. */
  async invoke<Payload = unknown>(
    name: string,
    event?: unknown,
    options: LocalInvokeOptions = {},
  ): Promise<InvocationResult<Payload>> {
    const signal = signalOf(options)
    try {
      checkCall('invoke', options)
      signal?.throwIfAborted()
      if (this.#closed !== undefined) {
        throw new UsageError(
          'expected a local Lambda that is open, but this one is closed; invoke before that',
        )
      }
      const { qualifier } = options
      const { invoker } = this.#started.lambda
      const started = await invoker.invoke(name, { event: eventBytes(event), qualifier, signal })
      const result = await resultOf(await started.outcome, () => {})
      const logs = (await started.logTail).toString()
      return signal?.aborted
        ? { ok: false, error: asLambdabinError(signal.reason, signal), logs }
        : { ...(result as Result<Payload>), logs }
    } catch (thrown) {
      const error = explainNotFound(thrown, name, options?.qualifier, this.functions)
      return { ok: false, error: asLambdabinError(error, signal), logs: '' }
    }
  }

  /** The URL of a function, as of AWS's function URLs. */
  url(name: string): string {
    return `${this.endpoint}/url/${name}/`
  }

  /** Ends all that it has started. */
  close(): Promise<void> {
    this.#closed ??= this.#started.close().finally(this.#onClosed)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

async function settingsOf(options: LocalLambdaOptions, stateFolder: string): Promise<LocalLambdaSettings> {
  const { concurrency = 10, retryDelay = 1, sources = {}, s3 = {} } = options
  return {
    ...(await functionsOf(options)),
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    stateFolder,
    region: options.region ?? DEFAULT_REGION,
    concurrency,
    environments: options.environments ?? concurrency,
    retryDelaysMs: [retryDelay * 1000, 2 * retryDelay * 1000],
    inspectorPort: options.inspectPort,
    invokeMode: options.invokeMode ?? 'BUFFERED',
    instanceConcurrency: options.instanceConcurrency,
    cpuShare: options.cpuShare ?? false,
    buckets: new Map(Object.entries(s3)),
    routesFile: options.routes,
    sources: Object.entries(sources),
    batchSize: options.batchSize ?? 10,
    endpoints: options.endpoints ?? {},
    hasPage: options.page ?? false,
    stubs: checkStub(options, resolve(options.cwd ?? process.cwd()), 'createLocalLambda'),
  }
}

async function functionsOf({
  cwd,
  config,
  functions = [],
  watch = [],
  ...options
}: LocalLambdaOptions): Promise<Pick<LocalLambdaSettings, 'packages' | 'watched'>> {
  const folder = resolve(cwd ?? process.cwd())
  const { timeout, memory, env, envFile, layer } = options
  const own = checkRunValues({ timeout, memory, env, envFile, layer }, folder, 'createLocalLambda', [])
  const search = { folder, configuration: onFirstUse(config, folder, 'serve') }
  const packages: ServedPackage[] = []
  for (const given of [functions].flat()) {
    const { path, run } = await findPackage(given, search)
    packages.push({ path, run: runSettings(mergedRun(run, own)) })
  }
  return { packages, watched: await watchedSources([watch].flat(), own, search) }
}

async function watchedSources(
  watch: readonly string[],
  own: Values<typeof RUN_OPTIONS>,
  { folder, configuration: load }: PackageSearch,
): Promise<WatchedSource[]> {
  if (watch.length === 0) {
    return []
  }
  const configuration = await load()
  const chosen = await chooseFunctions(configuration, {
    wanted: watch,
    values: { run: own },
    folder,
    place: ' after --watch',
  })
  return chosen.map((each, index) => {
    const { name, entry, bundle, include } = functionOptions(each, folder, configuration?.folder ?? folder)
    return {
      path: watch[index] ?? entry,
      name,
      entry,
      bundle,
      include,
      run: runSettings(each.values.run ?? {}),
    }
  })
}
