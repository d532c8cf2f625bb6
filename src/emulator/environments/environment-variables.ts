/**
 * The environment variables of an execution environment: Lambda's, and the function's own; nothing of the host's.
 *
 * Lambda sets the reserved ones, and refuses a function configuration that names one of them. So does this, with some
 * exceptions, because on a developer's machine there is nobody else to set them: the region and the credentials, which
 * on Lambda come from the place and the role, the log format and log level, from the logging configuration, and the
 * initialization type, from SnapStart's.
 *
 * Source: AWS Lambda Developer Guide, "Defined runtime environment variables", and the environment of functions on
 * `provided.al2023`.
 */

import { randomBytes } from 'node:crypto'
import { reservedVariables, systemVariables } from '../../sandbox/lambda-environment.ts'

/** What Lambda would know of the function. */
export interface FunctionSettings {
  functionName: string
  /** `$LATEST`, or a number. */
  version: string
  handler: string
  memorySizeMb: number
  region: string
  /** Of a function of Lambda Managed Instances: invocations at once in one environment. */
  maxConcurrency?: number | undefined
  /** The function's own variables, which may also set what `SETTABLE` lists. */
  environment: Readonly<Record<string, string>>
}

/** What only the execution environment knows. Folders are as the function sees them. */
export interface EnvironmentPlaces {
  taskRoot: string
  layersFolder: string
  runtimeFolder: string
  /** A folder for `TMPDIR`, private to the environment; undefined where that is `/tmp` itself. */
  temporaryFolder: string | undefined
  /** Host and port, no scheme. */
  runtimeApi: string
  logStreamName: string
}

export class EnvironmentVariableError extends Error {
  override name = 'EnvironmentVariableError'
}

const INITIALIZATION_TYPE = 'AWS_LAMBDA_INITIALIZATION_TYPE'
const INITIALIZATION_TYPES = ['on-demand', 'snap-start']

const SETTABLE = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  INITIALIZATION_TYPE,
  'AWS_LAMBDA_LOG_FORMAT',
  'AWS_LAMBDA_LOG_LEVEL',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
])

const RESERVED = new Set([
  '_HANDLER',
  '_LAMBDA_TELEMETRY_LOG_FD',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_MAX_CONCURRENCY',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
])

/** Lambda's limit on all names and values of a function together. */
const MAX_BYTES = 4096

/** The function's own variables, as Lambda would take them; an EnvironmentVariableError says why it would not. */
export function checkFunctionVariables(variables: Readonly<Record<string, string>>): void {
  let bytes = 0
  for (const [name, value] of Object.entries(variables)) {
    checkName(name)
    if (value.includes('\0')) {
      throw new EnvironmentVariableError(
        `expected a value without NUL characters for the environment variable ${name}; remove them`,
      )
    }
    if (name === INITIALIZATION_TYPE && !INITIALIZATION_TYPES.includes(value)) {
      throw new EnvironmentVariableError(
        `expected ${name} to be ${INITIALIZATION_TYPES.join(' or ')}, but got ${JSON.stringify(value)}; leave it out for the first`,
      )
    }
    if (!SETTABLE.has(name)) {
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
    }
  }
  if (bytes > MAX_BYTES) {
    throw new EnvironmentVariableError(
      `expected environment variables of ${MAX_BYTES} bytes at most in all, as Lambda does, but got ${bytes}; ` +
        'put large values into a file of the deployment package',
    )
  }
}

function checkName(name: string): void {
  if (RESERVED.has(name)) {
    throw new EnvironmentVariableError(
      `the environment variable ${name} is reserved: Lambda sets it and refuses it from a function; leave it out`,
    )
  }
  if (!/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name)) {
    throw new EnvironmentVariableError(
      `expected an environment variable's name of two or more letters, digits and underscores that starts with a ` +
        `letter, as Lambda does, but got ${JSON.stringify(name)}; rename it`,
    )
  }
}

/** All variables of the process that `bootstrap` becomes. */
export function environmentVariables(
  settings: FunctionSettings,
  places: EnvironmentPlaces,
): Record<string, string> {
  return {
    ...systemVariables({ ...places, region: settings.region }),
    // AWS's SDKs need some to sign with, even for a local endpoint that checks none.
    AWS_ACCESS_KEY_ID: 'lambdabin',
    AWS_SECRET_ACCESS_KEY: 'lambdabin',
    AWS_SESSION_TOKEN: 'lambdabin',
    ...settings.environment,
    ...reservedVariables({ ...settings, ...places }),
    AWS_LAMBDA_LOG_STREAM_NAME: places.logStreamName,
    ...(settings.maxConcurrency !== undefined && {
      AWS_LAMBDA_MAX_CONCURRENCY: String(settings.maxConcurrency),
    }),
  }
}

/** `YYYY/MM/DD/[VERSION]` and 32 hexadecimal digits: one stream per execution environment. */
export function logStreamName(version: string, now: Date): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '/')
  return `${day}/[${version}]${randomBytes(16).toString('hex')}`
}

export function isSnapStart({ environment }: Pick<FunctionSettings, 'environment'>): boolean {
  return environment[INITIALIZATION_TYPE] === 'snap-start'
}
