/** The arguments of `lambdabin inspect`, checked. */
import { UsageError } from '../../configuration/usage-error.ts'
import { readOptions } from '../options.ts'

export interface InspectArguments {
  /** A zip, a folder, or the name of a configured function. */
  readonly package: string
  readonly config: string | undefined
  readonly json: boolean
}

const OPTIONS = {
  json: { type: 'boolean' },
  config: { type: 'string' },
} as const

/** Throws a UsageError. */
export function parseInspectArguments(args: string[]): InspectArguments {
  const { values, positionals } = readOptions('inspect', args, OPTIONS)
  const [path, other] = positionals
  if (path === undefined) {
    throw new UsageError('expected a zip or a folder to inspect, but got none; see lambdabin inspect --help')
  }
  if (other !== undefined) {
    throw new UsageError(
      `expected one zip or folder, but got ${JSON.stringify(other)} too; inspect one after the other`,
    )
  }
  return { package: path, config: values.config, json: values.json ?? false }
}
