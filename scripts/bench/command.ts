/** What the commands of the benchmark have in common: how they are used, and how they say that they cannot be. */

import process from 'node:process'
import { hasCommand } from './runtime-api-server.ts'

export class BadUsage extends Error {}

/** Bad usage is a message on stderr and the status 2. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof BadUsage)) {
      throw error
    }
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 2
  }
}

export function wholeNumber(option: string, value: string, least = 0): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < least) {
    throw new BadUsage(
      `--${option} expects a whole number of at least ${least}, and got ${JSON.stringify(value)}`,
    )
  }
  return number
}

export function requireCompiler(): void {
  if (!hasCommand('cc', '--version')) {
    throw new BadUsage(
      "the benchmark's server is in C, and there is no cc; on Debian: apt-get install gcc libc6-dev",
    )
  }
}
