/** A thread of the pool, as the main thread sees it. */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { ArrivedInvocation, SharedLog } from '../../executable/threads.ts'
import type { ErrorDocument } from '../../runtime-api/contract.ts'
import { type Outcome, type ShutdownInterest, type ToMain, type ToThread, takeOffer } from './messages.ts'
import { BlockedThread, OutOfMemory, ThreadExit } from './thread-errors.ts'

/** An invocation that is not answered yet. */
export interface Pending {
  /** From 1 on; another one for each. */
  readonly number: number
  readonly invocation: ArrivedInvocation
  /** When it is to be answered, in milliseconds since 1970; undefined where that is not known. */
  readonly deadline: number | undefined
  readonly settle: (outcome: Outcome) => void
}

export interface PoolThreadOptions {
  readonly launcher: string
  readonly concurrency: number
  /** Of its heap's old generation, in MiB; undefined for V8's own. */
  readonly heapLimit: number | undefined
  readonly log: SharedLog
}

/** The main thread is 1. */
let lastNumber = 1

export interface ThreadEnd {
  readonly why: Error
  readonly wasInitialised: boolean
  /** What was running in it. */
  readonly lost: readonly Pending[]
  /** What it was offered and had not taken. */
  readonly left: Pending | undefined
}

export interface PoolThreadEvents {
  /** The init phase is over; `failure` is set where it failed. */
  initialised(thread: PoolThread, failure: ErrorDocument | undefined): void
  /** It may be offered an invocation. */
  idle(thread: PoolThread): void
  /** It takes no further one. */
  retiring(thread: PoolThread): void
  /** It handles nothing any more, and never will. */
  ended(thread: PoolThread, end: ThreadEnd): void
  /** Nothing of it is left. Not after `ended` where it is in a call of the system that does not come back. */
  exited(thread: PoolThread): void
}

/**
 * MiB of a young generation. V8 asks Node.js to end a thread whose heap is full, and has 16 MiB left for as long as that takes: with
 * a larger one, more may outlive a collection than that, and then V8 ends the process.
 */
const YOUNG_GENERATION = 8

const LATE =
  'The handler, or another one in its thread, was not done when its deadline was over, and kept the thread busy; the thread has been ended.'

export class PoolThread {
  /** What it writes its logs as. */
  readonly number: number
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #offers = new Int32Array(new SharedArrayBuffer(4))
  readonly #events: PoolThreadEvents
  readonly #running = new Map<number, Pending>()
  #offered: { readonly pending: Pending; readonly since: number } | undefined
  #state: 'starting' | 'ready' | 'retiring' | 'ended' = 'starting'
  /** It has not looked at an offer that has been taken back, or at a ping. */
  #isSilent = false
  #shutdown: ShutdownInterest = { hasHooks: false, hasListeners: false }
  #shutDown = Promise.withResolvers<void>()
  #silentSince = 0
  /** When it was told to end. It runs no JavaScript from then on. */
  #terminatedAt: number | undefined
  #why: Error | undefined

