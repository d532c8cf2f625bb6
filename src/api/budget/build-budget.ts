/**
 * Holds what was built against its budget. What the last build took that passed is in a small file beside the configuration, or in
 * the current folder: committed, it tells in a review what has grown.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuiltFunction } from '../../compiler/built-function.ts'
import type { FunctionOptions } from '../../compiler/function-options.ts'
import type { BudgetReport, PassedBuild } from '../../inspect/compare/budget.ts'
import { LambdabinError } from '../lambdabin-error.ts'
import { writeBudgetFile } from './budget-files.ts'

const BUDGET_FILE = 'lambdabin.budget.json'

/** Its path, where `folder` is the configuration's or the current one. */
export function budgetFile(folder: string): string {
  return join(folder, BUDGET_FILE)
}

type Kept = Record<string, PassedBuild>

/** One function after the other: starts that are measured would disturb each other, and the file is one. */
export class BudgetCheck {
  readonly #file: string
  #queue: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.#file = budgetFile(folder)
  }

  /** Undefined where the function has no budget. Rejects where its package cannot be measured. */
  check(options: FunctionOptions, built: BuiltFunction): Promise<BudgetReport | undefined> {
    if (options.budget === undefined) {
      return Promise.resolve(undefined)
    }
    const checking = this.#queue.then(() => this.#checkOne(options, built))
    this.#queue = checking.catch(() => {})
    return checking
  }

  async #checkOne(
    { name, budget = {}, environment = {} }: FunctionOptions,
    { zip, folder }: BuiltFunction,
  ): Promise<BudgetReport> {
    // Only here: what looks into packages, with its parsers, is much to load, and few builds have a budget.
    const { inspect } = await import('../inspect.ts')
    const { checkBudget, measuredBuild } = await import('../../inspect/compare/budget.ts')
    const start = budget.init !== undefined
    const result = await inspect({
      ...{ package: zip ?? folder ?? '', config: false, start },
      ...(start && { handler: name, env: environment }),
    })
    if (!result.ok) {
      throw result.error
    }
    const now = measuredBuild(result.inspection, result.start?.warm.median)
    const kept = await this.#read()
    const report = checkBudget(budget, now, kept[name])
    if (report.passed) {
      const sorted = Object.entries({ ...kept, [name]: now }).sort(([left], [right]) =>
        left < right ? -1 : 1,
      )
      await writeBudgetFile(this.#file, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`)
    }
    return report
  }

  /** What is no such file is taken for none: the next build that passes writes it anew. */
  async #read(): Promise<Kept> {
    const text = await readFile(this.#file, 'utf8').catch(() => '{}')
    try {
      const kept: unknown = JSON.parse(text)
      return typeof kept === 'object' && kept !== null ? (kept as Kept) : {}
    } catch {
      return {}
    }
  }
}

/** What is above its limit, as an error. */
export function overBudget(name: string, { lines }: BudgetReport): LambdabinError {
  const over = lines
    .filter(({ value, limit }) => value > limit)
    .map(
      (line) =>
        `${line.name} is ${shownValue(line.name, line.value)}, and the budget is ${shownValue(line.name, line.limit)}`,
    )
  return new LambdabinError(
    'BUILD',
    `${name} is over its budget: ${over.join('; ')}; make it smaller, or raise the budget`,
  )
}

/** Of less, megabytes with two places say nothing. */
const SMALL_BYTES = 10_000

/** `40.00 MB`, `9.50 kB`, `212.3 ms`. */
export function shownValue(name: string, value: number): string {
  if (name === 'init') {
    return `${value.toFixed(1)} ms`
  }
  return Math.abs(value) < SMALL_BYTES ? `${(value / 1e3).toFixed(2)} kB` : `${(value / 1e6).toFixed(2)} MB`
}
