/** The arguments of `lambdabin invoke`, checked. */

import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { checkFunctionVariables, EnvironmentVariableError } from '../emulator/environment-variables.ts'
import type { EventSource } from './invoke-event.ts'
import { readOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

export interface InvokeArguments {
  /** A zip or a folder. */
  path: string
  event: EventSource
  /** Undefined: to be found in the package. */
  handler: string | undefined
  timeoutMs: number
  memorySizeMb: number
  environment: Record<string, string>
}

const OPTIONS = {
  event: { type: 'string' },
  'event-file': { type: 'string' },
  handler: { type: 'string' },
  timeout: { type: 'string', default: '3' },
  memory: { type: 'string', default: '128' },
  env: { type: 'string', multiple: true, default: [] as string[] },
  'env-file': { type: 'string' },
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
    timeoutMs: timeoutMs(values.timeout),
    memorySizeMb: memorySizeMb(values.memory),
    environment: environment(values.env, values['env-file']),
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

function timeoutMs(value: string): number {
  const seconds = decimal(value)
  if (!(seconds > 0 && seconds <= 900)) {
    throw new UsageError(
      `expected --timeout in seconds, above 0 and up to 900, but got ${JSON.stringify(value)}; Lambda's default is 3`,
    )
  }
  return seconds * 1000
}

function memorySizeMb(value: string): number {
  const megabytes = decimal(value)
  if (!(Number.isInteger(megabytes) && megabytes >= 128 && megabytes <= 10_240)) {
    throw new UsageError(
      `expected --memory in whole MB, from 128 to 10240, but got ${JSON.stringify(value)}; Lambda's default is 128`,
    )
  }
  return megabytes
}

/** NaN for what is not plain decimal digits, such as 1e3 or 0x10. */
function decimal(value: string): number {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
}

function environment(pairs: readonly string[], file: string | undefined): Record<string, string> {
  const variables = { ...environmentFile(file), ...Object.fromEntries(pairs.map(pair)) }
  try {
    checkFunctionVariables(variables)
  } catch (error) {
    if (error instanceof EnvironmentVariableError) {
      throw new UsageError(error.message, { cause: error })
    }
    throw error
  }
  return variables
}

function environmentFile(path: string | undefined): Record<string, string> {
  if (path === undefined) {
    return {}
  }
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>
  } catch (error) {
    const message = `expected a file of K=V lines, but cannot read ${path}; check --env-file`
    throw new UsageError(message, { cause: error })
  }
}

function pair(text: string): [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals < 1) {
    throw new UsageError(
      `expected --env NAME=VALUE, but got ${JSON.stringify(text)}; put a name and = before the value`,
    )
  }
  return [text.slice(0, equals), text.slice(equals + 1)]
}
