/** What a program may give `createLocalLambda` besides what each function of the API takes. */
import {
  checkKinds,
  checkNames,
  FLAG,
  type Kind,
  numberFrom,
  TEXT,
} from '../../configuration/call-options.ts'
import { RUN_OPTIONS, STUB_OPTIONS } from '../../configuration/run-options.ts'

/** What `lambdabin serve` takes of them, too. */
export const MOST = {
  concurrency: 1000,
  retryDelaySeconds: 3600,
  port: 65_535,
  instanceConcurrency: 1600,
  batch: 10_000,
} as const

const MODES: readonly unknown[] = ['BUFFERED', 'RESPONSE_STREAM']

function texts(expects: string): Kind {
  return {
    expects,
    isRight: (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((each) => typeof each === 'string'),
  }
}

const KINDS: Readonly<Record<string, Kind>> = {
  host: TEXT,
  port: numberFrom(0, MOST.port),
  state: { ...TEXT, expects: 'the path of a folder' },
  region: { ...TEXT, expects: 'a region, as us-east-1' },
  concurrency: numberFrom(1, MOST.concurrency),
  environments: numberFrom(1, MOST.concurrency),
  retryDelay: {
    expects: `seconds, up to ${MOST.retryDelaySeconds}`,
    isRight: (value) => typeof value === 'number' && value >= 0 && value <= MOST.retryDelaySeconds,
  },
  inspectPort: numberFrom(1, MOST.port),
  invokeMode: { expects: 'BUFFERED or RESPONSE_STREAM', isRight: (value) => MODES.includes(value) },
  instanceConcurrency: numberFrom(1, MOST.instanceConcurrency),
  cpuShare: FLAG,
  s3: texts('an object with a folder or the URL of an endpoint for each bucket'),
  routes: { ...TEXT, expects: 'the path of a file of routes, or of a template of SAM or CDK' },
  sources: texts('an object with a queue for each function, a URL or a folder'),
  batchSize: numberFrom(1, MOST.batch),
  endpoints: texts('an object with variables and their values'),
  page: FLAG,
}

const OTHERS = ['functions', 'watch', 'config', 'cwd', 'signal', 'openLog', 'onNotice']

/** Throws a UsageError. Those of how functions are run are checked as they are read. */
export function checkLocalLambdaOptions(options: object): void {
  checkKinds('createLocalLambda', options, KINDS)
  const tables = [RUN_OPTIONS, STUB_OPTIONS, KINDS].flatMap((table) => Object.keys(table))
  checkNames('createLocalLambda', options, [...OTHERS, ...tables])
}
