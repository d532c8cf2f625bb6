/** Checks what a configuration holds, against the tables of options, and reads the values. */
import { packageNameProblem } from '../compiler/dependencies/named/package-name.ts'
import { BUILD_OPTIONS, FUNCTION_OPTIONS } from './build-options.ts'
import { ESBUILD_OPTIONS, REFUSED_ESBUILD_OPTIONS } from './esbuild-options.ts'
import { remedyFor } from './nearest-name.ts'
import { OptionError, type OptionTable, shown, type Values } from './option.ts'
import { type GivenStubs, RUN_OPTIONS, STUB_OPTIONS, VARIABLE_OPTIONS } from './run-options.ts'
import type { ValuePath } from './source-position.ts'
import { UsageError } from './usage-error.ts'

/** What is wrong with a configuration, and at which of its values. */
export class ConfigurationProblem extends Error {
  readonly path: ValuePath

  constructor(path: ValuePath, message: string, options?: ErrorOptions) {
    super(message, options)
    this.path = path
  }
}

/** Values for a function: those that were given, and no others. */
export interface FunctionValues extends Values<typeof FUNCTION_OPTIONS> {
  readonly esbuild?: Values<typeof ESBUILD_OPTIONS>
  /** How it is run on this machine. */
  readonly run?: Values<typeof RUN_OPTIONS>
}

/** A function of the configuration's, or all that a pattern names. */
export interface FunctionRule {
  /** Where in the configuration it stands. */
  readonly path: ValuePath
  /** The function's name; undefined for a pattern. */
  readonly name: string | undefined
  /** An entry, or a pattern of entries; undefined for a name that a pattern finds, too. */
  readonly entry: string | undefined
  readonly values: FunctionValues
}

export interface CheckedConfiguration {
  readonly build: Values<typeof BUILD_OPTIONS>
  /** For all functions. */
  readonly defaults: FunctionValues
  readonly rules: readonly FunctionRule[]
}

/** Of functions only. */
const { name: _, ...SHARED_OPTIONS } = FUNCTION_OPTIONS
const CONFIGURATION_KEYS = [
  ...['functions', 'esbuild'],
  ...Object.keys(BUILD_OPTIONS),
  ...Object.keys(SHARED_OPTIONS),
  ...Object.keys(RUN_OPTIONS),
]
const FUNCTION_KEYS = ['entry', 'esbuild', ...Object.keys(FUNCTION_OPTIONS), ...Object.keys(RUN_OPTIONS)]
/** For who has it in a JSON file, for an editor. */
const SCHEMA_KEY = '$schema'

/** `folder` is where relative paths start. Throws a {@link ConfigurationProblem}. */
export function checkConfiguration(given: unknown, folder: string): CheckedConfiguration {
  const { [SCHEMA_KEY]: _schema, ...config } = asObject(given, [], 'an object with functions and options')
  checkKeys(config, [], CONFIGURATION_KEYS)
  const { functions, ...options } = config
  return {
    build: readValues(BUILD_OPTIONS, options, [], folder),
    defaults: checkPackageNames(readFunctionValues(options, [], folder), []),
    rules: functions === undefined ? [] : readRules(functions, folder),
  }
}

const ALL_OPTIONS = [
  'esbuild',
  ...[BUILD_OPTIONS, FUNCTION_OPTIONS, VARIABLE_OPTIONS].flatMap((table) => Object.keys(table)),
]

/** Checks options that are given to `what`, for a build, and are no configuration's: `options` are all that it takes, and `others` are read elsewhere. Throws a {@link UsageError}. */
export function checkBuildValues(
  given: Readonly<Record<string, unknown>>,
  folder: string,
  others: readonly string[] = [],
  { what, options }: { what: string; options: readonly string[] } = { what: 'build', options: ALL_OPTIONS },
): { values: FunctionValues; build: CheckedConfiguration['build'] } {
  const known = [...others, ...options]
  return checkOptions(what, () => {
    checkKeys(given, [], known)
    return {
      values: readFunctionValues(given, [], folder),
      build: readValues(BUILD_OPTIONS, given, [], folder),
    }
  })
}

/** Checks options that are given to `what`, which runs a function and has `others`, too. Throws a {@link UsageError}. */
export function checkRunValues(
  given: Readonly<Record<string, unknown>>,
  folder: string,
  what: string,
  others: readonly string[],
): Values<typeof RUN_OPTIONS> {
  return checkOptions(what, () => {
    checkKeys(given, [], [...others, ...Object.keys(RUN_OPTIONS)])
    return readValues(RUN_OPTIONS, given, [], folder)
  })
}

/** Checks the stubs that are given to `what`, which runs a function. Throws a {@link UsageError}. */
export function checkStub(
  given: { readonly stub?: unknown },
  folder: string,
  what: string,
): GivenStubs | undefined {
  return checkOptions(what, () => readValues(STUB_OPTIONS, given, [], folder).stub)
}

function checkOptions<Result>(what: string, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    throw error instanceof ConfigurationProblem
      ? new UsageError(error.message.replace(/^the configuration has/, `${what} has`), { cause: error })
      : error
  }
}

