/**
 * `lambdabin inspect`: what is in a package, as a table on stdout; with `--start` where the time of its starts goes. Of two packages what
 * is not the same. With `--json` all of it as one object.
 */
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { type Inspected, type InspectOptions, inspect } from '../../api/inspect.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { comparePackages } from '../../inspect/compare/compare-packages.ts'
import type { Hint } from '../../inspect/html/hints.ts'
import { renderPage } from '../../inspect/html/render-page.ts'
import { onEarlyEnd } from '../early-end.ts'
import { readEvent } from '../invoke/invoke-event.ts'
import { writeAll } from '../output.ts'
import { comparisonTable } from './comparison-table.ts'
import { parseInspectArguments } from './inspect-arguments.ts'
import { packageTable } from './package-table.ts'
import { startTable } from './start-table.ts'

/** Resolves to the exit status. Rejects with a UsageError, or a LambdabinError. */
export async function inspectCommand(args: string[]): Promise<number> {
  const { options, other, event, json, html } = parseInspectArguments(args)
  const asked = { ...options, event: event && (await readEvent(event)) }
  const forget = onEarlyEnd(abandonAll)
  const inspected = await inspectOne(asked)
  const second = other === undefined ? undefined : await inspectOne({ ...asked, package: other })
  forget()
  if (html !== undefined) {
    await writePage(html, inspected)
  }
  const told = second === undefined ? describeOne(inspected, json) : describeTwo(inspected, second, json)
  await writeAll(process.stdout, told)
  return 0
}

async function inspectOne(options: InspectOptions): Promise<Inspected> {
  const result = await inspect(options)
  if (!result.ok) {
    throw result.error
  }
  return result
}

function describeOne({ inspection, start, hints }: Inspected, json: boolean): string {
  if (json) {
    return asJson({ ...inspection, hints, ...(start !== undefined && { start }) })
  }
  const table = start === undefined ? packageTable(inspection) : startTable(inspection, start)
  return table + hintLines(hints)
}

function describeTwo(before: Inspected, now: Inspected, json: boolean): string {
  const comparison = comparePackages(before.inspection, now.inspection)
  return json
    ? asJson({
        before: { ...before.inspection, ...(before.start !== undefined && { start: before.start }) },
        now: { ...now.inspection, ...(now.start !== undefined && { start: now.start }) },
        ...comparison,
      })
    : comparisonTable(before, now, comparison)
}

function asJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

async function writePage(file: string, inspected: Inspected): Promise<void> {
  const page = await renderPage(inspected)
  await writeFile(file, page).catch((cause) => {
    throw new UsageError(`--html expects a file to write, and ${file} cannot be; check the path`, { cause })
  })
}

function hintLines(hints: readonly Hint[]): string {
  return hints.length === 0 ? '' : `\n${hints.map(({ text }) => `  hint: ${text}\n`).join('')}`
}
