/**
 * Has connections opened in the init phase, where the function's author asks for that: see {@link ./connect.ts}. This is in the
 * runtime's script; the rest of this folder is in the script `connect`.
 */

import { CONNECT_TIMEOUT_MS, problemOf } from '../../executable/early-connections.ts'
import type { Program } from '../../executable/program.ts'
import { isSnapStart } from '../environment.ts'
import { errorFacts } from '../error-response.ts'
import { isRehearsing } from '../invocation-scope.ts'
import { logRuntimeProblem } from '../log/log.ts'

/** Milliseconds that Lambda gives the init phase, less some for what follows. */
const INIT_MS = 9000

/**
 * Begins to connect; undefined where nobody is to be connected to. The promise resolves in any case: what is not connected, who needs it
 * connects.
 */
export function openConnections(program: Program): Promise<void> | undefined {
  const { connectEarly } = program
  // A connection in a snapshot would be dead in each environment that is made of it.
  if (connectEarly === undefined || isSnapStart()) {
    return undefined
  }
  // Not performance.now(), with which Node.js loads modules.
  const left = Math.min(CONNECT_TIMEOUT_MS, INIT_MS - Math.ceil(process.uptime() * 1000))
  return left > 0 ? open(() => connectEarly(left, isRehearsing)) : undefined
}

async function open(connect: () => ReturnType<NonNullable<Program['connectEarly']>>): Promise<void> {
  try {
    for (const connected of await connect()) {
      const problem = problemOf(connected)
      if (problem !== undefined) {
        logRuntimeProblem(
          `no connection to ${connected.host} was opened in the init phase, so the first request to it will take longer: ${problem}`,
        )
      }
    }
  } catch (error) {
    logRuntimeProblem(`no connections were opened in the init phase: ${errorFacts(error).errorMessage}`)
  }
}
