/** `build` of the API: builds functions, several at a time. */
import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import process from 'node:process'
import { buildFunction } from '../compiler/build-function.ts'
import type { BuiltFunction as CompiledFunction } from '../compiler/built-function.ts'
import { cacheSizeLimit, keepCacheSize } from '../compiler/cache/cache-size.ts'
import { explainNoPrograms } from '../compiler/children/no-programs.ts'
import { explainFullDisk } from '../compiler/full-disk.ts'
import type { FunctionOptions } from '../compiler/function-options.ts'
import type { Progress, Step } from '../compiler/steps.ts'
import { abandonable } from '../compiler/unfinished-work.ts'
import type { BUILD_OPTIONS } from '../configuration/build-options.ts'
import { checkCall, guarded, signalOf } from '../configuration/call-options.ts'
import { checkBuildValues } from '../configuration/check-configuration.ts'
import type { FunctionConfig } from '../configuration/configuration.ts'
import { type ConfigurationChoice, loadConfiguration } from '../configuration/load-configuration.ts'
import type { Written } from '../configuration/option.ts'
import type { RUN_OPTIONS, VARIABLE_OPTIONS } from '../configuration/run-options.ts'
import { selectFunctions } from '../configuration/select-functions.ts'
import type { BudgetReport } from '../inspect/compare/budget.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import { checkBudgetFile, writeBudgetFile } from './budget/budget-files.ts'
import { budgetMarkdown } from './budget/budget-markdown.ts'
import { BudgetCheck, budgetFile, overBudget } from './budget/build-budget.ts'
import { buildInto, checkInto } from './build-into.ts'
import type { LambdabinError } from './lambdabin-error.ts'

/** What came of a function's build. */
export interface BuiltFunction extends CompiledFunction {
  /** How it stands to its budget, where it has one. */
  readonly budget?: BudgetReport | undefined
}

/** What to build, and how: options as in a configuration, which count more than what it says. */
export interface BuildOptions
  extends Omit<FunctionConfig, 'entry' | Exclude<keyof typeof RUN_OPTIONS, keyof typeof VARIABLE_OPTIONS>>,
    Written<typeof BUILD_OPTIONS> {
  /** Names of configured functions, and paths of entries. By default all functions of the configuration. */
  readonly functions?: string | readonly string[] | undefined
  /** A configuration, the path of its file, or `false` for none. By default the one that holds in `cwd`. */
  readonly config?: ConfigurationChoice
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Ends the build, and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined
  /** Hears how the build goes on. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined
}

/** Before anything is built, which functions will be; then what happens to each. */
export type BuildProgress =
  | {
      readonly kind: 'selected'
      readonly functions: readonly { readonly name: string; readonly entry: string }[]
    }
  | FunctionProgress

/** Something that happened to the function `name`. */
export type FunctionProgress = { readonly name: string } /** A step has begun. */ & (
  | { readonly kind: 'step'; readonly step: string }
  | { readonly kind: 'step done'; readonly step: Step }
  /** Something takes long; a sentence. */
  | { readonly kind: 'notice'; readonly message: string }
  | { readonly kind: 'built'; readonly function: BuiltFunction }
  | { readonly kind: 'failed'; readonly error: LambdabinError }
)

/** A function that could not be built. */
export interface FailedFunction {
  readonly name: string
  /** Absolute path. */
  readonly entry: string
  readonly error: LambdabinError
  /** What was built all the same, and is over its budget. */
  readonly built?: BuiltFunction
}

/**
 * `ok` when all functions were built. Else `error` tells why the first was not, or why none was begun; the others are built
 * all the same.
 */
export type BuildResult =
  | { readonly ok: true; readonly functions: readonly BuiltFunction[] }
  | {
      readonly ok: false
      readonly error: LambdabinError
      /** Those that were built. */
      readonly functions: readonly BuiltFunction[]
      readonly failed: readonly FailedFunction[]
    }

/** Builds functions into deployment packages. Never rejects, and writes nothing but the packages. */
export async function build(options: BuildOptions = {}): Promise<BuildResult> {
  const signal = signalOf(options)
  try {
    checkCall('build', options)
    signal?.throwIfAborted()
    const { functions, jobs, into, budgetSummary, folder } = await wantedFunctions(options)
    if (budgetSummary !== undefined) {
      await checkBudgetFile(budgetSummary, functions[0]?.outDir)
    }
    const make = into === undefined ? buildFunction : buildFunctionInto
    const limit = cacheSizeLimit()
    const failing = new AbortController()
    const onProgress = guarded('onProgress', options.onProgress ?? (() => {}), (error) =>
      failing.abort(error),
    )
    const ends = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal])
    const explain = (error: unknown) =>
      asLambdabinError(failing.signal.aborted ? failing.signal.reason : error, signal)
    const hearing = { signal: ends, onProgress, explain }
    const built = await abandonable(ends, () => buildAll(functions, { jobs, make, folder }, hearing))
    const result =
      built.ok && failing.signal.aborted
        ? { ...built, ...({ ok: false, error: explain(undefined), failed: [] } as const) }
        : built
    await keepCacheSize(limit)
    if (budgetSummary !== undefined) {
      await writeBudgetFile(budgetSummary, budgetMarkdown(result.functions))
    }
    return result
  } catch (error) {
    return { ok: false, error: asLambdabinError(error, signal), functions: [], failed: [] }
  }
}

