/** The arguments of `lambdabin inspect`, checked. */
import type { InspectOptions } from '../../api/inspect.ts'
import { RUN_OPTIONS } from '../../configuration/run-options.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import type { EventSource } from '../invoke/invoke-event.ts'
import { definitionsOf, readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'

export interface InspectArguments {
  readonly options: InspectOptions
  /** Another package, to compare the first with. */
  readonly other: string | undefined
  /** Of the first invocation of each start; undefined where there is none. */
  readonly event: EventSource | undefined
  readonly json: boolean
  /** The path of a file to write a page to. */
  readonly html: string | undefined
}

const START_OPTIONS = {
  event: { type: 'string' },
  'event-file': { type: 'string' },
  handler: { type: 'string' },
  runs: { type: 'string' },
  ...definitionsOf(RUN_OPTIONS),
} as const

const OPTIONS = {
  json: { type: 'boolean' },
  html: { type: 'string' },
  config: { type: 'string' },
  start: { type: 'boolean' },
  ...START_OPTIONS,
} as const

const MOST_RUNS = 100

/** Throws a UsageError. */
export function parseInspectArguments(args: string[]): InspectArguments {
  const { values, positionals } = readOptions('inspect', args, OPTIONS)
  const [path, other, third] = positionals
  if (path === undefined) {
    throw new UsageError('expected a zip or a folder to inspect, but got none; see lambdabin inspect --help')
  }
  if (third !== undefined) {
    throw new UsageError(
      `expected one zip or folder, or two to compare, but got ${JSON.stringify(third)} too; leave it out`,
    )
  }
  if (other !== undefined && values.html !== undefined) {
    throw new UsageError('--html is of one package, and there are two to compare; leave one of the two out')
  }
  const given = Object.keys(START_OPTIONS).find((name) => Object.hasOwn(values, name))
  if (given !== undefined && !values.start) {
    throw new UsageError(`--${given} is about how a start is measured, and --start is not there; add --start`)
  }
  return {
    options: {
      package: path,
      config: values.config,
      start: values.start ?? false,
      runs: readRuns(values.runs),
      handler: values.handler,
      ...readWords(RUN_OPTIONS, values),
    },
    other,
    event: eventSource(values.event, values['event-file']),
    json: values.json ?? false,
    html: values.html,
  }
}

function readRuns(word: string | undefined): number | undefined {
  const runs = Number(word)
  if (word !== undefined && !(/^\d+$/.test(word) && runs >= 1 && runs <= MOST_RUNS)) {
    throw new UsageError(
      `expected --runs with a whole number from 1 to ${MOST_RUNS}, but got ${JSON.stringify(word)}; leave it out for 5`,
    )
  }
  return word === undefined ? undefined : runs
}

function eventSource(event: string | undefined, file: string | undefined): EventSource | undefined {
  if (event !== undefined && file !== undefined) {
    throw new UsageError('expected one of --event and --event-file, but got both; keep one')
  }
  if (event !== undefined) {
    return { kind: 'text', text: event }
  }
  if (file === '-') {
    return { kind: 'standard input' }
  }
  return file === undefined ? undefined : { kind: 'file', path: file }
}
