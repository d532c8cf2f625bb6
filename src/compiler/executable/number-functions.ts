import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onAbandon } from '../unfinished-work.ts'
import type { BuildSandbox } from './build-sandbox.ts'

/**
 * Has the warm-up make its code caches once more where nothing runs, so that two builds give the same bytes. Where it cannot, they stay
 * as the run has made them, which are as good to start with. `timeout` is in milliseconds.
 */
export async function numberFunctions(
  { command, parameters, cwd }: ReturnType<BuildSandbox['command']>,
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<void> {
  const child = spawn(command, parameters, { cwd, stdio: 'ignore', env, timeout, killSignal: 'SIGKILL' })
  const finished = onAbandon(() => child.kill('SIGKILL'))
  await once(child, 'close').catch(() => {})
  finished()
}
