/** The arguments of `lambdabin serve`, checked. */

import { extname } from 'node:path'
import type { FunctionUrlConfiguration } from '../../emulator/functions/function-configuration.ts'
import {
  decimal,
  FUNCTION_OPTIONS,
  functionVariables,
  memorySizeMb,
  timeoutSeconds,
} from '../function-options.ts'
import { readOptions } from '../options.ts'
import { UsageError } from '../usage-error.ts'

export interface ServeArguments {
  /** Zips and folders. */
  packages: string[]
  /** Sources, to be built anew when they change. */
  entries: string[]
  host: string
  port: number
  stateFolder: string
  region: string
  /** Invocations at once. */
  concurrency: number
  /** Execution environments at once. */
  environments: number
  retryDelaysMs: readonly [number, number]
  /** The first inspector's port; undefined without `--inspect`. */
  inspectorPort: number | undefined
  /** Of the functions that the command line names. */
  timeoutSeconds: number
  memorySizeMb: number
  environment: Record<string, string>
  invokeMode: InvokeMode
}

type InvokeMode = FunctionUrlConfiguration['invokeMode']

const OPTIONS = {
  port: { type: 'string', default: '9000' },
  host: { type: 'string', default: '127.0.0.1' },
  state: { type: 'string', default: '.lambdabin' },
  region: { type: 'string', default: 'us-east-1' },
  concurrency: { type: 'string', default: '10' },
  environments: { type: 'string' },
  'invoke-mode': { type: 'string', default: 'BUFFERED' },
  'retry-delay': { type: 'string', default: '1' },
  watch: { type: 'string', multiple: true, default: [] as string[] },
  inspect: { type: 'boolean', default: false },
  'inspect-port': { type: 'string', default: '9229' },
  ...FUNCTION_OPTIONS,
} as const

const SOURCE_ENDINGS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']
const MAX_CONCURRENCY = 1000
const MAX_RETRY_DELAY_SECONDS = 3600
const MAX_PORT = 65_535

/** Throws a UsageError. */
export function parseServeArguments(args: string[]): ServeArguments {
  const { values, positionals } = readOptions('serve', args, OPTIONS)
  const sources = positionals.filter((path) => SOURCE_ENDINGS.includes(extname(path)))
  const [source] = sources
  if (source !== undefined && values.watch.length === 0) {
    throw new UsageError(
      `expected a zip or a folder to serve, but got the source ${source}; build it first, or say --watch ${source}`,
    )
  }
  const entries = [...values.watch, ...sources]
  if (values.inspect && entries.length === 0) {
    throw new UsageError(
      'expected --watch with the source of a function to inspect, but got none; say --inspect --watch src/functions/orders.ts',
    )
  }
  const concurrency = wholeNumber('concurrency', values.concurrency, 1, MAX_CONCURRENCY)
  const retryDelayMs = seconds('retry-delay', values['retry-delay'], MAX_RETRY_DELAY_SECONDS) * 1000
  return {
    packages: positionals.filter((path) => !sources.includes(path)),
    entries,
    host: values.host,
    port: wholeNumber('port', values.port, 0, MAX_PORT),
    stateFolder: values.state,
    region: region(values.region),
    concurrency,
    environments:
      values.environments === undefined
        ? concurrency
        : wholeNumber('environments', values.environments, 1, MAX_CONCURRENCY),
    retryDelaysMs: [retryDelayMs, 2 * retryDelayMs],
    inspectorPort: values.inspect
      ? wholeNumber('inspect-port', values['inspect-port'], 1, MAX_PORT)
      : undefined,
    timeoutSeconds: timeoutSeconds(values.timeout),
    memorySizeMb: memorySizeMb(values.memory),
    environment: functionVariables(values.env, values['env-file']),
    invokeMode: invokeMode(values['invoke-mode']),
  }
}

function wholeNumber(option: string, value: string, least: number, most: number): number {
  const number = decimal(value)
  if (!(Number.isInteger(number) && number >= least && number <= most)) {
    throw new UsageError(
      `expected --${option} with a whole number from ${least} to ${most}, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return number
}

function seconds(option: string, value: string, most: number): number {
  const number = decimal(value)
  if (!(number >= 0 && number <= most)) {
    throw new UsageError(
      `expected --${option} in seconds, up to ${most}, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return number
}

function invokeMode(value: string): InvokeMode {
  if (value !== 'BUFFERED' && value !== 'RESPONSE_STREAM') {
    throw new UsageError(
      `expected --invoke-mode BUFFERED or RESPONSE_STREAM, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return value
}

function region(value: string): string {
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(value)) {
    throw new UsageError(
      `expected --region with a name such as us-east-1, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return value
}
