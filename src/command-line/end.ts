/** How a command ends: with its status, and nothing else is waited for. */
import process from 'node:process'
import { unlessNeverEnding } from '../compiler/unfinished-work.ts'
import { writeAll } from './output.ts'

/** A fault of lambdabin's own, or of a plugin's. */
const NEVER_DONE = 'the command is not done, and nothing is left that could go on with it'

let isEnding = false

/**
 * Ends the process with the status that `work` comes to; what it rejects with, `report` tells of. What a configuration or a plugin has
 * left open, a timer or a connection, would keep the process for ever. `report` is asked, too, what is to be said where one of them has
 * ended the process before, with `explainExit`'s error.
 */
export async function endWith(
  work: Promise<number>,
  report: (error: unknown) => number,
  explainExit: () => Error,
): Promise<never> {
  process.on('exit', () => {
    if (!isEnding) {
      process.exitCode = report(explainExit())
    }
  })
  const status = await unlessNeverEnding(work, () => new Error(NEVER_DONE)).catch(report)
  // Where they are pipes, what was written may not have been handed over yet.
  await Promise.all(
    // What cannot be written now could not be before, which is told.
    [process.stdout, process.stderr].map((output) => writeAll(output, '').catch(() => {})),
  )
  return endNow(status)
}

/** Ends the process at once, whatever is under way. */
export function endNow(status: number): never {
  isEnding = true
  process.exit(status)
}
