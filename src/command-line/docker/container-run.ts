/** Runs a container to its end; a signal for this process ends the container first. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { writeAll } from '../output.ts'
import type { ContainerEngine } from './container-engine.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long an engine may take to remove a container. */
const REMOVAL_MS = 30_000

export interface EndedContainer {
  readonly status: number
  /** The last signal that this process got meanwhile, which it is to end by. */
  readonly asked: NodeJS.Signals | undefined
}

/**
 * Runs a container called `name` to its end; `parameters` are further words of the engine's `run`. Its streams are this
 * process's; `change` changes what it writes to stdout, all at once.
 */
export function runContainer(
  engine: ContainerEngine,
  name: string,
  parameters: readonly string[],
  change?: (output: string) => string,
): Promise<EndedContainer> {
  return new Promise((resolve, reject) => {
    const child = spawn(engine.command, ['run', '--rm', '--name', name, ...parameters], {
      stdio: ['ignore', change === undefined ? 'inherit' : 'pipe', 'inherit'],
    })
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    const signals = forwardSignals(child)
    child.once('error', reject)
    child.once('close', (status, signal) => {
      const asked = signals.forget()
      if (asked !== undefined) {
        removeContainer(engine, name)
      }
      const ended = { status: signal === null ? (status ?? 1) : 128 + constants.signals[signal], asked }
      writeAll(process.stdout, change?.(Buffer.concat(chunks).toString()) ?? '').then(
        () => resolve(ended),
        reject,
      )
    })
  })
}

/** Hands signals on, so that the build cleans up after itself; `forget` tells which was the last, if any came. */
function forwardSignals(child: ChildProcess): { forget: () => NodeJS.Signals | undefined } {
  let asked: NodeJS.Signals | undefined
  const listener = (signal: NodeJS.Signals) => {
    asked = signal
    child.kill(signal)
  }
  for (const signal of SIGNALS) {
    process.on(signal, listener)
  }
  return {
    forget: () => {
      for (const signal of SIGNALS) {
        process.off(signal, listener)
      }
      return asked
    },
  }
}

/** The engine's program may have gone before its container had. */
function removeContainer({ command }: ContainerEngine, name: string): void {
  spawnSync(command, ['rm', '--force', name], { stdio: 'ignore', timeout: REMOVAL_MS })
}
