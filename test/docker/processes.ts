/** Runs other programs to their end, within a time. */

import { spawn } from 'node:child_process'
import process from 'node:process'

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  /** Both streams, in the order in which they came. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeout?: number
  /** Whom it runs as, without any groups but the one; this process's user if not given. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Hears all that was said so far whenever there is more; what it returns is sent to the program and all that it started. */
  readonly onOutput?: (output: string) => NodeJS.Signals | undefined
}

/** Ten minutes: what a slow line takes for a base system or a release of Node.js. */
const TIMEOUT_MS = 600_000

export function run(
  command: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? TIMEOUT_MS,
      killSignal: 'SIGKILL',
      // A group of its own can get a signal as a terminal sends it.
      detached: options.onOutput !== undefined,
      ...options.user,
    })
    let stdout = ''
    let output = ''
    const hear = (text: string) => {
      output += text
      const signal = options.onOutput?.(output)
      if (signal !== undefined && child.pid !== undefined) {
        process.kill(-child.pid, signal)
      }
    }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
      hear(text)
    })
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, stdout, output }))
  })
}

/** The same, for what has to end well. */
export async function runWell(
  command: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const ended = await run(command, parameters, options)
  if (ended.status !== 0) {
    throw new Error(
      `${command} ${parameters.join(' ')} ended with ${ended.status}:\n${ended.output.slice(-4000)}`,
    )
  }
  return ended
}