/** What {@link build} would do. */
export interface PlannedBuild {
  /** Each with all its options. */
  readonly functions: readonly FunctionOptions[]
  /** Absolute paths of the files that are written besides the packages. */
  readonly files: readonly string[]
}

/** Rejects with a LambdabinError. */
export async function planBuild(options: BuildOptions): Promise<PlannedBuild> {
  try {
    const { functions, budgetSummary, folder } = await wantedFunctions(options)
    const hasBudget = functions.some(({ budget }) => budget !== undefined)
    const files = [hasBudget ? budgetFile(folder) : undefined, budgetSummary]
    return { functions, files: files.filter((file) => file !== undefined) }
  } catch (error) {
    throw asLambdabinError(error, options.signal)
  }
}

/** What is no configuration's. */
const OWN_OPTIONS = ['functions', 'config', 'cwd', 'signal', 'onProgress']

async function wantedFunctions({
  functions: wanted = [],
  config,
  cwd,
  signal: _signal,
  onProgress: _onProgress,
  ...given
}: BuildOptions): Promise<WantedFunctions> {
  const folder = resolve(cwd ?? process.cwd())
  const { values, build: own } = checkBuildValues(given, folder, OWN_OPTIONS)
  const configuration = await loadConfiguration(config, folder, { command: 'build' })
  const build = { ...configuration?.build, ...own }
  const functions = await selectFunctions(configuration, { wanted: [wanted].flat(), values, build, folder })
  const { into, budgetSummary, jobs = defaultJobs() } = build
  if (into !== undefined) {
    await checkInto(functions, into)
  }
  return {
    ...{ functions, jobs, into, budgetSummary },
    folder: configuration?.folder ?? folder,
  }
}

interface WantedFunctions {
  readonly functions: readonly FunctionOptions[]
  readonly jobs: number
  readonly into: string | undefined
  /** Absolute path. */
  readonly budgetSummary: string | undefined
  /** The configuration's, or the current one. */
  readonly folder: string
}

interface Hearing {
  readonly signal: AbortSignal
  readonly onProgress: (progress: BuildProgress) => void
  readonly explain: (thrown: unknown) => LambdabinError
}

type MakeFunction = (options: FunctionOptions, progress: Progress) => Promise<BuiltFunction>

/** What one build takes at its most, in bytes. */
const BUILD_BYTES = 700e6

function defaultJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(process.availableMemory() / BUILD_BYTES)))
}

async function buildAll(
  functions: readonly FunctionOptions[],
  { jobs, make, folder }: { jobs: number; make: MakeFunction; folder: string },
  hearing: Hearing,
): Promise<BuildResult> {
  hearing.onProgress({ kind: 'selected', functions: functions.map(({ name, entry }) => ({ name, entry })) })
  const built: (BuiltFunction | FailedFunction)[] = []
  const budgets = new BudgetCheck(folder)
  const queue = jobs > 1 ? largestFirst([...functions.entries()]) : [...functions.entries()]
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, each] = next
      built[index] = await buildOne(each, make, budgets, hearing)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, functions.length) }, worker))
  const failed = built.filter(isFailed)
  const done = built.flatMap((each) => (isFailed(each) ? (each.built ?? []) : each))
  const [first] = failed
  return first === undefined
    ? { ok: true, functions: done }
    : { ok: false, error: first.error, functions: done, failed }
}

/** What takes longest is not to be what is left when all else is done; how long an entry is tells a little of it. */
function largestFirst(queue: [index: number, FunctionOptions][]): [index: number, FunctionOptions][] {
  const sizes = new Map(
    queue.map(([index, { entry }]) => [index, statSync(entry, { throwIfNoEntry: false })?.size ?? 0]),
  )
  return queue.sort(([left], [right]) => (sizes.get(right) ?? 0) - (sizes.get(left) ?? 0))
}

/** `outDir` is for the package's files alone. */
function buildFunctionInto(options: FunctionOptions, progress: Progress): Promise<BuiltFunction> {
  return buildInto(options.outDir, options.name, (outDir) =>
    buildFunction({ ...options, outDir, only: 'folder' }, progress),
  )
}

function isFailed(built: BuiltFunction | FailedFunction): built is FailedFunction {
  return 'error' in built
}

async function buildOne(
  options: FunctionOptions,
  make: MakeFunction,
  budgets: BudgetCheck,
  { signal, onProgress, explain }: Hearing,
): Promise<BuiltFunction | FailedFunction> {
  const { name, entry } = options
  try {
    const made: BuiltFunction = await make(options, {
      signal,
      onStart: (step) => onProgress({ name, kind: 'step', step }),
      onStep: (step) => onProgress({ name, kind: 'step done', step }),
      onNotice: (message) => onProgress({ name, kind: 'notice', message }),
    })
    const budget = await budgets.check(options, made)
    const built = budget === undefined ? made : { ...made, budget }
    onProgress({ name, kind: 'built', function: built })
    if (budget !== undefined && !budget.passed) {
      const error = overBudget(name, budget)
      onProgress({ name, kind: 'failed', error })
      return { name, entry, error, built }
    }
    return built
  } catch (thrown) {
    const error = explain(explainNoPrograms(explainFullDisk(thrown, options.outDir)))
    onProgress({ name, kind: 'failed', error })
    return { name, entry, error }
  }
}
