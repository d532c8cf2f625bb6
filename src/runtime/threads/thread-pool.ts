/**
 * The threads of an execution environment, and which of them handles which invocation.
 *
 * An invocation is offered to the thread with the fewest that is not busy; {@link ./messages.ts} tells what an offer is. One
 * that a thread has not looked at for a while goes to another that is idle. A thread that ends is replaced; what ran in it fails, and
 * what it had not taken goes to another. So each invocation is settled once.
 */

import type { ArrivedInvocation } from '../../executable/threads.ts'
import { type ErrorDocument, NEXT_HEADERS } from '../../runtime-api/contract.ts'
import { header } from '../invocation.ts'
import type { Outcome, ShutdownInterest } from './messages.ts'
import {
  type Pending,
  PoolThread,
  type PoolThreadEvents,
  type PoolThreadOptions,
  type ThreadEnd,
} from './pool-thread.ts'

export interface ThreadPoolOptions extends PoolThreadOptions {
  readonly threads: number
  describeFailure(invocation: ArrivedInvocation, error: Error): ErrorDocument
  logProblem(message: string): void
  /** Is told of a thread of which nothing is left. */
  threadExited(number: number): void
}

/** Milliseconds after which an offer that a thread has not looked at may go to another one. */
const STALE_MS = 2
/** Milliseconds between two looks at deadlines, and so what a blocked thread has to show that it is none. */
const DEADLINE_CHECK_MS = 1000
/** Milliseconds before each further try at a thread that has failed to initialise. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 10_000
const LARGEST_NUMBER = 2 ** 31 - 1

export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #threads = new Set<PoolThread>()
  /** Those that take no further invocation, and have been replaced. */
  readonly #retired = new Set<PoolThread>()
  #waiting: Pending[] = []
  #lastNumber = 0
  #staleTimer: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  #started: PromiseWithResolvers<ErrorDocument | undefined> | undefined
  #initialised = 0
  /** No thread is replaced any more. */
  #isShuttingDown = false

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  /** Starts the threads. Resolves once all are initialised; to an error document when one has failed. */
  start(): Promise<ErrorDocument | undefined> {
    this.#started = Promise.withResolvers()
    for (let count = 0; count < this.#options.threads; count++) {
      this.#add()
    }
    setInterval(() => this.#checkDeadlines(), DEADLINE_CHECK_MS).unref()
    return this.#started.promise
  }

  /** What the function has for the end of the environment, in any of the threads. */
  get shutdown(): ShutdownInterest {
    const interests = [...this.#threads].map(({ shutdown }) => shutdown)
    return {
      hasHooks: interests.some(({ hasHooks }) => hasHooks),
      hasListeners: interests.some(({ hasListeners }) => hasListeners),
    }
  }

  /**
   * To be called when SIGTERM has come. Resolves once each thread is done that has something for it: its hooks have run, or, as a
   * process does that listens to the signal, it has ended itself.
   */
  async shutDown(): Promise<void> {
    this.#isShuttingDown = true
    const threads = [...this.#threads].filter(({ shutdown }) => shutdown.hasHooks || shutdown.hasListeners)
    await Promise.all(threads.map((thread) => thread.shutDown()))
  }

  /** Has an invocation handled. Resolves in any case, to what is to be posted. */
  handle(invocation: ArrivedInvocation): Promise<Outcome> {
    return new Promise((settle) => {
      this.#lastNumber = this.#lastNumber === LARGEST_NUMBER ? 1 : this.#lastNumber + 1
      const deadline = Number(header(invocation.headers, NEXT_HEADERS.deadlineMs)) || undefined
      this.#waiting.push({ number: this.#lastNumber, invocation, deadline, settle })
      this.#dispatch()
    })
  }

  #add(): void {
    if (this.#isShuttingDown) {
      return
    }
    const events: PoolThreadEvents = {
      initialised: (thread, failure) => this.#threadInitialised(thread, failure),
      idle: () => this.#dispatch(),
      retiring: (thread) => this.#threadRetires(thread),
      ended: (thread, end) => this.#threadEnded(thread, end),
      exited: ({ number }) => this.#options.threadExited(number),
    }
    this.#threads.add(new PoolThread(this.#options, events))
  }

  #threadInitialised(thread: PoolThread, failure: ErrorDocument | undefined): void {
    if (failure === undefined) {
      this.#retryMs = FIRST_RETRY_MS
      this.#initialised += 1
      if (this.#initialised === this.#options.threads) {
        this.#started?.resolve(undefined)
      }
      return
    }
    this.#threads.delete(thread)
    if (this.#initialised < this.#options.threads) {
      this.#started?.resolve(failure)
      return
    }
    this.#replacementFailed(failure)
  }

  /** The function initialised before, so it may do so again. */
  #replacementFailed(failure: ErrorDocument): void {
    this.#options.logProblem(
      `a thread in the place of one that had ended did not initialise (${failure.errorMessage}); trying again in ${this.#retryMs} ms`,
    )
    setTimeout(() => this.#add(), this.#retryMs)
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS)
    if (this.#threads.size === 0) {
      for (const { settle } of this.#waiting.splice(0)) {
        settle({ kind: 'error', document: failure })
      }
    }
  }

  /** It is replaced at once: what still runs in it may take long. */
  #threadRetires(thread: PoolThread): void {
    if (this.#threads.delete(thread)) {
      this.#retired.add(thread)
      // It takes nothing any more, nor what it was offered a moment ago.
      const untaken = thread.takeBack(Number.POSITIVE_INFINITY)
      if (untaken) {
        this.#waiting.unshift(untaken)
      }
      this.#add()
      this.#dispatch()
    }
  }

  #threadEnded(thread: PoolThread, { why, wasInitialised, lost, left }: ThreadEnd): void {
    this.#retired.delete(thread)
    for (const { invocation, settle } of lost) {
      settle({ kind: 'error', document: this.#options.describeFailure(invocation, why) })
    }
    if (left) {
      this.#waiting.unshift(left)
    }
    if (!wasInitialised) {
      const { name, message } = why
      this.#threadInitialised(thread, { errorType: name, errorMessage: message, trace: [] })
    } else if (this.#threads.delete(thread)) {
      this.#add()
    }
    this.#dispatch()
  }

  #dispatch(): void {
    const now = performance.now()
    this.#takeBackStale(now)
    while (this.#waiting.length > 0) {
      const thread = this.#idlest()
      if (thread === undefined) {
        break
      }
      thread.offer(this.#waiting.shift() as Pending, now)
    }
    // A thread that becomes idle later comes here, too.
    if (this.#idlest() !== undefined && [...this.#threads].some(({ hasUntaken }) => hasUntaken)) {
      this.#staleTimer ??= setTimeout(() => this.#checkOffers(), STALE_MS)
    }
  }

  #idlest(): PoolThread | undefined {
    let idlest: PoolThread | undefined
    for (const thread of this.#threads) {
      if (thread.canBeOffered && (idlest === undefined || thread.load < idlest.load)) {
        idlest = thread
      }
    }
    return idlest
  }

  #checkOffers(): void {
    this.#staleTimer = undefined
    this.#dispatch()
  }

  /** What a thread has been offered for a while, and has not looked at, waits again where another thread is idle. */
  #takeBackStale(now: number): void {
    if (this.#idlest() === undefined) {
      return
    }
    for (const thread of this.#threads) {
      const pending = thread.takeBack(now - STALE_MS)
      if (pending) {
        this.#waiting.unshift(pending)
      }
    }
  }

  #checkDeadlines(): void {
    const now = Date.now()
    for (const thread of [...this.#threads, ...this.#retired]) {
      thread.endIfBlocked(now, DEADLINE_CHECK_MS)
    }
  }
}
