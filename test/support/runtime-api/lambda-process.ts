/** Starts an executable as Lambda does, and keeps what it prints. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'

/** No test waits longer for a process than this, in milliseconds. */
const PATIENCE_MS = Number(process.env.CONFORMANCE_PATIENCE_MS ?? 20_000)

export interface LambdaProcessOptions {
  /** `host:port`; undefined leaves the variable out. */
  readonly runtimeApi: string | undefined
  readonly handler: string | undefined
  readonly env?: Record<string, string | undefined>
  /** What it is started with. */
  readonly parameters?: readonly string[]
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class LambdaProcess {
  readonly #child: ChildProcess
  readonly ended: Promise<Ending>
  #output = ''
  readonly #watchers = new Set<() => void>()

  constructor(executable: string, options: LambdaProcessOptions) {
    const { runtimeApi, handler, env = {}, parameters = [] } = options
    this.#child = spawn(executable, parameters, {
      cwd: dirname(executable),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/local/bin:/usr/bin/:/bin:/opt/bin',
        LANG: 'en_US.UTF-8',
        TZ: ':UTC',
        LAMBDA_TASK_ROOT: dirname(executable),
        AWS_LAMBDA_FUNCTION_NAME: 'test',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/test',
        AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/23/[$LATEST]0',
        ...(runtimeApi && { AWS_LAMBDA_RUNTIME_API: runtimeApi }),
        ...(handler && { _HANDLER: handler }),
        ...env,
      },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        for (const watcher of this.#watchers) {
          watcher()
        }
      })
    }
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** All that it has printed, on both streams. */
  get output(): string {
    return this.#output
  }

  /**
   * Resolves once all is in `output` that the process had printed when this was called: it is in the pipes, which this
   * process may read after it has read of something that happened later.
   */
  async outputSoFar(): Promise<void> {
    let known = -1
    while (known !== this.#output.length) {
      known = this.#output.length
      // Of two turns of the event loop, one polls the pipes from its beginning.
      for (let turn = 0; turn < 2; turn++) {
        await new Promise(setImmediate)
      }
    }
  }

  /** Resolves once the output matches. */
  async printed(pattern: RegExp): Promise<void> {
    if (pattern.test(this.#output)) {
      return
    }
    await within(
      new Promise<void>((resolve) => {
        const watcher = (): void => {
          if (!pattern.test(this.#output)) {
            return
          }
          this.#watchers.delete(watcher)
          resolve()
        }
        this.#watchers.add(watcher)
      }),
      () => `${pattern} in: ${this.#output}`,
    )
  }

  /** How it ended by itself; fails the test when it does not. */
  exit(): Promise<Ending> {
    return within(this.ended, () => `the process to end; it printed: ${this.#output}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}

/** `promise`, or an error that says what was waited for in vain. */
export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms for ${what()}`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
