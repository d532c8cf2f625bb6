/** Starts a package once, as Lambda does, and takes the time from outside; of a traced start, its trace too. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import process from 'node:process'
import { clearTimeout, setTimeout } from 'node:timers'
import { onAbandon } from '../../compiler/unfinished-work.ts'
import { INIT_ERROR_PATH, NEXT_HEADERS, NEXT_PATH } from '../../runtime-api/contract.ts'
import { createInvocation } from '../../runtime-api/invocation.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { killGroup } from '../../sandbox/process-group.ts'
import { enterCgroups } from '../../sandbox/shell.ts'
import { type PagesRead, readPages } from './pages-read.ts'
import { readTrace } from './read-trace.ts'
import type { Trace } from './trace.ts'

export interface StartOptions {
  /** Absolute path of `bootstrap`. */
  readonly bootstrap: string
  /** Without AWS_LAMBDA_RUNTIME_API. */
  readonly environment: Readonly<Record<string, string>>
  readonly taskRoot: string
  /** Files that the process writes itself into: its control groups. */
  readonly groupFiles?: readonly string[]
  /** Called when the init phase is over. */
  readonly onInit?: () => void
  /** What the first invocation gets; without it there is none. */
  readonly event?: Uint8Array | undefined
  /** The function's. */
  readonly arn: string
  /** Whether the process carries the hook, and what is to be asked of it. */
  readonly trace?: 'read' | 'write caches'
  readonly timeoutMs: number
}

/** Milliseconds of this process's clock, `performance.timeOrigin + performance.now()`. */
export interface StartRun {
  /** When the process became `bootstrap`. */
  readonly spawned: number
  readonly firstNext: number
  /** Undefined where there was no invocation. */
  readonly invocation: { readonly begin: number; readonly end: number; readonly failed: boolean } | undefined
  readonly pages: PagesRead | undefined
  readonly trace: Trace | undefined
}

/** The function did not get to its first `next`, or not to an answer. The message is a sentence. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** Rejects with a {@link StartError}. Whatever happens, the process has ended when this is settled. */
export async function runStart(options: StartOptions): Promise<StartRun> {
  const host = new Host(options)
  try {
    return await host.run()
  } finally {
    await host.close()
  }
}

/** For sh: says that it is there, and goes on when it is told to. */
const WAIT = ['echo >&3', 'read -r LAMBDABIN_START <&3', 'exec 3>&-']

const clock = (): number => performance.timeOrigin + performance.now()

/** The Runtime API, as far as one start and one invocation need it. */
class Host {
  readonly #options: StartOptions
  readonly #server: Server
  #child: ChildProcess | undefined
  #output = ''
  readonly #next = Promise.withResolvers<{ at: number; response: ServerResponse }>()
  readonly #secondNext = Promise.withResolvers<void>()
  readonly #answer = Promise.withResolvers<{ at: number; failed: boolean }>()
  readonly #failed = Promise.withResolvers<never>()
  #isFirst = true
  #forget = () => {}

  constructor(options: StartOptions) {
    this.#options = options
    this.#server = createServer((request, response) => this.#receive(request, response))
    this.#failed.promise.catch(() => {})
  }

  async run(): Promise<StartRun> {
    const address = await listen(this.#server)
    const timer = setTimeout(
      () =>
        this.#fail(
          `did not come to an end within ${this.#options.timeoutMs / 1000} s; give it longer with --timeout`,
        ),
      this.#options.timeoutMs,
    )
    try {
      const spawned = await this.#start(address)
      const next = await this.#orFailure(this.#next.promise)
      const pid = this.#child?.pid
      const pages = pid === undefined ? undefined : readPages(pid)
      this.#options.onInit?.()
      const invocation = await this.#invoke(next.response)
      return { spawned, firstNext: next.at, invocation, pages, trace: await this.#readTrace() }
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    const child = this.#child
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      killGroup(child.pid)
      await ended
    }
    this.#forget()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /**
   * When the process became `bootstrap`. It is a shell before, which waits to be told: to fork a process of this one's size takes
   * longer than much of a start, and Lambda does not do it.
   */
  async #start(address: string): Promise<number> {
    const { bootstrap, taskRoot, groupFiles = [] } = this.#options
    const script = [...enterCgroups(groupFiles), ...WAIT, 'exec "$0"'].join(' && ')
    const child = spawn('/bin/sh', ['-c', script, bootstrap], {
      cwd: taskRoot,
      env: { ...this.#options.environment, AWS_LAMBDA_RUNTIME_API: address },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child = child
    const { pid } = child
    if (pid !== undefined) {
      this.#forget = onAbandon(() => killGroup(pid))
      child.once('exit', this.#forget) // The number may be another process's then.
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    child.once('error', ({ message }) => this.#fail(`could not be started: ${message}`))
    child.once('exit', (code, signal) => this.#fail(`ended early, with ${signal ?? `status ${code}`}`))
    const shell = child.stdio[3] as Socket
    shell.on('error', () => {}) // It has ended early, which is told.
    await this.#orFailure(once(shell, 'data'))
    const started = clock()
    shell.end('\n')
    return started
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const at = clock()
    request.resume()
    if (request.url === NEXT_PATH) {
      this.#receiveNext(at, response)
      return
    }
    request.once('end', () => response.writeHead(202).end())
    if (request.url === INIT_ERROR_PATH) {
      this.#fail('failed in its init phase')
    } else {
      request.once('end', () =>
        this.#answer.resolve({ at: clock(), failed: request.url?.endsWith('/error') ?? false }),
      )
    }
  }

  #receiveNext(at: number, response: ServerResponse): void {
    if (this.#isFirst) {
      this.#isFirst = false
      this.#next.resolve({ at, response })
    } else {
      this.#secondNext.resolve() // It waits for an invocation that does not come.
    }
  }

  async #invoke(response: ServerResponse): Promise<StartRun['invocation']> {
    const { event, arn, timeoutMs } = this.#options
    if (event === undefined) {
      return undefined
    }
    const { requestId, invokedFunctionArn, traceId } = createInvocation(event, arn)
    const begin = clock()
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': event.byteLength,
      [NEXT_HEADERS.requestId]: requestId,
      [NEXT_HEADERS.deadlineMs]: wallClock() + timeoutMs,
      [NEXT_HEADERS.invokedFunctionArn]: invokedFunctionArn,
      [NEXT_HEADERS.traceId]: traceId,
    })
    response.end(event)
    const { at, failed } = await this.#orFailure(this.#answer.promise)
    await this.#orFailure(this.#secondNext.promise)
    return { begin, end: at, failed }
  }

  async #readTrace(): Promise<Trace | undefined> {
    const { trace } = this.#options
    const pid = this.#child?.pid
    if (trace === undefined || pid === undefined) {
      return undefined
    }
    process.kill(pid, 'SIGUSR1')
    return this.#orFailure(readTrace(() => this.#output, trace))
  }

  #orFailure<Result>(promise: Promise<Result>): Promise<Result> {
    return Promise.race([promise, this.#failed.promise])
  }

  #fail(what: string): void {
    const said = this.#output.trim()
    const log = said === '' ? '' : `; it said: ${said.slice(-2000)}`
    this.#failed.reject(new StartError(`the function ${what}${log}`))
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
