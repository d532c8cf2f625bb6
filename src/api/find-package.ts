/** The deployment package of a function: at a path, or what was built of a configured function. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { type ConfiguredFunction, configuredFunctions } from '../configuration/configured-functions.ts'
import {
  type ConfigurationChoice,
  type LoadedConfiguration,
  loadConfiguration,
} from '../configuration/load-configuration.ts'
import { remedyFor } from '../configuration/nearest-name.ts'
import type { Values } from '../configuration/option.ts'
import type { RUN_OPTIONS } from '../configuration/run-options.ts'
import { UsageError } from '../configuration/usage-error.ts'

export interface FoundPackage {
  /** As it was given, or absolute: a zip or a folder. */
  readonly path: string
  /** What the configuration says of how the function is run. */
  readonly run: Values<typeof RUN_OPTIONS>
}

export interface PackageSearch {
  /** Absolute: what relative paths start at. */
  readonly folder: string
  readonly configuration: () => Promise<LoadedConfiguration | undefined>
}

/** Loads the configuration for `command` when it is first asked for, once: a path needs none, and a program's own may have effects. */
export function onFirstUse(
  config: ConfigurationChoice,
  folder: string,
  command: string,
): PackageSearch['configuration'] {
  let loading: Promise<LoadedConfiguration | undefined> | undefined
  return () => {
    loading ??= loadConfiguration(config, folder, { command })
    return loading
  }
}

/** `given` is a name in the configuration, or a path. Rejects with a UsageError. */
export async function findPackage(
  given: string,
  { folder, configuration: load }: PackageSearch,
): Promise<FoundPackage> {
  const path = folder === process.cwd() ? given : resolve(folder, given)
  if (!/^[\w-]+$/.test(given)) {
    return { path, run: {} }
  }
  const configuration = await load()
  const functions = configuration === undefined ? [] : configuredFunctions(configuration)
  const known = functions.find(({ name }) => name === given)
  if (configuration !== undefined && known !== undefined) {
    const outDir = configuration.build.outDir ?? resolve(configuration.folder, 'dist')
    return { path: builtPackage(known, outDir), run: known.values.run ?? {} }
  }
  if (functions.length > 0 && !existsSync(path)) {
    const names = functions.map(({ name }) => name)
    throw new UsageError(
      `there is no file or folder ${given}, and ${configuration?.named} has no function of that name; ${remedyFor(given, names)}`,
    )
  }
  return { path, run: {} }
}

function builtPackage({ name }: ConfiguredFunction, outDir: string): string {
  const [folder, zip] = [resolve(outDir, name), resolve(outDir, `${name}.zip`)]
  // Where zips alone are built, a folder beside one may be somebody else's.
  const isPackage = existsSync(join(folder, name))
  const found = (isPackage ? [folder] : [zip, folder]).find((path) => existsSync(path))
  if (found === undefined) {
    throw new UsageError(`${name} is not built yet; build it with: lambdabin build ${name}`)
  }
  return found
}
