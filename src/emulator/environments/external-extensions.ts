/**
 * The external extensions of an environment: the programs in `/opt/extensions`, each a process of its own, started before
 * the runtime and ended after it. What they say to Lambda is in `../../runtime-api/extensions.ts`.
 */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Extensions } from '../../runtime-api/extensions.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import type { OpenSandbox } from '../../sandbox/sandbox.ts'
import { after } from './deadline.ts'
import { firstOf, OneTimeEvent } from './one-time-event.ts'
import { extensionFailure, type RuntimeFailure } from './runtime-failure.ts'
import { RuntimeProcess } from './runtime-process.ts'
import { whyUnexecutable } from './unexecutable.ts'

/** Lambda's: two seconds for the whole shutdown phase. */
const SHUTDOWN_MS = 2000

/** Not told to extensions. Source: AWS Lambda Developer Guide, "Lambda extensions", environment variables. */
const OF_RUNTIME_ALONE = [
  '_HANDLER',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_EXEC_WRAPPER',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]
/** By its value the processes of one extension can be told from all others. */
const UNIQUE_VARIABLE = 'LAMBDABIN_EXTENSION'

export class ExternalExtensions {
  readonly names: readonly string[]
  readonly #extensions: Extensions
  /** How the first of them fails: by its own word, or by ending. */
  failed = new OneTimeEvent<RuntimeFailure>()
  readonly #processes: RuntimeProcess[] = []

  /** `names` are those of {@link findExtensions}. */
  constructor(names: readonly string[], extensions: Extensions) {
    this.names = names
    this.#extensions = extensions
  }

  /** Starts all. Resolves with the first failure before all have registered; undefined when they have. */
  async start(
    sandbox: OpenSandbox,
    variables: Record<string, string>,
    onOutput: (chunk: Buffer) => void,
  ): Promise<RuntimeFailure | undefined> {
    const told = Object.entries(variables).filter(([name]) => !OF_RUNTIME_ALONE.includes(name))
    for (const name of this.names) {
      const unique = `${variables.AWS_LAMBDA_LOG_STREAM_NAME}/${name}`
      const environment = { ...Object.fromEntries(told), [UNIQUE_VARIABLE]: unique }
      const program = join(sandbox.layersFolder, 'extensions', name)
      this.#processes.push(
        new RuntimeProcess({
          ...sandbox.command(program, [], environment),
          environment: sandbox.environment(environment),
          uniqueVariable: UNIQUE_VARIABLE,
          onOutput,
        }),
      )
    }
    const failed = new OneTimeEvent<RuntimeFailure>()
    this.failed = failed
    this.#extensions.failed.then((failure) => failed.happen(extensionFailure(failure)))
    this.#processes.forEach((each, index) => {
      const name = this.names[index] ?? ''
      each.ended.listen(() => failed.happen(extensionFailure({ name, errorType: 'Extension.Crash' })))
    })
    return await firstOf(
      this.#extensions.registered.then(() => undefined),
      [failed],
    )
  }

  /** Tells them of the end, gives them the time that Lambda gives, and ends them. */
  async end(shutdownReason: 'spindown' | 'timeout' | 'failure'): Promise<void> {
    if (this.#processes.length === 0) {
      return
    }
    const deadlineMs = wallClock() + SHUTDOWN_MS
    this.#extensions.tell({ eventType: 'SHUTDOWN', shutdownReason, deadlineMs }).catch(() => {})
    const { promise: late, cancel } = after(SHUTDOWN_MS)
    const ended = Promise.all(this.#processes.map((each) => each.untilEnd()))
    await Promise.race([ended, late])
    cancel()
    this.kill()
    await ended
    this.#processes.length = 0
  }

  kill(): void {
    for (const each of this.#processes) {
      each.kill()
    }
  }
}

/** The names of the extensions that a layers' folder of the host has, sorted. */
export async function findExtensions(layersFolder: string | undefined): Promise<string[]> {
  if (layersFolder === undefined) {
    return []
  }
  const folder = join(layersFolder, 'extensions')
  const names: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() && (await whyUnexecutable(join(folder, entry.name))) === undefined) {
      names.push(entry.name)
    }
  }
  return names.sort()
}
