/**
 * The execution environments of all functions: one invocation at a time in each, a new one when all are busy, up to a
 * limit.
 *
 * Two limits, as they are two things. The concurrency limit is Lambda's: a request over it is throttled. How many
 * environments this machine bears is another matter: where fewer are allowed than the concurrency limit, requests wait
 * for one. An idle environment is reused, ended to make room for another function, or ended after a while.
 *
 * An environment answers a moment before it is free: when its runtime asks for the next invocation. A request that
 * comes in that moment waits for it, rather than have a second environment started, or be throttled, for nothing.
 */

import type { InvocationOutcome } from '../../runtime-api/exchange.ts'
import type { Invocation } from '../../runtime-api/invocation.ts'
import { TooManyRequestsException } from '../lambda-error.ts'
import type { ExecutionEnvironment } from './execution-environment.ts'
import { LogTail } from './log-tail.ts'

/** One revision of a function: environments made for another are not for it. */
export interface EnvironmentOwner {
  /** Of all revisions of a function the same. */
  readonly functionName: string
  /** Invocations that it may have at once; undefined: what others have not reserved. May change. */
  readonly reservedConcurrency: number | undefined
  createEnvironment(log: (chunk: Uint8Array | string) => void): Promise<ExecutionEnvironment>
}

export interface EnvironmentPoolOptions {
  /** Invocations at once. */
  concurrency: number
  /** Environments at once; at least one. */
  environments: number
  /** How long an environment may be idle. */
  idleMs: number
  /** Hears of environments that could not be ended in good order. */
  onProblem: (error: unknown) => void
}

/** What becomes of one invocation. Neither promise rejects. */
export interface PooledInvocation {
  outcome: Promise<InvocationOutcome>
  /** The end of its log, once all of it is written. */
  logTail: Promise<Buffer>
}

interface Member {
  owner: EnvironmentOwner
  environment: ExecutionEnvironment
  tail: LogTail
  state: 'busy' | 'answered' | 'idle'
  idleTimer?: NodeJS.Timeout
}

/** A request that waits for an environment of its own function, or for room for a new one. */
interface Waiter {
  owner: EnvironmentOwner
  resolve: (found: Member | 'room') => void
}

/** How long a runtime may take from its answer to its next request before it counts as busy with something else. */
const SETTLING_MS = 100

export class EnvironmentPool {
  /** Of the concurrency limit, what all functions together have reserved. */
  reserved = 0

  readonly #options: EnvironmentPoolOptions
  readonly #members = new Set<Member>()
  readonly #retired = new Map<EnvironmentOwner, PromiseWithResolvers<void>>()
  readonly #ending = new Map<Promise<void>, EnvironmentOwner>()
  /** Requests that are not over, admitted or not. */
  readonly #requests = new Map<EnvironmentOwner, number>()
  /** Invocations that count against the limit, by function. */
  readonly #running = new Map<string, { owner: EnvironmentOwner; count: number }>()
  #waiters: Waiter[] = []
  /** Environments that are or are about to be, their processes or their folders. */
  #environments = 0
  #released = Promise.withResolvers<void>()
  #closing = false

  constructor(options: EnvironmentPoolOptions) {
    this.#options = options
  }

  get concurrency(): number {
    return this.#options.concurrency
  }

  /**
   * Runs one invocation. Rejects with a TooManyRequestsException when the limit is reached, or with what the system said
   * when no environment could be made. `signal` tells that nobody waits for it any more; it is heeded until the
   * invocation begins.
   */
  async run(
    owner: EnvironmentOwner,
    invocation: Invocation,
    signal?: AbortSignal,
  ): Promise<PooledInvocation> {
    this.#requests.set(owner, (this.#requests.get(owner) ?? 0) + 1)
    try {
      await this.#enter(owner)
    } catch (error) {
      this.#over(owner)
      throw error
    }
    try {
      return this.#invoke(await this.#acquire(owner, signal), invocation)
    } catch (error) {
      this.#countRunning(owner, -1)
      this.#over(owner)
      throw error
    }
  }

