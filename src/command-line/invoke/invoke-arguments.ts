/** The arguments of `lambdabin invoke`, checked. */

import type { InvokeOptions } from '../../api/invoke.ts'
import { RUN_OPTIONS, STUB_OPTIONS } from '../../configuration/run-options.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { definitionsOf, readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'
import type { EventSource } from './invoke-event.ts'
import { joinHttpWords, MADE_EVENT_OPTIONS, type MakeEvent, readMadeEvent } from './made-event.ts'

export interface InvokeArguments {
  readonly event: EventSource
  /** Undefined where the event is to be printed, and no function invoked. */
  readonly options: InvokeOptions | undefined
}

const OPTIONS = {
  event: { type: 'string' },
  'event-file': { type: 'string' },
  ...MADE_EVENT_OPTIONS,
  'print-event': { type: 'boolean' },
  handler: { type: 'string' },
  config: { type: 'string' },
  ...definitionsOf(RUN_OPTIONS),
  ...definitionsOf(STUB_OPTIONS),
} as const

/** Throws a UsageError. */
export function parseInvokeArguments(args: string[]): InvokeArguments {
  const { values, positionals } = readOptions('invoke', joinHttpWords(args), OPTIONS)
  const [path, standardInput, ...rest] = positionals
  const isPrinted = values['print-event'] === true
  if (!isPrinted && (path === undefined || path === '-')) {
    throw new UsageError('expected a zip or a folder to invoke, but got none; see lambdabin invoke --help')
  }
  const surplus = standardInput === '-' ? rest[0] : standardInput
  if (surplus !== undefined) {
    throw new UsageError(
      `expected one zip or folder, and - for an event from standard input, but got ${JSON.stringify(surplus)} too; ` +
        'give the event with --event',
    )
  }
  const hasStandardInput = standardInput === '-' || path === '-'
  return {
    event: eventSource(values.event, values['event-file'], hasStandardInput, readMadeEvent(values)),
    options:
      isPrinted || path === undefined
        ? undefined
        : {
            package: path,
            handler: handler(values.handler),
            config: values.config,
            ...readWords(RUN_OPTIONS, values),
            ...readWords(STUB_OPTIONS, values),
          },
  }
}
function eventSource(
  event: string | undefined,
  file: string | undefined,
  standardInput: boolean,
  make: MakeEvent | undefined,
): EventSource {
  const ways = [event, file, make, standardInput || undefined]
  if (ways.filter((way) => way !== undefined).length > 1) {
    throw new UsageError(
      'expected one of --event, --event-file, --http, --sample and -, but got several; keep one',
    )
  }
  if (make !== undefined) {
    return { kind: 'made', make }
  }
  if (event !== undefined) {
    return { kind: 'text', text: event }
  }
  if (standardInput || file === '-') {
    return { kind: 'standard input' }
  }
  return file === undefined ? { kind: 'text', text: '{}' } : { kind: 'file', path: file }
}

function handler(value: string | undefined): string | undefined {
  // Lambda takes up to 128 characters, and no white space.
  if (value !== undefined && !/^\S{1,128}$/.test(value)) {
    throw new UsageError(
      `expected --handler with a name of 1 to 128 characters without spaces, but got ${JSON.stringify(value)}; ` +
        'name an executable of the package',
    )
  }
  return value
}
