/**
 * The only reader of `process.env`: what the execution environment tells the runtime, as plain values.
 *
 * Source: AWS Lambda Developer Guide, "Defined runtime environment variables".
 */

import { CHILD_VARIABLE } from '../executable/format.ts'
import { MissingEnvironment } from './errors.ts'
import { TRACE_ID_NAME, TraceIdVariable } from './trace-id.ts'

let traceId: TraceIdVariable | undefined

/** The environment that there is, whatever a function has put in its place. */
function variables(): NodeJS.ProcessEnv {
  return traceId?.view ?? process.env
}

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
  return variables().AWS_LAMBDA_RUNTIME_API || undefined
}

/**
 * Throws `MissingEnvironment` when a variable is missing without which no handler can be found. The others default:
 * AWS's local emulator and test harnesses do not set all of them.
 */
export function readEnvironment(runtimeApi: string): Environment {
  const env = variables()
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

export interface LogSettings {
  readonly format: 'text' | 'JSON'
  /** The lowest level that is written: `AWS_LAMBDA_LOG_LEVEL`, upper case; undefined for all. */
  readonly level: string | undefined
  /** A file descriptor that takes framed log records instead of stdout. */
  readonly telemetryDescriptor: number | undefined
  /** One that takes lines of JSON instead. */
  readonly lineDescriptor?: number | undefined
}

/** To be called once: the descriptor's variable is taken away, so that no process of the function's writes to it. */
export function readLogSettings(): LogSettings {
  const env = variables()
  const descriptor = env._LAMBDA_TELEMETRY_LOG_FD
  delete env._LAMBDA_TELEMETRY_LOG_FD
  return {
    format: env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON' ? 'JSON' : 'text',
    level: env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase(),
    telemetryDescriptor: descriptor && /^\d+$/.test(descriptor) ? Number(descriptor) : undefined,
  }
}

/** How many invocations may run at once (Lambda Managed Instances); undefined in a classic environment: one. */
export function readMaxConcurrency(): number | undefined {
  const value = wholeNumber(variables().AWS_LAMBDA_MAX_CONCURRENCY)
  return value !== undefined && value < 10_000 ? value : undefined
}

/** How many threads are to handle them (`AWS_LAMBDA_NODEJS_WORKER_COUNT`); undefined where the environment does not say. */
export function readThreadCount(): number | undefined {
  return wholeNumber(variables().AWS_LAMBDA_NODEJS_WORKER_COUNT)
}

/**
 * The path of a unix socket that takes the logs of such an environment; undefined where there is none. To be called once: the
 * variable is taken away.
 */
export function readTelemetrySocket(): string | undefined {
  const env = variables()
  const path = env._LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET
  delete env._LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET
  return path || undefined
}

/** The function's memory, in MiB; undefined where the environment does not say. */
export function readMemory(): number | undefined {
  return wholeNumber(variables().AWS_LAMBDA_FUNCTION_MEMORY_SIZE)
}

/** The region that the function runs in; Lambda always says. */
export function readRegion(): string {
  return variables().AWS_REGION ?? 'us-east-1'
}

/** Whether clients of the AWS SDK find region and credentials where they look first. A profile would come before the credentials. */
export function readSdkSettings(): { readonly hasRegion: boolean; readonly hasCredentials: boolean } {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE } = variables()
  return {
    hasRegion: Boolean(AWS_REGION),
    hasCredentials: Boolean(AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY && !AWS_PROFILE),
  }
}

/** What a function can write to on Lambda: also folders of EFS and S3, which are mounted there. */
const WRITABLE = /^\/(tmp|mnt)(\/|$)/

/** Whether the function may write the files in which the AWS SDK looks for settings. It reads each once, and has it for all its clients. */
export function mayWriteSdkSettings(): boolean {
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, HOME = '' } = variables()
  return [AWS_CONFIG_FILE || HOME, AWS_SHARED_CREDENTIALS_FILE || HOME].some((path) => WRITABLE.test(path))
}

/** Whether a snapshot is taken of the initialised process, and restored for each environment. */
export function isSnapStart(): boolean {
  return variables().AWS_LAMBDA_INITIALIZATION_TYPE === 'snap-start'
}

/** Whether the function asked for no global `awslambda`. */
export function hidesAwslambda(): boolean {
  return /^(1|true)$/.test(variables().AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? '')
}

/** How a fetch handler is to answer, in the words of a function URL's setting; undefined when nobody says. */
export function readInvokeMode(): string | undefined {
  return variables().LAMBDABIN_INVOKE_MODE || undefined
}

/**
 * Tells libraries that they run on Lambda, and on which Node.js, as the managed runtimes do and custom ones do not: some
 * of AWS's own switch themselves off without it. And tells the processes that the function starts from its own executable that
 * they are its children.
 */
export function announceNodeRuntime(): void {
  variables()[CHILD_VARIABLE] = '1'
  variables().AWS_EXECUTION_ENV ??= `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`
}

/** Makes ready for `setTraceId`. To be called before the function is loaded, which may keep `process.env`. */
export function installTraceId(): void {
  traceId = new TraceIdVariable(process.env)
  // Something that was loaded before may have frozen `process`.
  Reflect.set(process, 'env', traceId.view)
}

/** Where the AWS SDK and X-Ray find the trace of the running invocation; taken away when it has none. */
export function setTraceId(id: string | undefined): void {
  traceId?.set(id)
  const { env } = process
  // A function may put another object there, of any kind.
  if (env !== traceId?.view) {
    try {
      if (id === undefined) {
        Reflect.deleteProperty(env, TRACE_ID_NAME)
      } else {
        Reflect.set(env, TRACE_ID_NAME, id)
      }
    } catch {
      // Nothing, or something that does not let itself be changed.
    }
  }
}

function required(name: string, value: string | undefined): string {
  if (value) {
    return value
  }
  throw new MissingEnvironment(
    `The environment variable ${name} should be set by Lambda and is ${value === undefined ? 'missing' : 'empty'}; ` +
      'run the executable on Lambda or with `lambdabin invoke`.',
  )
}

/** Undefined unless it is one, from 1 on. */
function wholeNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined
}
