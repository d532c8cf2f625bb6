/** `lambdabin inspect`: what is in a package, as a table on stdout, or as one JSON object. */
import process from 'node:process'
import { inspect } from '../../api/inspect.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { onEarlyEnd } from '../early-end.ts'
import { writeAll } from '../output.ts'
import { parseInspectArguments } from './inspect-arguments.ts'
import { packageTable } from './package-table.ts'

/** Resolves to the exit status. Rejects with a UsageError, or a LambdabinError. */
export async function inspectCommand(args: string[]): Promise<number> {
  const { json, ...options } = parseInspectArguments(args)
  const forget = onEarlyEnd(abandonAll)
  const result = await inspect(options)
  forget()
  if (!result.ok) {
    throw result.error
  }
  const { inspection } = result
  await writeAll(
    process.stdout,
    json ? `${JSON.stringify(inspection, undefined, 2)}\n` : packageTable(inspection),
  )
  return 0
}
