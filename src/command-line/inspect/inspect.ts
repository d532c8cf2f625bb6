/**
 * `lambdabin inspect`: what is in a package, as a table on stdout; with `--start` where the time of its starts goes. With `--json` all of
 * it as one object.
 */
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { inspect } from '../../api/inspect.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import type { Hint } from '../../inspect/html/hints.ts'
import { renderPage } from '../../inspect/html/render-page.ts'
import { onEarlyEnd } from '../early-end.ts'
import { readEvent } from '../invoke/invoke-event.ts'
import { writeAll } from '../output.ts'
import { parseInspectArguments } from './inspect-arguments.ts'
import { packageTable } from './package-table.ts'
import { startTable } from './start-table.ts'

/** Resolves to the exit status. Rejects with a UsageError, or a LambdabinError. */
export async function inspectCommand(args: string[]): Promise<number> {
  const { options, event, json, html } = parseInspectArguments(args)
  const bytes = event && (await readEvent(event))
  const forget = onEarlyEnd(abandonAll)
  const result = await inspect({ ...options, event: bytes })
  forget()
  if (!result.ok) {
    throw result.error
  }
  const { inspection, start, hints } = result
  if (html !== undefined) {
    await writeFile(html, await renderPage(result))
  }
  if (json) {
    const all = { ...inspection, hints, ...(start !== undefined && { start }) }
    await writeAll(process.stdout, `${JSON.stringify(all, undefined, 2)}\n`)
  } else {
    const table = start === undefined ? packageTable(inspection) : startTable(inspection, start)
    await writeAll(process.stdout, table + hintLines(hints))
  }
  return 0
}

function hintLines(hints: readonly Hint[]): string {
  return hints.length === 0 ? '' : `\n${hints.map(({ text }) => `  hint: ${text}\n`).join('')}`
}
