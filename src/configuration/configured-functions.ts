/** The functions that a configuration names: by name, and by patterns of their entries. */
import * as fs from 'node:fs' // As a whole, for the reason in evaluate-configuration.ts.
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { ENTRY_ENDINGS, FunctionNameError, functionName, isEntry } from '../compiler/function-name.ts'
import { dotted, type FunctionRule, type FunctionValues } from './check-configuration.ts'
import type { LoadedConfiguration } from './load-configuration.ts'
import { UsageError } from './usage-error.ts'

export interface ConfiguredFunction {
  readonly name: string
  /** Absolute path. */
  readonly entry: string
  readonly values: FunctionValues
}

/** What a pattern with wildcards never means. */
const NO_ENTRIES =
  /(^|[\\/])(node_modules|__tests__)$|\.d\.[cm]?ts$|\.(test|spec)\.\w+$|(^|[\\/])lambdabin\.config\.\w+$/

/**
 * All functions, in the order of their names. A function that both a pattern and its name find has the options of both, and
 * those of the name count. Throws a {@link UsageError}.
 */
export function configuredFunctions(configuration: LoadedConfiguration): ConfiguredFunction[] {
  const { rules, defaults, build, folder, named } = configuration
  const outDir = build.outDir ?? join(folder, 'dist')
  const found = new Map<string, ConfiguredFunction>()
  const unnamed = rules.filter(({ name }) => name === undefined)
  const ofPatterns = unnamed.filter((rule) => !leavesOut(rule))
  const leftOut = unnamed.filter(leavesOut).flatMap(({ entry = '' }) => filesOf([entry.slice(1)], folder))
  const isLeftOut = (file: string) => leftOut.some((path) => file === path || file.startsWith(path + sep))
  const ofNames = rules.filter(({ name }) => name !== undefined).map((rule) => namedRule(rule, folder, named))
  // What a file that has a name of its own would be called by a pattern does not matter: that is how two of the same name are told apart.
  const valuesByPattern = new Map<string, FunctionValues>()
  const namedFiles = new Set(ofNames.map(({ file }) => file))
  for (const rule of ofPatterns) {
    const values = merged(defaults, rule.values)
    for (const entry of entriesOf(rule, folder, outDir, named).filter((file) => !isLeftOut(file))) {
      if (namedFiles.has(entry)) {
        valuesByPattern.set(entry, values)
      } else {
        add(found, { name: nameByPattern(rule, entry, folder, named), entry, values }, folder, named)
      }
    }
  }
  for (const { name, place, file, values } of ofNames) {
    if (file === undefined) {
      const known = found.get(name)
      if (known === undefined) {
        throw new UsageError(
          `${place} has no entry, and no pattern finds a function of that name; give it one: entry: 'src/${name}.ts'`,
        )
      }
      found.set(name, { ...known, values: merged(known.values, values) })
    } else {
      const shared = valuesByPattern.get(file) ?? defaults
      add(found, { name, entry: file, values: merged(shared, values) }, folder, named)
    }
  }
  return [...found.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** Options of `own` in front of those of `shared`; of those that are by name, as `define`, the entries are taken together. */
export function merged(shared: FunctionValues, own: FunctionValues): FunctionValues {
  const esbuild = mergedByName(shared.esbuild, own.esbuild)
  const run = mergedByName(shared.run, own.run)
  return { ...shared, ...own, ...(esbuild && { esbuild }), ...(run && { run }) }
}

export function mergedRun(
  shared: NonNullable<FunctionValues['run']>,
  own: NonNullable<FunctionValues['run']>,
): NonNullable<FunctionValues['run']> {
  return mergedByName(shared, own) ?? {}
}

function mergedByName<Options extends object>(
  shared: Options | undefined,
  own: Options | undefined,
): Options | undefined {
  if (shared === undefined || own === undefined) {
    return own ?? shared
  }
  const options: Record<string, unknown> = Object.fromEntries(Object.entries(shared))
  for (const [key, value] of Object.entries(own)) {
    const before = options[key]
    options[key] = isByName(before) && isByName(value) ? { ...before, ...value } : value
  }
  return options as Options
}

function isByName(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A function that is called by its name, with the file that it names, if it names one. */
function namedRule({ path, name = '', entry, values }: FunctionRule, folder: string, named: string) {
  const place = `${named}: ${dotted(path)}`
  checkedName(() => functionName('entry.ts', { given: name, remedy: 'call it something else' }), place)
  const file = entry === undefined ? undefined : checkEntry(resolve(folder, entry), place, folder)
  return { name, place, file, values }
}

function add(
  found: Map<string, ConfiguredFunction>,
  added: ConfiguredFunction,
  folder: string,
  named: string,
): void {
  const { name, entry } = added
  const other = found.get(name)
  if (other !== undefined && other.entry !== entry) {
    const file = relative(folder, entry)
    throw new UsageError(
      `${named}: each function needs a name of its own, and ${relative(folder, other.entry)} and ${file} would both be ${name}; name one of them as a key of functions: 'another-name': '${file}'`,
    )
  }
  found.set(name, added)
}

/** `!src/types.ts`. `!(a|b).ts` is a pattern itself. */
const LEAVES_OUT = /^!(?!\()/

/** In a list of patterns. */
function leavesOut({ path, entry = '' }: FunctionRule): boolean {
  return LEAVES_OUT.test(entry) && typeof path.at(-1) === 'number'
}

function filesOf(patterns: readonly string[], folder: string): string[] {
  return fs
    .globSync(patterns, { cwd: folder, exclude: (path) => NO_ENTRIES.test(path) })
    .map((file) => resolve(folder, file))
}

function entriesOf(rule: FunctionRule, folder: string, outDir: string, named: string): string[] {
  const { path, entry = '' } = rule
  if (!WILDCARD.test(entry)) {
    return [checkEntry(resolve(folder, entry), `${named}: ${dotted(path)}`, folder)]
  }
  if (LEAVES_OUT.test(entry)) {
    throw new UsageError(
      `${named}: ${dotted(path)} has options for files that are no functions; leave it out, and them by a list of patterns, functions: ['src/*.ts', '${entry}'], or by a narrower one: src/!(types|constants).ts`,
    )
  }
  const patterns = [entry, `${entry.replace(/\/$/, '')}/index.{${ENDINGS}}`]
  const found = filesOf(patterns, folder).filter(
    (file) => isEntry(file) && !NO_ENTRIES.test(file) && !file.startsWith(outDir + sep),
  )
  if (found.length === 0) {
    throw new UsageError(
      `${named}: ${dotted(path)} is the pattern ${entry}, which no TypeScript or JavaScript file in ${folder} fits; correct it`,
    )
  }
  return [...new Set(found)].sort()
}

const WILDCARD = /[*?{}[\]!()]/
const ENDINGS = ENTRY_ENDINGS.map((ending) => ending.slice(1)).join(',')

function checkEntry(file: string, place: string, folder: string): string {
  const shown = relative(folder, file)
  const status = fs.statSync(file, { throwIfNoEntry: false })
  if (status === undefined) {
    throw new UsageError(`${place} names the entry ${shown}, which is not there; check the path`)
  }
  if (!status.isFile() || !isEntry(file)) {
    throw new UsageError(
      `${place} names the entry ${shown}, which is no TypeScript or JavaScript file; name the file that exports the handler`,
    )
  }
  return file
}

/**
 * A file's own name where a wildcard is in that; else all files have the same, and the name is their folder's: `orders` for
 * `src/orders/handler.ts` of `src/*\/handler.ts`.
 */
function nameByPattern(
  { path, entry = '' }: FunctionRule,
  file: string,
  folder: string,
  named: string,
): string {
  const isSameForAll = WILDCARD.test(entry) && !WILDCARD.test(basename(entry))
  const given = isSameForAll && !/^index\./.test(basename(entry)) ? basename(dirname(file)) : undefined
  return checkedName(() => functionName(file, { given, folder, remedy: REMEDY }), `${named}: ${dotted(path)}`)
}

const REMEDY = 'give it one as a key of functions'

function checkedName(name: () => string, place: string): string {
  try {
    return name()
  } catch (error) {
    throw error instanceof FunctionNameError
      ? new UsageError(`${place}: ${error.message}`, { cause: error })
      : error
  }
}
