/** The process that `bootstrap` becomes, and all that it starts. */

import { type ChildProcess, spawn } from 'node:child_process'
import { setImmediate } from 'node:timers'
import type { ProcessExit } from '../../runtime-api/function-error.ts'
import { killGroup, killMarked } from '../../sandbox/process-group.ts'
import { OneTimeEvent } from './one-time-event.ts'

export interface RuntimeProcessOptions {
  /** The path of `bootstrap`, or of a program that becomes it. */
  command: string
  parameters?: readonly string[]
  cwd: string
  environment: Readonly<Record<string, string>>
  /** A variable of `environment` whose value no other process has. */
  uniqueVariable: string
  /** Takes what the process writes to stdout and stderr, in the order in which it arrives. */
  onOutput: (chunk: Buffer) => void
}

export type ProcessEnd =
  | { kind: 'exited'; exit: ProcessExit }
  /** It never ran; the error is the system's. */
  | { kind: 'not started'; error: NodeJS.ErrnoException }

/** Turns of the event loop in which a flood of output is still taken before an invocation's REPORT line. */
const MAX_DRAIN_TURNS = 64

export class RuntimeProcess {
  /** Undefined when the process could not be started. */
  readonly pid: number | undefined
  readonly ended = new OneTimeEvent<ProcessEnd>()

  readonly #child: ChildProcess | undefined
  readonly #closed: Promise<void>
  readonly #mark: string
  #chunks = 0
  #hasEnded = false
  #groupIsOurs = false

  constructor(options: RuntimeProcessOptions) {
    const end = (how: ProcessEnd) => this.ended.happen(how)
    const { promise: closed, resolve: close } = Promise.withResolvers<void>()
    this.#closed = closed
    this.#mark = `${options.uniqueVariable}=${options.environment[options.uniqueVariable]}`
    try {
      this.#child = start(options)
    } catch (error) {
      this.#hasEnded = true
      close()
      end({ kind: 'not started', error: error as NodeJS.ErrnoException })
      return
    }
    this.pid = this.#child.pid
    this.#groupIsOurs = this.pid !== undefined
    this.#child.on('error', (error) => {
      this.#hasEnded = true
      close()
      end({ kind: 'not started', error })
    })
    this.#child.on('exit', (code, signal) => {
      this.#hasEnded = true
      this.kill()
      this.#groupIsOurs = false
      end({ kind: 'exited', exit: { code, signal } })
    })
    this.#child.on('close', () => close())
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on('data', (chunk: Buffer) => {
        this.#chunks++
        options.onOutput(chunk)
      })
    }
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Asks the process itself, not its descendants, to end. */
  terminate(): void {
    this.#child?.kill('SIGTERM')
  }

  /** Ends the process and everything it started, at once. May be called again, and from a signal handler. */
  kill(): void {
    // Once the leader has been waited for, its number may belong to somebody else's group.
    if (this.#groupIsOurs && this.pid !== undefined) {
      killGroup(this.pid)
    }
    killMarked(this.#mark, this.pid)
  }

  async untilEnd(): Promise<ProcessEnd> {
    return await new Promise((resolve) => this.ended.listen(resolve))
  }

  /** Waits until what the process has written so far has been given to `onOutput`. */
  async drainOutput(): Promise<void> {
    for (let turn = 0; turn < MAX_DRAIN_TURNS; turn++) {
      const before = this.#chunks
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#chunks === before) {
        return
      }
    }
  }

  /** Waits until the process has ended and all it wrote has been given to `onOutput`. */
  async closed(): Promise<void> {
    await this.#closed
  }
}

function start({ command, parameters = [], cwd, environment }: RuntimeProcessOptions): ChildProcess {
  return spawn(command, parameters, {
    cwd,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
