/** The arguments of `lambdabin serve`, checked. */

import { extname } from 'node:path'
import { type RunSettings, runSettings } from '../../api/run-settings.ts'
import { RUN_OPTIONS } from '../../configuration/run-options.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { definitionsOf, valuesOfWords } from '../option-words.ts'
import { readOptions } from '../options.ts'
import {
  endpointVariables,
  type InvokeMode,
  invokeMode,
  pairs,
  region,
  seconds,
  wholeNumber,
} from './serve-options.ts'

/** How functions run is of those that the command line names. */
export interface ServeArguments extends RunSettings {
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
  invokeMode: InvokeMode
  /** Invocations at once in one environment; undefined for one, as of functions on Lambda's own machines. */
  instanceConcurrency: number | undefined

  /** Gives each environment the share of the machine that its memory buys. */
  cpuShare: boolean
  /** Of buckets, by name, a folder or the URL of an endpoint. */
  buckets: ReadonlyMap<string, string>
  /** A file of routes, or a SAM template. */
  routesFile: string | undefined
  /** Of functions, a queue's URL or a folder each. */
  sources: readonly [functionName: string, place: string][]
  batchSize: number
  /** Variables that each function has: where AWS's SDKs find services. */
  endpoints: Record<string, string>
  hasPage: boolean
}

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
  'instance-concurrency': { type: 'string' },
  'cpu-share': { type: 'boolean', default: false },
  s3: { type: 'string', multiple: true, default: [] as string[] },
  routes: { type: 'string' },
  source: { type: 'string', multiple: true, default: [] as string[] },
  'batch-size': { type: 'string', default: '10' },
  'aws-endpoint': { type: 'string', multiple: true, default: [] as string[] },
  'no-page': { type: 'boolean', default: false },
  ...definitionsOf(RUN_OPTIONS),
} as const

const SOURCE_ENDINGS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']
const MAX_CONCURRENCY = 1000
const MAX_RETRY_DELAY_SECONDS = 3600
const MAX_PORT = 65_535
const MAX_INSTANCE_CONCURRENCY = 1600
const MAX_BATCH = 10_000

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
    ...runSettings(valuesOfWords(RUN_OPTIONS, values)),
    invokeMode: invokeMode(values['invoke-mode']),
    instanceConcurrency:
      values['instance-concurrency'] === undefined
        ? undefined
        : wholeNumber('instance-concurrency', values['instance-concurrency'], 1, MAX_INSTANCE_CONCURRENCY),
    cpuShare: values['cpu-share'],
    buckets: new Map(pairs('s3', values.s3, 'BUCKET=FOLDER')),
    routesFile: values.routes,
    sources: pairs('source', values.source, 'FUNCTION=URL or FUNCTION=FOLDER'),
    batchSize: wholeNumber('batch-size', values['batch-size'], 1, MAX_BATCH),
    endpoints: endpointVariables(values['aws-endpoint']),
    hasPage: !values['no-page'],
  }
}
