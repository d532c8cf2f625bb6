/** How a function is run on this machine, of the options that say so. */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { shownPath } from '../compiler/shown-path.ts'
import { withoutMark } from '../compiler/text/byte-order-mark.ts'
import type { Values } from '../configuration/option.ts'
import type { RUN_OPTIONS } from '../configuration/run-options.ts'
import { UsageError, usageErrorFor } from '../configuration/usage-error.ts'
import {
  checkFunctionVariables,
  EnvironmentVariableError,
} from '../emulator/environments/environment-variables.ts'

export interface RunSettings {
  readonly timeoutSeconds: number
  readonly memorySizeMb: number
  readonly environment: Readonly<Record<string, string>>
  /** The one that the environment names. */
  readonly region: string
  /** Absolute paths of zips and folders, the lowest first. */
  readonly layers: readonly string[]
}

export const DEFAULT_REGION = 'us-east-1'

/** With Lambda's defaults. Throws a UsageError. */
export function runSettings(values: Values<typeof RUN_OPTIONS>): RunSettings {
  const environment = functionVariables(values.env ?? {}, values.envFile)
  return {
    timeoutSeconds: values.timeout ?? 3,
    memorySizeMb: values.memory ?? 128,
    environment,
    region: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    layers: values.layer ?? [],
  }
}

/** Those of `own`, and those of the file that it does not name. Throws a UsageError. */
function functionVariables(
  own: Readonly<Record<string, string>>,
  file: string | undefined,
): Record<string, string> {
  const variables = { ...environmentFile(file), ...own }
  try {
    checkFunctionVariables(variables)
  } catch (error) {
    throw usageErrorFor(error, EnvironmentVariableError)
  }
  return variables
}

function environmentFile(path: string | undefined): Record<string, string> {
  if (path === undefined) {
    return {}
  }
  try {
    return parseEnv(withoutMark(readFileSync(path, 'utf8'))) as Record<string, string>
  } catch (error) {
    const message = `expected a file of K=V lines, but cannot read ${shownPath(path)}; check --env-file`
    throw new UsageError(message, { cause: error })
  }
}
