/**
 * The only reader of `process.env`: what the execution environment tells the runtime, as plain values.
 *
 * Source: AWS Lambda Developer Guide, "Defined runtime environment variables".
 */

import { MissingEnvironment } from './errors.ts'

export interface Environment {
  /** Host and port of the Runtime API, without a scheme. */
  readonly runtimeApi: string
  /** The function's handler setting: `<executable>` or `<executable>.<export>`. */
  readonly handler: string
  /** The folder of the unpacked deployment package. */
  readonly taskRoot: string
  readonly functionName: string
  readonly functionVersion: string
  readonly memorySize: string
  readonly logGroupName: string
  readonly logStreamName: string
}

/** Host and port of the Runtime API; undefined when the variable is missing, and nobody can be told so but stderr. */
export function readRuntimeApi(): string | undefined {
  return process.env.AWS_LAMBDA_RUNTIME_API || undefined
}

/**
 * Throws `MissingEnvironment` when a variable is missing without which no handler can be found. The others default:
 * AWS's local emulator and test harnesses do not set all of them.
 */
export function readEnvironment(runtimeApi: string): Environment {
  const { env } = process
  return {
    runtimeApi,
    handler: required('_HANDLER', env._HANDLER),
    taskRoot: required('LAMBDA_TASK_ROOT', env.LAMBDA_TASK_ROOT),
    functionName: env.AWS_LAMBDA_FUNCTION_NAME ?? '',
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION ?? '$LATEST',
    memorySize: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? '',
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME ?? '',
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME ?? '',
  }
}

/** Where the AWS SDK and X-Ray find the trace of the running invocation; taken away when it has none. */
export function setTraceId(traceId: string | undefined): void {
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId
  else delete process.env._X_AMZN_TRACE_ID
}

function required(name: string, value: string | undefined): string {
  if (value) return value
  throw new MissingEnvironment(
    `The environment variable ${name} should be set by Lambda and is ${value === undefined ? 'missing' : 'empty'}; ` +
      'run the executable on Lambda or with `lambdabin invoke`.',
  )
}
