/** Which functions a build is for, each with all of its options: those that the configuration has, and those given besides. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { FunctionNameError, functionName } from '../compiler/function-name.ts'
import type { FunctionOptions } from '../compiler/function-options.ts'
import { FOUND_HOSTS } from '../compiler/prime/found-hosts.ts'
import type { BUILD_OPTIONS } from './build-options.ts'
import type { FunctionValues } from './check-configuration.ts'
import { type ConfiguredFunction, configuredFunctions, merged } from './configured-functions.ts'
import { readFunctionEntry } from './function-entry.ts'
import type { LoadedConfiguration } from './load-configuration.ts'
import { remedyFor } from './nearest-name.ts'
import type { Values } from './option.ts'
import { variablesOf } from './run-options.ts'
import { UsageError, usageErrorFor } from './usage-error.ts'

export interface Selection {
  /** Names of configured functions, and paths of entries; none for all that the configuration has. */
  readonly wanted: readonly string[]
  /** What counts more than the configuration. */
  readonly values: FunctionValues
  /** What relative paths start at. */
  readonly folder: string
  /** Where on the command line entries were named, as in ` after --watch`. */
  readonly place?: string
}

/** As the compiler takes them. `build` is what the configuration says of a build, with what counts more. Rejects with a {@link UsageError}. */
export async function selectFunctions(
  configuration: LoadedConfiguration | undefined,
  { build, folder, ...choice }: Selection & { readonly build: Values<typeof BUILD_OPTIONS> },
): Promise<FunctionOptions[]> {
  const chosen = await chooseFunctions(configuration, { ...choice, folder })
  const root = configuration?.folder ?? folder
  const outDir = build.into ?? build.outDir ?? resolve(root, 'dist')
  const isForced = build.force ?? false
  const isFileGiven = choice.values.run?.envFile !== undefined
  const functions = isFileGiven ? chosen : chosen.map(withoutMissingFile)
  return functions.map((each) => ({ ...functionOptions(each, outDir, root), isForced }))
}

/** A file of variables that a configuration names may be its author's own: where others build, as in CI, it is not there. */
function withoutMissingFile(chosen: ConfiguredFunction): ConfiguredFunction {
  const { values } = chosen
  if (values.run?.envFile === undefined || existsSync(values.run.envFile)) {
    return chosen
  }
  const { envFile: _missing, ...run } = values.run
  return { ...chosen, values: { ...values, run } }
}

/** Each function with all that is said of it. Rejects with a {@link UsageError}. */
export async function chooseFunctions(
  configuration: LoadedConfiguration | undefined,
  selection: Selection,
): Promise<ConfiguredFunction[]> {
  const { wanted, values } = selection
  const configured = configuration === undefined ? [] : configuredFunctions(configuration)
  const found =
    wanted.length === 0
      ? all(configured, configuration)
      : await Promise.all(wanted.map((each) => find(each, configured, configuration, selection)))
  if (values.name !== undefined && found.length > 1) {
    throw new UsageError(
      `--name names one function, and ${found.length} entries were given; build them one by one, or without --name`,
    )
  }
  const given = values.name
  const functions = found.map((each) => ({
    ...each,
    name: given === undefined ? each.name : checkedName(given),
    values: merged(each.values, values),
  }))
  checkNamesDiffer(functions)
  return functions
}

function checkedName(given: string): string {
  try {
    return functionName('entry.ts', { given })
  } catch (error) {
    throw usageErrorFor(error, FunctionNameError)
  }
}

function all(
  configured: readonly ConfiguredFunction[],
  configuration: LoadedConfiguration | undefined,
): readonly ConfiguredFunction[] {
  if (configured.length > 0) {
    return configured
  }
  throw new UsageError(
    configuration === undefined
      ? 'expected the file of a function, such as src/functions/orders.ts, or a lambdabin.config.ts with functions; see lambdabin build --help'
      : `expected the file of a function, such as src/functions/orders.ts, and ${configuration.named} has no functions; name them there, or on the command line`,
  )
}

async function find(
  wanted: string,
  configured: readonly ConfiguredFunction[],
  configuration: LoadedConfiguration | undefined,
  { values, folder, place }: Selection,
): Promise<ConfiguredFunction> {
  const known = configured.find(({ name, entry }) => name === wanted || entry === resolve(folder, wanted))
  if (known !== undefined) {
    return known
  }
  if (configured.length > 0 && /^[\w-]+$/.test(wanted)) {
    const names = configured.map(({ name }) => name)
    throw new UsageError(`${configuration?.named} has no function ${wanted}; ${remedyFor(wanted, names)}`)
  }
  const entry = await readFunctionEntry(wanted, { name: values.name, folder, ...(place && { place }) })
  return { ...entry, values: configuration?.defaults ?? {} }
}

/** As the compiler takes them, with what holds where nothing is said. */
export function functionOptions(
  { name, entry, values }: ConfiguredFunction,
  outDir: string,
  root: string,
): FunctionOptions {
  if (values.sbom && values.only === 'folder') {
    throw new UsageError(
      `--sbom is for a zip, and --only folder writes none of ${name}; leave one of the two options out`,
    )
  }
  if (values.forLayer && values.init === 'build') {
    throw new UsageError(
      `--init build puts ${name} into its executable, and --for-layer makes none; leave one of the two options out`,
    )
  }
  if (values.rehearse && !values.event?.length) {
    throw new UsageError(
      'a rehearsal calls the handler with sample events, and there are none; give one with --event',
    )
  }
  if (values.connect?.includes(FOUND_HOSTS) && !(values.event?.length && values.stub)) {
    throw new UsageError(
      `--connect ${FOUND_HOSTS} is for the hosts that ${name} calls when the build runs it, and that takes a sample event and answers; give --event and --stub, or name the hosts`,
    )
  }
  return {
    name,
    entry,
    outDir,
    target: { arch: values.arch ?? 'x64', nodePath: values.node, locales: values.intl },
    bundle: {
      minify: values.minify ?? true,
      externals: values.external ?? [],
      bundled: values.bundle ?? [],
      root: values.include?.root ?? root,
      esbuild: values.esbuild ?? {},
    },
    init: {
      at: values.init ?? 'lambda',
      events: values.event ?? [],
      stub: values.stub,
      isRehearsed: values.rehearse,
      connect: values.connect ?? [],
    },
    include: { ...(values.include ?? { paths: [], root }), followsLinks: values.followLinks ?? false },
    only: values.only,
    isForLayer: values.forLayer ?? false,
    compression: values.zip ?? 'fast',
    notices: values.notices ?? true,
    sbom: values.sbom ?? false,
    budget: values.budget,
    environment: variablesOf(values.run ?? {}),
    isStrict: values.strict ?? false,
  }
}

function checkNamesDiffer(functions: readonly ConfiguredFunction[]): void {
  const entries = new Map<string, string>()
  for (const { name, entry } of functions) {
    const other = entries.get(name)
    if (other === entry) {
      throw new UsageError(`each function is built once, and ${name} was given twice; leave one out`)
    }
    if (other !== undefined) {
      throw new UsageError(
        `each function needs a name of its own, and ${other} and ${entry} would both be ${name}; build one of them by itself with --name`,
      )
    }
    entries.set(name, entry)
  }
}
