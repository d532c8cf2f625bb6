/** What came of budgets, as Markdown: for the summary of a pull request. */
import type { BudgetReport } from '../../inspect/compare/budget.ts'
import { shownValue } from './build-budget.ts'

const MOST_CHANGES = 15

interface Checked {
  readonly name: string
  readonly budget?: BudgetReport | undefined
}

/** Of those that have a budget. */
export function budgetMarkdown(functions: readonly Checked[]): string {
  const checked = functions.flatMap(({ name, budget }) => (budget === undefined ? [] : [{ name, budget }]))
  if (checked.length === 0) {
    return 'No function has a budget.\n'
  }
  const rows = checked.flatMap(({ name, budget }) =>
    budget.lines.map(({ name: limit, value, limit: most, before }) => {
      const change = before === null ? '' : signed(limit, value - before)
      const state = value > most ? '❌ over' : '✅'
      return `| ${name} | ${limit} | ${shownValue(limit, value)} | ${change} | ${shownValue(limit, most)} | ${state} |`
    }),
  )
  const head = '| function | | now | since the last that passed | budget | |\n|---|---|---:|---:|---:|---|'
  return `${[head, ...rows].join('\n')}\n${checked.map(changes).join('')}`
}

function changes({ name, budget }: { name: string; budget: BudgetReport }): string {
  if (budget.changes.length === 0) {
    return ''
  }
  const rows = budget.changes
    .slice(0, MOST_CHANGES)
    .map(
      ({ part, before, now }) =>
        `| ${part.replaceAll('|', '\\|')} | ${before} | ${now} | ${now > before ? '+' : ''}${now - before} |`,
    )
  return `\n<details><summary>${name}: what changed, in bytes of the zip</summary>\n\n| part | before | now | |\n|---|---:|---:|---:|\n${rows.join('\n')}\n\n</details>\n`
}

function signed(name: string, change: number): string {
  return `${change > 0 ? '+' : ''}${shownValue(name, change)}`
}
