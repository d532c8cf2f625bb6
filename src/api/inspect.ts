/** `inspect` of the API: what is in a deployment package, and what each part of it takes. */
import { join, resolve } from 'node:path'
import process from 'node:process'
import { endedAtOnce } from '../compiler/unfinished-work.ts'
import {
  checkCall,
  checkKinds,
  checkNames,
  FLAG,
  numberFrom,
  signalOf,
} from '../configuration/call-options.ts'
import { checkRunValues } from '../configuration/check-configuration.ts'
import { mergedRun } from '../configuration/configured-functions.ts'
import type { ConfigurationChoice } from '../configuration/load-configuration.ts'
import type { Written } from '../configuration/option.ts'
import { RUN_OPTIONS } from '../configuration/run-options.ts'
import { UsageError, usageErrorFor } from '../configuration/usage-error.ts'
import { DeploymentPackageError } from '../emulator/code/deployment-package-error.ts'
import { checkPrograms } from '../emulator/code/foreign-program.ts'
import { type CgroupHome, findCgroups, removeCgroups } from '../emulator/environments/resources/cgroup.ts'
import { type Hint, hintsFor } from '../inspect/html/hints.ts'
import { type InspectedContents, type Inspection, inspectPackage } from '../inspect/package/inspection.ts'
import type { StartMeasurement } from '../inspect/start/measure-start.ts'
import { StartError } from '../inspect/start/start-run.ts'
import { ownExecutable } from '../inspect/start/started-program.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import { defaultFunctionName, defaultHandler, onlyHandler } from './default-handler.ts'
import { eventBytes } from './event-bytes.ts'
import { type FoundPackage, findPackage, onFirstUse } from './find-package.ts'
import { openGivenLayers } from './given-layers.ts'
import { checkLayer } from './given-package.ts'
import { LambdabinError } from './lambdabin-error.ts'
import { runSettings } from './run-settings.ts'
import { withTemporaryFolder } from './temporary-folder.ts'

export interface InspectOptions extends Written<typeof RUN_OPTIONS> {
  /** A deployment package, a zip or a folder; or the name of a configured function, which is built. */
  readonly package: string
  /** A configuration, the path of its file, or `false` for none. By default the one that holds in `cwd`. */
  readonly config?: ConfigurationChoice
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Measures its starts, too: where their time goes. */
  readonly start?: boolean | undefined
  /** How many starts are measured of each kind. By default 5. */
  readonly runs?: number | undefined
  /** What the first invocation of each start gets: a value, or JSON as bytes. By default there is none. */
  readonly event?: unknown
  /** The handler setting. By default the function's name. */
  readonly handler?: string | undefined
  /** Ends the inspection. */
  readonly signal?: AbortSignal | undefined
}

export type InspectResult =
  | {
      readonly ok: true
      readonly inspection: Inspection
      /** Where it was asked for. */
      readonly start?: StartMeasurement
      /** What could be done about its size and its starts; those that save most first. */
      readonly hints: readonly Hint[]
    }
  | { readonly ok: false; readonly error: LambdabinError }

/** What there is to tell of a package. */
export type Inspected = Omit<Extract<InspectResult, { ok: true }>, 'ok'>

/**
 * Looks into a package that lambdabin has built, and runs it where its starts are to be measured. Never rejects; for what is no
 * such package the error's code is `USAGE`, and for a function that does not start `FUNCTION`.
 */
export async function inspect(options: InspectOptions): Promise<InspectResult> {
  const signal = signalOf(options)
  try {
    checkCall('inspect', options, ['package'])
    checkKinds('inspect', options, { start: FLAG, runs: numberFrom(1, MOST_RUNS) })
    checkNames('inspect', options, [...OWN_OPTIONS, ...Object.keys(RUN_OPTIONS)])
    signal?.throwIfAborted()
    return { ok: true, ...(await endedAtOnce(signal, () => inspectOnce(options))) }
  } catch (error) {
    return { ok: false, error: asLambdabinError(error, signal) }
  }
}

async function inspectOnce({ package: given, config, cwd, ...options }: InspectOptions): Promise<Inspected> {
  const folder = resolve(cwd ?? process.cwd())
  const found = await findPackage(given, { folder, configuration: onFirstUse(config, folder, 'inspect') })
  return await withTemporaryFolder(async (workFolder) => {
    const contents = await inspectPackage(found.path, workFolder)
    const { inspection } = contents
    if (!options.start) {
      return { inspection, hints: hintsFor(inspection, undefined) }
    }
    const start = await measure(contents, found, { ...options, folder }, workFolder)
    return { inspection, start, hints: hintsFor(inspection, start) }
  }).catch((error) => {
    throw explained(error)
  })
}

function explained(error: unknown): unknown {
  return error instanceof StartError
    ? new LambdabinError('FUNCTION', error.message, { cause: error })
    : usageErrorFor(error, DeploymentPackageError)
}

const DEFAULT_RUNS = 5
const MOST_RUNS = 100
/** A start may take longer here than Lambda's own limit of an invocation. */
const LEAST_TIMEOUT_MS = 30_000

type MeasureOptions = Omit<InspectOptions, 'package' | 'config' | 'cwd'> & { readonly folder: string }

const OWN_OPTIONS = ['package', 'config', 'cwd', 'start', 'runs', 'event', 'handler', 'signal']

async function measure(
  contents: InspectedContents,
  found: FoundPackage,
  { start: _start, runs, event, handler: named, signal, folder, ...own }: MeasureOptions,
  workFolder: string,
): Promise<StartMeasurement> {
  const merged = mergedRun(found.run, checkRunValues(own, folder, 'inspect', OWN_OPTIONS))
  const { timeoutSeconds, memorySizeMb, environment, region, layers } = runSettings(merged)
  const layersFolder = await openGivenLayers(layers, workFolder)
  const handler = await startedHandler(contents, named, layersFolder)
  await checkPrograms(contents.inspection.path, contents.opened, layersFolder)
  // With esbuild, for who asks for starts only.
  const { measureStart } = await import('../inspect/start/measure-start.ts')
  const cgroups = merged.memory === undefined ? undefined : availableCgroups()
  try {
    return await measureStart(
      contents,
      {
        ...{ runs: runs ?? DEFAULT_RUNS, handler, functionName: defaultFunctionName(handler), memorySizeMb },
        ...{ timeoutMs: Math.max(LEAST_TIMEOUT_MS, timeoutSeconds * 1000), environment, region, cgroups },
        layersFolder: layersFolder ?? join(workFolder, 'opt'),
        event: event === undefined ? undefined : eventBytes(event),
        signal,
      },
      workFolder,
    )
  } finally {
    if (cgroups !== undefined) {
      removeCgroups(cgroups)
    }
  }
}

/** Rejects with a UsageError where there is nothing to start. */
async function startedHandler(
  contents: InspectedContents,
  named: string | undefined,
  layersFolder: string | undefined,
): Promise<string> {
  const own = ownExecutable(contents)
  if (own !== undefined) {
    return named ?? onlyHandler(own, contents.parts.executables.get(own)?.record?.handlers)
  }
  const { inspection, opened, parts } = contents
  if (parts.layered.size === 0) {
    throw new UsageError(
      `expected a package with a function, but ${inspection.path} is a layer; name a function that is built with --for-layer, and give this one with --layer`,
    )
  }
  await checkLayer(inspection.path, opened, layersFolder)
  return named ?? (await defaultHandler(opened))
}

/** Undefined where this user may make none: the start then has whatever processor there is, and says so. */
function availableCgroups(): CgroupHome | undefined {
  try {
    return findCgroups()
  } catch {
    return undefined
  }
}