  /** Starts an environment for the owner before anybody asks for one, if it has none and there is room. */
  async warm(owner: EnvironmentOwner): Promise<void> {
    const hasOne = this.#requests.has(owner) || [...this.#members].some((member) => member.owner === owner)
    if (hasOne || this.#closing || this.#environments >= this.#options.environments) {
      return
    }
    this.#requests.set(owner, 1)
    this.#environments++
    try {
      this.#free(await this.#create(owner))
    } finally {
      this.#over(owner)
    }
    this.#announceRelease()
  }

  /** Ends the owner's environments, the busy ones after their invocations. Resolves when all are gone. */
  async retire(owner: EnvironmentOwner): Promise<void> {
    const gone = this.#retired.get(owner) ?? Promise.withResolvers<void>()
    this.#retired.set(owner, gone)
    for (const member of this.#members) {
      if (member.owner === owner && member.state === 'idle') {
        this.#end(member)
      }
    }
    this.#checkRetired(owner)
    await gone.promise
  }

  /** Ends everything, invocations included. */
  async close(): Promise<void> {
    this.#closing = true
    this.kill()
    await Promise.all([...this.#members].map((member) => this.#end(member)))
    await Promise.allSettled(this.#ending.keys())
  }

  /** Ends all processes at once and synchronously. */
  kill(): void {
    for (const { environment } of this.#members) {
      environment.kill()
    }
  }

  #over(owner: EnvironmentOwner): void {
    const left = (this.#requests.get(owner) ?? 1) - 1
    if (left > 0) {
      this.#requests.set(owner, left)
    } else {
      this.#requests.delete(owner)
      this.#checkRetired(owner)
    }
  }

  #isAdmissible(owner: EnvironmentOwner): boolean {
    const { reservedConcurrency } = owner
    if (reservedConcurrency !== undefined) {
      return (this.#running.get(owner.functionName)?.count ?? 0) < reservedConcurrency
    }
    let running = 0
    for (const { owner: other, count } of this.#running.values()) {
      running += other.reservedConcurrency === undefined ? count : 0
    }
    return running < this.#options.concurrency - this.reserved
  }

  /** Whether an environment that has just answered is all that keeps the request from one. */
  #mustSettle(owner: EnvironmentOwner): boolean {
    let isFull: boolean | undefined
    for (const member of this.#members) {
      if (member.state === 'idle' && member.owner === owner) {
        isFull ??= !this.#isAdmissible(owner)
        if (!isFull) {
          return false
        }
      }
    }
    isFull ??= !this.#isAdmissible(owner)
    for (const member of this.#members) {
      if (member.state === 'answered' && (isFull || member.owner === owner)) {
        return true
      }
    }
    return false
  }

  /** Counts one more running invocation, or rejects; where one has just been answered, after it is over. */
  async #enter(owner: EnvironmentOwner): Promise<void> {
    if (this.#mustSettle(owner)) {
      const { promise: late, resolve } = Promise.withResolvers<'late'>()
      const timer = setTimeout(resolve, SETTLING_MS, 'late')
      while (this.#mustSettle(owner)) {
        if ((await Promise.race([this.#released.promise, late])) === 'late') {
          break
        }
      }
      clearTimeout(timer)
    }
    // Nothing may come between looking and counting: others have been waiting for the same room.
    if (!this.#isAdmissible(owner)) {
      throw new TooManyRequestsException(
        owner.reservedConcurrency === undefined
          ? 'ConcurrentInvocationLimitExceeded'
          : 'ReservedFunctionConcurrentInvocationLimitExceeded',
      )
    }
    this.#countRunning(owner, 1)
  }

  async #acquire(owner: EnvironmentOwner, signal?: AbortSignal): Promise<Member> {
    const idle = this.#takeIdle(owner)
    if (idle !== undefined) {
      return idle
    }
    const other = this.#environments < this.#options.environments ? undefined : this.#longestIdle()
    if (other !== undefined || this.#environments < this.#options.environments) {
      this.#environments++
      await (other && this.#end(other))
      return await this.#create(owner)
    }
    const found = await this.#wait(owner, signal)
    return found === 'room' ? await this.#create(owner) : found
  }

  async #wait(owner: EnvironmentOwner, signal?: AbortSignal): Promise<Member | 'room'> {
    const { promise, resolve, reject } = Promise.withResolvers<Member | 'room'>()
    const waiter: Waiter = { owner, resolve }
    const giveUp = () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
      reject(signal?.reason)
    }
    this.#waiters.push(waiter)
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted) {
      giveUp()
    }
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** The one that was busy last: it is the warmest, and the others get to be ended. */
  #takeIdle(owner: EnvironmentOwner): Member | undefined {
    for (const member of [...this.#members].reverse()) {
      if (member.owner === owner && member.state === 'idle') {
        if (member.environment.isRunning) {
          clearTimeout(member.idleTimer)
          member.state = 'busy'
          return member
        }
        this.#end(member)
      }
    }
    return undefined
  }

  #longestIdle(): Member | undefined {
    for (const member of this.#members) {
      if (member.state === 'idle') {
        return member
      }
    }
    return undefined
  }

  /** The environment is counted already. */
  async #create(owner: EnvironmentOwner): Promise<Member> {
    try {
      const tail = new LogTail()
      const environment = await owner.createEnvironment((chunk) => tail.add(chunk))
      const member: Member = { owner, environment, tail, state: 'busy' }
      this.#members.add(member)
      await environment.init()
      return member
    } catch (error) {
      this.#environments--
      this.#offerRoom()
      throw error
    }
  }

