/**
 * `lambdabin invoke`: runs a deployment package as Lambda would, for one event.
 *
 * On stdout there is the function's response, byte for byte, and on a terminal a line break behind it. Logs and Lambda's
 * own lines are on stderr.
 * The exit status is 0 for a response, 1 when the function failed, and its error document is then the response.
 * Whatever happens, the function's processes are ended and the folders made for it deleted.
 */

import { resolve } from 'node:path'
import process from 'node:process'
import type { InvocationResult } from '../../api/invocation-result.ts'
import { type InvokeOptions, invoke } from '../../api/invoke.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { onEarlyEnd } from '../early-end.ts'
import { withLineBreaks } from '../line-breaks.ts'
import { ignoreClosedPipe, writeAll } from '../output.ts'
import { parseInvokeArguments } from './invoke-arguments.ts'
import { readEvent } from './invoke-event.ts'

/** Resolves with the exit status: 0, or 1 when the function failed. Rejects with a UsageError, or a LambdabinError. */
export async function invokeCommand(args: string[]): Promise<number> {
  ignoreClosedPipe(process.stdout)
  ignoreClosedPipe(process.stderr)
  const { event, options } = parseInvokeArguments(args)
  if (options === undefined) {
    await writeAll(process.stdout, printable(await readEvent(event)))
    return 0
  }
  const forget = onEarlyEnd(abandonAll)
  const result = await invoke({
    ...options,
    event: await readEvent(event),
    onLog: (chunk) => process.stderr.write(process.stderr.isTTY ? withLineBreaks(chunk) : chunk),
    onResponse: (chunk) => writeAll(process.stdout, chunk),
  })
  forget()
  if (!result.ok && result.error.code !== 'FUNCTION') {
    throw result.error
  }
  await endResponse(result)
  await tellUnansweredOf(result, options)
  return result.ok ? 0 : 1
}

/** To be read, changed and kept: two spaces deep. */
function printable(event: Buffer): string {
  return `${JSON.stringify(JSON.parse(event.toString()), undefined, 2)}\n`
}

async function endResponse(result: InvocationResult): Promise<void> {
  // For who reads it there; a file or a pipe gets what the function answered, and nothing else.
  if (process.stdout.isTTY) {
    await writeAll(process.stdout, '\n')
  }
  // What is on stdout already is the response, as far as it came.
  if (!result.ok && result.body !== undefined && result.errorBody !== undefined) {
    await writeAll(process.stderr, result.errorBody)
    await writeAll(process.stderr, '\n')
  }
}

/** What the function asked and no stub answers. */
async function tellUnansweredOf({ requests }: InvocationResult, { stub }: InvokeOptions): Promise<void> {
  if (requests?.some(({ isAnswered }) => !isAnswered) && typeof stub === 'string') {
    const { tellUnanswered } = await import('../../compiler/local-run/stubbed-network.ts')
    await writeAll(process.stderr, `lambdabin: ${tellUnanswered(requests, resolve(stub))}`)
  }
}
