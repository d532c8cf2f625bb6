/** Runs other programs to their end, within a time. */

import { spawn } from 'node:child_process'
import process from 'node:process'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  /** Both streams, in the order in which they came. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeout?: number
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
    })
    let stdout = ''
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout, output }))
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
