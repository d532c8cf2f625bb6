/** The options of `lambdabin build`, read and checked. */
import type { BuildOptions } from '../../api/build.ts'
import { BUILD_OPTIONS, FUNCTION_OPTIONS } from '../../configuration/build-options.ts'
import { ESBUILD_OPTIONS, type EsbuildOptions } from '../../configuration/esbuild-options.ts'
import { VARIABLE_OPTIONS } from '../../configuration/run-options.ts'
import { definitionsOf, pathOptionsOf, readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'

export const BUILD_WORDS = {
  ...definitionsOf(BUILD_OPTIONS),
  ...definitionsOf(FUNCTION_OPTIONS),
  ...definitionsOf(VARIABLE_OPTIONS),
  ...definitionsOf(ESBUILD_OPTIONS),
  config: { type: 'string' },
  docker: { type: 'boolean' },
  json: { type: 'boolean' },
  offline: { type: 'boolean' },
} as const

/** The names of those that take a path. */
export const BUILD_PATH_OPTIONS: readonly string[] = [
  ...[BUILD_OPTIONS, FUNCTION_OPTIONS, VARIABLE_OPTIONS, ESBUILD_OPTIONS].flatMap((table) =>
    pathOptionsOf(table),
  ),
  'config',
]

export interface BuildArguments {
  readonly options: BuildOptions
  readonly json: boolean
  /** Whether the registry is not to be asked for a newer Node.js; undefined where nothing is said. */
  readonly offline: boolean | undefined
  /** To be built in a container. */
  readonly docker: boolean
}

/** Throws a UsageError. */
export function readBuildArguments(args: string[]): BuildArguments {
  const { values, positionals } = readOptions('build', args, BUILD_WORDS, { allowNegative: true })
  const esbuild = readWords(ESBUILD_OPTIONS, values) as EsbuildOptions
  return {
    options: {
      functions: positionals,
      config: values.config,
      ...readWords(BUILD_OPTIONS, values),
      ...readWords(FUNCTION_OPTIONS, values),
      ...readWords(VARIABLE_OPTIONS, values),
      ...(Object.keys(esbuild).length > 0 && { esbuild }),
    },
    json: values.json ?? false,
    offline: values.offline,
    docker: values.docker ?? false,
  }
}
