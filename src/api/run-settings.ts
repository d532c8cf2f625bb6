/** How a function is run on this machine, of the options that say so. */
import type { Values } from '../configuration/option.ts'
import { type RUN_OPTIONS, variablesOf } from '../configuration/run-options.ts'
import { usageErrorFor } from '../configuration/usage-error.ts'
import {
  checkFunctionVariables,
  EnvironmentVariableError,
} from '../emulator/environments/environment-variables.ts'

export interface RunSettings {
  readonly timeoutSeconds: number
  readonly memorySizeMb: number
  /** Which of the two are Lambda's defaults, as nobody has given any. */
  readonly defaults: { readonly timeout: boolean; readonly memory: boolean }
  readonly environment: Readonly<Record<string, string>>
  /** The one that the environment names. */
  readonly region: string
  /** Absolute paths of zips and folders, the lowest first. */
  readonly layers: readonly string[]
}

export const DEFAULT_REGION = 'us-east-1'

/** With Lambda's defaults. Throws a UsageError. */
export function runSettings(values: Values<typeof RUN_OPTIONS>): RunSettings {
  const environment = checked(variablesOf(values))
  return {
    timeoutSeconds: values.timeout ?? 3,
    memorySizeMb: values.memory ?? 128,
    defaults: { timeout: values.timeout === undefined, memory: values.memory === undefined },
    environment,
    region: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    layers: values.layer ?? [],
  }
}

/** Throws a UsageError for what Lambda would refuse. */
function checked(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    checkFunctionVariables(variables)
  } catch (error) {
    throw usageErrorFor(error, EnvironmentVariableError)
  }
  return variables
}
