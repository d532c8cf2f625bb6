/** Runs a program to its end, and hands on to it the signals that are meant for the container. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface EndedChild {
  /** As a shell has it: 128 and the signal's number for a program that a signal ended. */
  readonly status: number
  /** The last of what it wrote to stderr. */
  readonly said: string
}

/** How much of what a program writes to stderr is kept. */
const KEPT = 20_000

export interface ChildOptions {
  readonly cwd?: string
  /** Its stdout goes to stderr: this process's is for what the command itself prints, `--json`'s object say. */
  readonly isAside?: boolean
}

/** Its streams are this process's; what it says on stderr is handed on and kept. */
export function runChild(
  command: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv,
  { cwd, isAside = false }: ChildOptions = {},
): Promise<EndedChild> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      stdio: ['inherit', isAside ? 2 : 'inherit', 'pipe'],
      env,
      cwd,
    })
    const forget = handOn(child)
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk)
      said = (said + chunk.toString()).slice(-KEPT)
    })
    child.once('error', reject)
    child.once('close', (status, signal) => {
      forget()
      resolve({ status: signal === null ? (status ?? 1) : 128 + constants.signals[signal], said })
    })
  })
}

/** A terminal's Ctrl-C and `docker stop` reach the container's first process, which is this one or starts this one. */
function handOn(child: ChildProcess): () => void {
  const listeners = SIGNALS.map((signal) => [signal, () => child.kill(signal)] as const)
  for (const [signal, listener] of listeners) {
    process.on(signal, listener)
  }
  return () => {
    for (const [signal, listener] of listeners) {
      process.off(signal, listener)
    }
  }
}
