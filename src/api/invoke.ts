/** `invoke` of the API: runs a deployment package as Lambda would, for one event. */
import { resolve } from 'node:path'
import process from 'node:process'
import type { StubbedNetwork } from '../compiler/local-run/stubbed-network.ts'
import { abandonable, onAbandon } from '../compiler/unfinished-work.ts'
import { callbackFailure, checkCall, guarded, signalOf } from '../configuration/call-options.ts'
import { checkRunValues, checkStub } from '../configuration/check-configuration.ts'
import { mergedRun } from '../configuration/configured-functions.ts'
import type { ConfigurationChoice } from '../configuration/load-configuration.ts'
import type { Written } from '../configuration/option.ts'
import type { RUN_OPTIONS, STUB_OPTIONS } from '../configuration/run-options.ts'
import type { ExecutionEnvironmentOptions } from '../emulator/environments/environment-parts.ts'
import { ExecutionEnvironment } from '../emulator/environments/execution-environment.ts'
import { createInvocation, functionArn } from '../runtime-api/invocation.ts'
import { findSandbox } from '../sandbox/find-sandbox.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import { defaultFunctionName, defaultHandler } from './default-handler.ts'
import { eventBytes } from './event-bytes.ts'
import { findPackage, onFirstUse } from './find-package.ts'
import { openGivenLayers } from './given-layers.ts'
import { openGivenPackage } from './given-package.ts'
import { type InvocationResult, type Result, resultOf } from './invocation-result.ts'
import { runSettings } from './run-settings.ts'
import { withTemporaryFolder } from './temporary-folder.ts'

export interface InvokeOptions extends Written<typeof RUN_OPTIONS>, Written<typeof STUB_OPTIONS> {
  /** A deployment package, a zip or a folder; or the name of a configured function, which is built. */
  readonly package: string
  /** What the function gets: a value, or JSON as bytes. By default an empty object. */
  readonly event?: unknown
  /** The handler setting. By default the function's name. */
  readonly handler?: string | undefined
  /** A configuration, the path of its file, or `false` for none. By default the one that holds in `cwd`. */
  readonly config?: ConfigurationChoice
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Ends the invocation with all that it has started. */
  readonly signal?: AbortSignal | undefined
  /** Hears what the function logs, and Lambda's own lines, as they come. */
  readonly onLog?: ((chunk: Uint8Array) => void) | undefined
  /** Hears the response as it comes; the next piece comes when it resolves. */
  readonly onResponse?: ((chunk: Uint8Array) => void | Promise<void>) | undefined
}

/**
 * Starts a function as Lambda does, and sends it one event. Never rejects. Whatever happens, the function's processes are
 * ended, and the folders made for it deleted.
 */
export async function invoke<Payload = unknown>(options: InvokeOptions): Promise<InvocationResult<Payload>> {
  const signal = signalOf(options)
  try {
    checkCall('invoke', options, ['package'])
  } catch (error) {
    return { ok: false, error: asLambdabinError(error, signal), logs: '' }
  }
  const { onLog = () => {} } = options
  const logged: Buffer[] = []
  const failing = new AbortController()
  const hear = guarded('onLog', onLog, (error) => failing.abort(error))
  const log = (chunk: Uint8Array | string) => {
    const bytes = Buffer.from(chunk)
    logged.push(bytes)
    hear(bytes)
  }
  const ends = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal])
  const result = await abandonable(ends, () => invokeOnce(options, log)).catch((error) => ({
    ok: false as const,
    error: asLambdabinError(error, signal),
  }))
  const logs = Buffer.concat(logged).toString()
  // Whatever came of it then, it is because it was ended.
  return ends.aborted
    ? { ok: false, error: asLambdabinError(ends.reason, signal), logs }
    : { ...(result as Result<Payload>), logs }
}

async function invokeOnce(
  { event, onResponse = () => {}, signal, ...options }: InvokeOptions,
  log: (chunk: Uint8Array | string) => void,
): Promise<Result> {
  signal?.throwIfAborted()
  const bytes = eventBytes(event)
  return await withTemporaryFolder(async (workFolder) => {
    const environment = { ...(await environmentOptions(options, workFolder)), log }
    const network = await openNetwork(options, workFolder)
    try {
      const result = await run(bytes, { ...environment, preload: network?.preload }, async (chunk) => {
        try {
          await onResponse(chunk)
        } catch (error) {
          throw callbackFailure('onResponse', error)
        }
      })
      return network === undefined ? result : { ...result, requests: network.requests }
    } finally {
      await network?.close()
    }
  })
}

/** Who answers what the function asks others; undefined for those others. */
async function openNetwork(
  { stub, cwd }: Pick<InvokeOptions, 'stub' | 'cwd'>,
  workFolder: string,
): Promise<StubbedNetwork | undefined> {
  const given = checkStub({ stub }, resolve(cwd ?? process.cwd()), 'invoke')
  if (given === undefined) {
    return undefined
  }
  const { StubbedNetwork } = await import('../compiler/local-run/stubbed-network.ts')
  return await StubbedNetwork.open({ ...given, workFolder })
}

const OWN_OPTIONS = ['package', 'event', 'handler', 'config', 'cwd', 'signal', 'onLog', 'onResponse', 'stub']

async function environmentOptions(
  {
    package: given,
    handler: named,
    config,
    cwd,
    onLog: _onLog,
    stub: _stub,
    ...run
  }: Omit<InvokeOptions, 'event' | 'signal'>,
  workFolder: string,
): Promise<Omit<ExecutionEnvironmentOptions, 'log'>> {
  const folder = resolve(cwd ?? process.cwd())
  const own = checkRunValues(run, folder, 'invoke', OWN_OPTIONS)
  const found = await findPackage(given, { folder, configuration: onFirstUse(config, folder, 'invoke') })
  const { timeoutSeconds, memorySizeMb, environment, region, layers } = runSettings(mergedRun(found.run, own))
  const layersFolder = await openGivenLayers(layers, workFolder)
  const deploymentPackage = await openGivenPackage(found.path, workFolder, layersFolder)
  const handler = named ?? (await defaultHandler(deploymentPackage))
  return {
    functionName: defaultFunctionName(handler),
    version: '$LATEST',
    handler,
    memorySizeMb,
    timeoutMs: timeoutSeconds * 1000,
    region,
    environment,
    taskRoot: deploymentPackage.folder,
    layersFolder,
    workFolder,
    sandbox: findSandbox(workFolder),
  }
}

async function run(
  event: Uint8Array,
  options: ExecutionEnvironmentOptions,
  onResponse: NonNullable<InvokeOptions['onResponse']>,
): Promise<Result> {
  const environment = await ExecutionEnvironment.create(options)
  const forget = onAbandon(() => environment.kill())
  try {
    await environment.init()
    const arn = functionArn(options.region, options.functionName)
    const { outcome, done } = environment.invoke(createInvocation(event, arn))
    const result = await resultOf(await outcome, onResponse)
    await done
    return result
  } finally {
    await environment.shutdown()
    forget()
  }
}
