/** The arguments of `lambdabin invoke`, checked. */

import { UsageError } from '../../configuration/usage-error.ts'
import { FUNCTION_OPTIONS, functionVariables, memorySizeMb, timeoutSeconds } from '../function-options.ts'
import { readOptions } from '../options.ts'
import type { EventSource } from './invoke-event.ts'

export interface InvokeArguments {
  /** A zip or a folder. */
  path: string
  event: EventSource
  /** Undefined: to be found in the package. */
  handler: string | undefined
  timeoutMs: number
  memorySizeMb: number
  environment: Record<string, string>
  /** Zips and folders, the lowest first. */
  layers: string[]
}

const OPTIONS = {
  event: { type: 'string' },
  'event-file': { type: 'string' },
  handler: { type: 'string' },
  layer: { type: 'string', multiple: true, default: [] as string[] },
  ...FUNCTION_OPTIONS,
} as const

/** Throws a UsageError. */
export function parseInvokeArguments(args: string[]): InvokeArguments {
  const { values, positionals } = readOptions('invoke', args, OPTIONS)
  const [path, standardInput, ...rest] = positionals
  if (path === undefined || path === '-') {
    throw new UsageError('expected a zip or a folder to invoke, but got none; see lambdabin invoke --help')
  }
  const surplus = standardInput === '-' ? rest[0] : standardInput
  if (surplus !== undefined) {
    throw new UsageError(
      `expected one zip or folder, and - for an event from standard input, but got ${JSON.stringify(surplus)} too; ` +
        'give the event with --event',
    )
  }
  return {
    path,
    event: eventSource(values.event, values['event-file'], standardInput === '-'),
    handler: handler(values.handler),
    timeoutMs: timeoutSeconds(values.timeout) * 1000,
    memorySizeMb: memorySizeMb(values.memory),
    environment: functionVariables(values.env, values['env-file']),
    layers: values.layer,
  }
}

function eventSource(
  event: string | undefined,
  file: string | undefined,
  standardInput: boolean,
): EventSource {
  const given = [event !== undefined, file !== undefined, standardInput].filter(Boolean).length
  if (given > 1) {
    throw new UsageError('expected one of --event, --event-file and -, but got several; keep one')
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