  #invoke(member: Member, invocation: Invocation): PooledInvocation {
    const { environment, tail } = member
    const { outcome, done } = environment.invoke(invocation)
    outcome.then(() => {
      member.state = 'answered'
    })
    const logTail = done.then(() => {
      const log = tail.read()
      this.#release(member)
      return log
    })
    return { outcome, logTail }
  }

  #release(member: Member): void {
    this.#countRunning(member.owner, -1)
    member.tail.clear()
    this.#free(member)
    this.#over(member.owner)
    this.#announceRelease()
  }

  #free(member: Member): void {
    if (!member.environment.isRunning || this.#retired.has(member.owner) || this.#closing) {
      this.#end(member)
    } else {
      this.#handOver(member)
    }
  }

  /** To the first request that waits for this function's; else to none, and it is idle. */
  #handOver(member: Member): void {
    const waiter = this.#waiters.find(({ owner }) => owner === member.owner)
    if (waiter !== undefined) {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
      member.state = 'busy'
      waiter.resolve(member)
      return
    }
    member.state = 'idle'
    // The order in which environments became idle is the order of the set.
    this.#members.delete(member)
    this.#members.add(member)
    member.idleTimer = setTimeout(() => this.#end(member), this.#options.idleMs).unref()
    if (this.#waiters.length > 0) {
      this.#end(member)
    }
  }

  async #end(member: Member): Promise<void> {
    const { owner, environment } = member
    if (!this.#members.delete(member)) {
      return
    }
    clearTimeout(member.idleTimer)
    const ended = environment.shutdown().catch(this.#options.onProblem)
    this.#ending.set(ended, owner)
    await ended
    this.#ending.delete(ended)
    this.#environments--
    this.#offerRoom()
    this.#checkRetired(owner)
  }

  #offerRoom(): void {
    if (this.#environments < this.#options.environments) {
      const waiter = this.#waiters.shift()
      if (waiter !== undefined) {
        this.#environments++
        waiter.resolve('room')
      }
    }
  }

  #announceRelease(): void {
    const released = this.#released
    this.#released = Promise.withResolvers()
    released.resolve()
  }

  #checkRetired(owner: EnvironmentOwner): void {
    const isUsed =
      this.#requests.has(owner) ||
      [...this.#members].some((member) => member.owner === owner) ||
      [...this.#ending.values()].includes(owner)
    if (!isUsed) {
      this.#retired.get(owner)?.resolve()
      this.#retired.delete(owner)
    }
  }

  #countRunning(owner: EnvironmentOwner, change: 1 | -1): void {
    const { functionName } = owner
    const count = (this.#running.get(functionName)?.count ?? 0) + change
    if (count > 0) {
      this.#running.set(functionName, { owner, count })
    } else {
      this.#running.delete(functionName)
    }
  }
}
