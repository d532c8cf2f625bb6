/** How a program ended that was run in a sandbox. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { OpenSandbox } from './sandbox.ts'

export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signalCode: NodeJS.Signals | null
}

/** Where a shell ran it, that tells of a signal by a number above 128. */
export function endOf({ exitCode, signalCode }: ChildProcess, { hasShell }: OpenSandbox): ProcessEnd {
  const number = hasShell && exitCode !== null && exitCode > 128 ? exitCode - 128 : undefined
  const [signal] = Object.entries(constants.signals).find(([, each]) => each === number) ?? []
  return signal === undefined
    ? { exitCode, signalCode }
    : { exitCode: null, signalCode: signal as NodeJS.Signals }
}