function readRules(functions: unknown, folder: string): FunctionRule[] {
  if (typeof functions === 'string' || Array.isArray(functions)) {
    return [functions].flat().map((entry, index) => {
      const path = Array.isArray(functions) ? ['functions', index] : ['functions']
      return { path, name: undefined, entry: asEntry(entry, path), values: {} }
    })
  }
  const expected = 'a pattern of entries, a list of some, or an object with functions by name'
  return Object.entries(asObject(functions, ['functions'], expected)).map(([key, value]) =>
    readRule(key, value, folder),
  )
}

function readRule(key: string, value: unknown, folder: string): FunctionRule {
  const path = ['functions', key]
  const name = isPattern(key) ? undefined : key
  if (typeof value === 'string') {
    if (name === undefined) {
      throw new ConfigurationProblem(
        path,
        `functions has the pattern ${key}, which expects an object with options, and got ${shown(value)}; functions get names from their files`,
      )
    }
    return { path, name, entry: value, values: {} }
  }
  const options = asObject(value, path, 'an entry, or an object with options')
  checkKeys(options, path, FUNCTION_KEYS)
  if (name === undefined && (options.entry !== undefined || options.name !== undefined)) {
    const own = options.entry === undefined ? 'name' : 'entry'
    throw new ConfigurationProblem(
      [...path, own],
      `functions has the pattern ${key}, which is for several functions and cannot have one ${own}; leave it out`,
    )
  }
  if (options.name !== undefined && options.name !== name) {
    throw new ConfigurationProblem(
      [...path, 'name'],
      `${dotted(path)} has its name as a key, and another as name; leave that out`,
    )
  }
  const given = options.entry === undefined ? undefined : asEntry(options.entry, [...path, 'entry'])
  return {
    path,
    name,
    entry: name === undefined ? key : given,
    values: checkPackageNames(readFunctionValues(options, path, folder), path),
  }
}

/** Returns `values`. A build finds the same, but for each function that has a name from the configuration, and after others are built. */
function checkPackageNames(values: FunctionValues, path: ValuePath): FunctionValues {
  for (const key of ['external', 'bundle'] as const) {
    const problem = values[key]?.map(packageNameProblem).find((each) => each !== undefined)
    if (problem !== undefined) {
      throw new ConfigurationProblem([...path, key], `${dotted([...path, key])} ${problem}`)
    }
  }
  return values
}

/** A name has none of these characters. */
function isPattern(key: string): boolean {
  return /[/*?{}[\]!().]/.test(key)
}

function readFunctionValues(
  options: Readonly<Record<string, unknown>>,
  path: ValuePath,
  folder: string,
): FunctionValues {
  const run = readValues(RUN_OPTIONS, options, path, folder)
  const own = readValues(FUNCTION_OPTIONS, options, path, folder)
  const values = Object.keys(run).length > 0 ? { ...own, run } : own
  if (options.esbuild === undefined) {
    return values
  }
  const esbuildPath = [...path, 'esbuild']
  const given = asObject(options.esbuild, esbuildPath, 'an object with options of esbuild')
  checkKeys(given, esbuildPath, Object.keys(ESBUILD_OPTIONS))
  return { ...values, esbuild: readValues(ESBUILD_OPTIONS, given, esbuildPath, folder) }
}

/** The values of those of the table's options that are given. */
function readValues<Table extends OptionTable>(
  table: Table,
  given: Readonly<Record<string, unknown>>,
  path: ValuePath,
  folder: string,
): Values<Table> {
  const values: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(table)) {
    if (given[key] !== undefined) {
      try {
        values[key] = option.read(given[key], folder)
      } catch (error) {
        throw error instanceof OptionError
          ? new ConfigurationProblem([...path, key], error.about(dotted([...path, key])), {
              cause: error,
            })
          : error
      }
    }
  }
  return values as Values<Table>
}

function checkKeys(given: object, path: ValuePath, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      throw new ConfigurationProblem([...path, key], unknownKey(key, path, known))
    }
  }
}

function unknownKey(key: string, path: ValuePath, known: readonly string[]): string {
  const where = path.length === 0 ? 'the configuration' : dotted(path)
  if (path.at(-1) === 'esbuild') {
    const reason = REFUSED_ESBUILD_OPTIONS[key]
    if (reason !== undefined) {
      return `esbuild’s option ${key} cannot be set: ${reason}`
    }
  } else if (Object.hasOwn(ESBUILD_OPTIONS, key)) {
    return `${where} has no option ${key}, which is one of esbuild’s; write esbuild: { ${key}: … }`
  }
  return `${where} has no option ${shown(key)}; ${remedyFor(key, known)}`
}

function asObject(value: unknown, path: ValuePath, expected: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = path.length === 0 ? 'a configuration' : dotted(path)
    throw new ConfigurationProblem(path, `${what} expects ${expected}, and got ${shown(value)}`)
  }
  return value as Record<string, unknown>
}

function asEntry(value: unknown, path: ValuePath): string {
  if (typeof value !== 'string' || value === '') {
    throw new ConfigurationProblem(
      path,
      `${dotted(path)} expects the path of a file, and got ${shown(value)}`,
    )
  }
  return value
}

/** `functions.orders.event`, `functions["src/*.ts"]`. */
export function dotted(path: ValuePath): string {
  return path
    .map((key, index) =>
      typeof key === 'string' && /^[\w$-]+$/.test(key)
        ? `${index === 0 ? '' : '.'}${key}`
        : `[${JSON.stringify(key)}]`,
    )
    .join('')
}
