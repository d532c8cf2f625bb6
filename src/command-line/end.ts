/** How a command ends: with its status, and nothing else is waited for. */
import process from 'node:process'
import { unlessNeverEnding } from '../compiler/unfinished-work.ts'
import { writeAll } from './output.ts'

/** A fault of lambdabin's own, or of a plugin's. */
const NEVER_DONE = 'the command is not done, and nothing is left that could go on with it'

/**
 * Ends the process with the status that `work` comes to; what it rejects with, `report` tells of. What a configuration or a plugin has
 * left open, a timer or a connection, would keep the process for ever.
 */
export async function endWith(work: Promise<number>, report: (error: unknown) => number): Promise<never> {
  const status = await unlessNeverEnding(work, () => new Error(NEVER_DONE)).catch(report)
  // Where they are pipes, what was written may not have been handed over yet.
  await Promise.all([process.stdout, process.stderr].map((output) => writeAll(output, '')))
  process.exit(status)
}
