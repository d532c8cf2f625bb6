/** The arguments of `lambdabin serve`, checked. */

import type { LocalLambdaOptions } from '../../api/create-local-lambda.ts'
import { MOST } from '../../api/local-lambda/local-lambda-options.ts'
import { isEntry } from '../../compiler/function-name.ts'
import { RUN_OPTIONS, STUB_OPTIONS } from '../../configuration/run-options.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { definitionsOf, readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'
import { endpointVariables, invokeMode, pairs, region, seconds, wholeNumber } from './serve-options.ts'

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
  config: { type: 'string' },
  'no-page': { type: 'boolean', default: false },
  ...definitionsOf(RUN_OPTIONS),
  ...definitionsOf(STUB_OPTIONS),
} as const

/** Throws a UsageError. */
export function parseServeArguments(args: string[]): LocalLambdaOptions {
  const { values, positionals } = readOptions('serve', args, OPTIONS)
  const sources = positionals.filter(isEntry)
  const [source] = sources
  if (source !== undefined && values.watch.length === 0) {
    throw new UsageError(
      `expected a zip or a folder to serve, but got the source ${source}; build it first, or say --watch ${source}`,
    )
  }
  const watch = [...values.watch, ...sources]
  if (values.inspect && watch.length === 0) {
    throw new UsageError(
      'expected --watch with the source of a function to inspect, but got none; say --inspect --watch src/functions/orders.ts',
    )
  }
  return {
    ...readWords(RUN_OPTIONS, values),
    ...readWords(STUB_OPTIONS, values),
    functions: positionals.filter((path) => !sources.includes(path)),
    watch,
    config: values.config,
    host: values.host,
    port: wholeNumber('port', values.port, 0, MOST.port),
    state: values.state,
    region: region(values.region),
    concurrency: wholeNumber('concurrency', values.concurrency, 1, MOST.concurrency),
    environments: wholeNumberIfAny('environments', values.environments, 1, MOST.concurrency),
    retryDelay: seconds('retry-delay', values['retry-delay'], MOST.retryDelaySeconds),
    inspectPort: values.inspect
      ? wholeNumber('inspect-port', values['inspect-port'], 1, MOST.port)
      : undefined,
    invokeMode: invokeMode(values['invoke-mode']),
    instanceConcurrency: wholeNumberIfAny(
      'instance-concurrency',
      values['instance-concurrency'],
      1,
      MOST.instanceConcurrency,
    ),
    cpuShare: values['cpu-share'],
    s3: Object.fromEntries(pairs('s3', values.s3, 'BUCKET=FOLDER')),
    routes: values.routes,
    sources: Object.fromEntries(pairs('source', values.source, 'FUNCTION=URL or FUNCTION=FOLDER')),
    batchSize: wholeNumber('batch-size', values['batch-size'], 1, MOST.batch),
    endpoints: endpointVariables(values['aws-endpoint']),
    page: !values['no-page'],
  }
}

function wholeNumberIfAny(
  option: string,
  value: string | undefined,
  least: number,
  most: number,
): number | undefined {
  return value === undefined ? undefined : wholeNumber(option, value, least, most)
}
