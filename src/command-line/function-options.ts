/** The options that say how a function is configured, wherever one is run on this machine. */

import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { UsageError } from '../configuration/usage-error.ts'
import {
  checkFunctionVariables,
  EnvironmentVariableError,
} from '../emulator/environments/environment-variables.ts'

export const FUNCTION_OPTIONS = {
  timeout: { type: 'string', default: '3' },
  memory: { type: 'string', default: '128' },
  env: { type: 'string', multiple: true, default: [] as string[] },
  'env-file': { type: 'string' },
} as const

/** Above 0 and up to 900. Throws a UsageError. */
export function timeoutSeconds(value: string): number {
  const seconds = decimal(value)
  if (!(seconds > 0 && seconds <= 900)) {
    throw new UsageError(
      `expected --timeout in seconds, above 0 and up to 900, but got ${JSON.stringify(value)}; Lambda's default is 3`,
    )
  }
  return seconds
}

/** Throws a UsageError. */
export function memorySizeMb(value: string): number {
  const megabytes = decimal(value)
  if (!(Number.isInteger(megabytes) && megabytes >= 128 && megabytes <= 10_240)) {
    throw new UsageError(
      `expected --memory in whole MB, from 128 to 10240, but got ${JSON.stringify(value)}; Lambda's default is 128`,
    )
  }
  return megabytes
}

/** NaN for what is not plain decimal digits, such as 1e3 or 0x10. */
export function decimal(value: string): number {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
}

/** The variables of `--env` and `--env-file`; those of `--env` count where both name one. Throws a UsageError. */
export function functionVariables(
  pairs: readonly string[],
  file: string | undefined,
): Record<string, string> {
  const variables = { ...environmentFile(file), ...Object.fromEntries(pairs.map(pair)) }
  try {
    checkFunctionVariables(variables)
  } catch (error) {
    if (error instanceof EnvironmentVariableError) {
      throw new UsageError(error.message, { cause: error })
    }
    throw error
  }
  return variables
}

function environmentFile(path: string | undefined): Record<string, string> {
  if (path === undefined) {
    return {}
  }
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>
  } catch (error) {
    const message = `expected a file of K=V lines, but cannot read ${path}; check --env-file`
    throw new UsageError(message, { cause: error })
  }
}

function pair(text: string): [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals < 1) {
    throw new UsageError(
      `expected --env NAME=VALUE, but got ${JSON.stringify(text)}; put a name and = before the value`,
    )
  }
  return [text.slice(0, equals), text.slice(equals + 1)]
}
