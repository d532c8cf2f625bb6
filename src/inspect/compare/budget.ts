/** What a function's package may take, and whether it does: sizes in bytes, times in milliseconds. */
import type { Budget } from '../../compiler/function-options.ts'
import type { Inspection } from '../package/inspection.ts'
import { FUNCTION, OF_FUNCTION } from '../package/part-names.ts'
import { findPart } from '../package/part-tree.ts'
import { type PartChange, type PartSizes, partChanges, partSizes } from './part-sizes.ts'

/** Of a build that passed: a small file that can be committed has it, by the function's name. */
export interface PassedBuild {
  readonly zip: number
  readonly unpacked: number
  readonly text: number
  readonly init?: number | undefined
  readonly parts: PartSizes
}

export interface BudgetLine {
  readonly name: keyof Omit<PassedBuild, 'parts'>
  readonly limit: number
  readonly value: number
  /** Of the last build that passed; `null` where there was none. */
  readonly before: number | null
}

export interface BudgetReport {
  readonly passed: boolean
  /** Of what the budget limits. */
  readonly lines: readonly BudgetLine[]
  /** Since the last build that passed, of the zip. */
  readonly changes: readonly PartChange[]
}

const NAMES = ['zip', 'unpacked', 'text', 'init'] as const

export function measuredBuild(inspection: Inspection, init: number | undefined): PassedBuild {
  const { zipBytes, unpackedBytes, parts } = inspection
  return {
    zip: zipBytes,
    unpacked: unpackedBytes,
    text: findPart(parts, [FUNCTION, OF_FUNCTION.text])?.bytes ?? 0,
    ...(init !== undefined && { init: Math.round(init * 10) / 10 }),
    parts: partSizes(parts),
  }
}

export function checkBudget(budget: Budget, now: PassedBuild, before: PassedBuild | undefined): BudgetReport {
  const lines = NAMES.flatMap((name): BudgetLine[] => {
    const limit = budget[name]
    return limit === undefined ? [] : [{ name, limit, value: now[name] ?? 0, before: before?.[name] ?? null }]
  })
  return {
    passed: lines.every(({ limit, value }) => value <= limit),
    lines,
    changes: before === undefined ? [] : partChanges(before.parts, now.parts),
  }
}
