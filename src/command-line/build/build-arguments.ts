/** The options of `lambdabin build`, read and checked. */
import process from 'node:process'
import type { FunctionOptions } from '../../compiler/build-function.ts'
import { BUILD_OPTIONS, FUNCTION_OPTIONS } from '../../configuration/build-options.ts'
import { ESBUILD_OPTIONS } from '../../configuration/esbuild-options.ts'
import { loadConfiguration } from '../../configuration/load-configuration.ts'
import { selectFunctions } from '../../configuration/select-functions.ts'
import { definitionsOf, readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'

const OPTIONS = {
  ...definitionsOf(BUILD_OPTIONS),
  ...definitionsOf(FUNCTION_OPTIONS),
  ...definitionsOf(ESBUILD_OPTIONS),
  config: { type: 'string' },
  json: { type: 'boolean' },
} as const

export interface BuildArguments {
  readonly functions: readonly FunctionOptions[]
  readonly json: boolean
}

/** Rejects with a UsageError, or with a ConfigurationError. */
export async function readBuildArguments(args: string[]): Promise<BuildArguments> {
  const { values, positionals } = readOptions('build', args, OPTIONS, { allowNegative: true })
  const folder = process.cwd()
  const build = readWords(BUILD_OPTIONS, values, folder)
  const own = readWords(FUNCTION_OPTIONS, values, folder)
  const esbuild = readWords(ESBUILD_OPTIONS, values, folder)
  const configuration = await loadConfiguration(values.config, folder, { command: 'build' })
  const functions = await selectFunctions(configuration, {
    wanted: positionals,
    values: Object.keys(esbuild).length > 0 ? { ...own, esbuild } : own,
    build,
    folder,
  })
  return { functions, json: values.json ?? false }
}