  constructor({ launcher, concurrency, heapLimit, log }: PoolThreadOptions, events: PoolThreadEvents) {
    const { port1, port2 } = new MessageChannel()
    lastNumber += 1
    this.number = lastNumber
    this.#port = port1
    this.#events = events
    this.#worker = new Worker(launcher, {
      eval: true,
      workerData: { port: port2, offers: this.#offers, concurrency, log: { ...log, writer: this.number } },
      transferList: [port2],
      ...(heapLimit !== undefined && {
        resourceLimits: { maxOldGenerationSizeMb: heapLimit, maxYoungGenerationSizeMb: YOUNG_GENERATION },
      }),
    })
    port1.on('message', (message: ToMain) => this.#receive(message))
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#why ??= asThreadError(error)
    })
    this.#worker.on('exit', (code) => this.#exits(code))
  }

  /** How many invocations are running in it. */
  get load(): number {
    return this.#running.size
  }

  get canBeOffered(): boolean {
    return this.#state === 'ready' && this.#offered === undefined && !this.#isSilent
  }

  /** Whether it has not taken what it was offered. */
  get hasUntaken(): boolean {
    return Atomics.load(this.#offers, 0) !== 0
  }

  offer(pending: Pending, now: number): void {
    this.#offered = { pending, since: now }
    Atomics.store(this.#offers, 0, pending.number)
    this.#post({ kind: 'offer', number: pending.number, invocation: pending.invocation })
  }

  /** Takes back what the thread was offered before that time, and has not taken. */
  takeBack(before: number): Pending | undefined {
    const offered = this.#offered
    if (offered === undefined || offered.since > before || !takeOffer(this.#offers, offered.pending.number)) {
      return undefined
    }
    this.#offered = undefined
    this.#becomesSilent(Date.now())
    return offered.pending
  }

  /**
   * To be called now and then. Ends the thread when an invocation in it is past its deadline, and the thread has been silent for so
   * many milliseconds: it will not answer any of its invocations. One that is retiring is not waited for any longer, either. A thread
   * that waits for the system, for a child process above all, does not end before that is over, and is not waited for.
   */
  endIfBlocked(now: number, patience: number): void {
    if (this.#terminatedAt !== undefined) {
      if (now - this.#terminatedAt >= patience) {
        this.#ends(1)
      }
      return
    }
    const unanswered = [...this.#running.values(), ...(this.#offered ? [this.#offered.pending] : [])]
    const isLate = ({ deadline }: Pending): boolean => deadline !== undefined && deadline < now
    if (this.#state === 'retiring' ? unanswered.every(isLate) : this.#isSilentFor(patience, now)) {
      if (unanswered.some(isLate)) {
        this.#why ??= new BlockedThread(LATE)
        this.#terminatedAt = now
        void this.#worker.terminate()
      }
    } else if (!this.#isSilent && unanswered.some(isLate)) {
      this.#becomesSilent(now)
      this.#post({ kind: 'ping' })
    }
  }

  #isSilentFor(milliseconds: number, now: number): boolean {
    return this.#isSilent && now - this.#silentSince >= milliseconds
  }

  #becomesSilent(now: number): void {
    this.#isSilent = true
    this.#silentSince = now
  }

  get shutdown(): ShutdownInterest {
    return this.#shutdown
  }

  /** Has the function's listeners called, and its hooks run. Resolves once the hooks have, or else once the thread has ended. */
  shutDown(): Promise<void> {
    this.#post({ kind: 'shutdown' })
    return this.#shutDown.promise
  }

  #receive(message: ToMain): void {
    this.#isSilent = false
    switch (message.kind) {
      case 'ready':
        this.#state = 'ready'
        this.#shutdown = message.shutdown
        this.#events.initialised(this, undefined)
        break
      case 'init-failed':
        this.#state = 'retiring'
        this.#events.initialised(this, message.document)
        break
      case 'retiring':
        this.#state = 'retiring'
        this.#events.retiring(this)
        break
      case 'alive':
        break
      case 'shut-down':
        if (this.#shutdown.hasHooks) {
          this.#shutDown.resolve()
        }
        break
      case 'taken':
        this.#taken(message.number)
        break
      default: {
        this.#taken(message.number)
        const pending = this.#running.get(message.number)
        this.#running.delete(message.number)
        pending?.settle(message)
      }
    }
    if (this.canBeOffered) {
      this.#events.idle(this)
    }
  }

  #taken(number: number): void {
    if (this.#offered?.pending.number === number) {
      this.#running.set(number, this.#offered.pending)
      this.#offered = undefined
    }
  }

  #exits(code: number): void {
    this.#ends(code)
    this.#events.exited(this)
  }

  #ends(code: number): void {
    if (this.#state === 'ended') {
      return
    }
    // What it has posted comes before its end.
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      this.#receive(next.message)
    }
    this.#port.close()
    this.#shutDown.resolve()
    const wasInitialised = this.#state !== 'starting'
    this.#state = 'ended'
    const offered = this.#offered?.pending
    const left = offered && takeOffer(this.#offers, offered.number) ? offered : undefined
    const lost = [...this.#running.values(), ...(offered && !left ? [offered] : [])]
    this.#running.clear()
    this.#offered = undefined
    const why = this.#why ?? new ThreadExit(code, wasInitialised)
    this.#events.ended(this, { why, wasInitialised, lost, left })
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message)
  }
}

function asThreadError(error: NodeJS.ErrnoException): Error {
  return error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new OutOfMemory(
        'The heap of the thread that the handler ran in was full; give the function more memory.',
        {
          cause: error,
        },
      )
    : error
}
