/** What `lambdabin build` tells of a budget: each limit, and what has grown since the last build that passed. */
import { shownValue } from '../../api/budget/build-budget.ts'
import type { BudgetReport } from '../../inspect/compare/budget.ts'

const MOST_CHANGES = 12
const PART_COLUMN = 60

/** Lines, each with its line break; none without a budget. */
export function budgetLines(budget: BudgetReport | undefined): string {
  if (budget === undefined) {
    return ''
  }
  const limits = budget.lines.map(({ name, value, limit, before }) => {
    const change =
      before === null
        ? ''
        : `, ${value >= before ? '+' : ''}${shownValue(name, value - before)} since the last that passed`
    const over = value > limit ? 'over the budget of' : 'of'
    return `  ${'budget'.padEnd(16)} ${name} ${shownValue(name, value)}, ${over} ${shownValue(name, limit)}${change}\n`
  })
  return limits.join('') + (budget.passed ? '' : changeLines(budget))
}

function changeLines({ changes }: BudgetReport): string {
  if (changes.length === 0) {
    return ''
  }
  const rows = changes
    .slice(0, MOST_CHANGES)
    .map(
      ({ part, before, now }) =>
        `    ${part.padEnd(PART_COLUMN)} ${number(before)} ${number(now)} ${number(now - before, true)}\n`,
    )
  const head = `  ${'what changed, in bytes of the zip'.padEnd(PART_COLUMN + 2)} ${'before'.padStart(11)} ${'now'.padStart(11)}\n`
  const more = changes.length - rows.length
  return head + rows.join('') + (more > 0 ? `    and ${more} more; --json has all\n` : '')
}

function number(value: number, isSigned = false): string {
  const text = value.toLocaleString('en-US')
  return (isSigned && value > 0 ? `+${text}` : text).padStart(11)
}
