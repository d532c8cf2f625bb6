/**
 * The execution environments of all functions: one invocation at a time in each, a new one when all are busy, up to a
 * limit.
 *
 * Two limits, as they are two things. The concurrency limit is Lambda's (`concurrency-limit.ts`): a request over it is
 * throttled. How many environments this machine bears is another matter: where fewer are allowed than the concurrency
 * limit, requests wait for one (`room-queue.ts`). An idle environment is reused, ended to make room for another function,
 * or ended after a while, unless its function has provisioned it.
 *
 * An environment answers a moment before it is free: when its runtime asks for the next invocation. A request that
 * comes in that moment waits for it, rather than have a second environment started, or be throttled, for nothing.
 */

import { clearTimeout, setTimeout } from 'node:timers'
import type { InvocationOutcome } from '../../runtime-api/exchange.ts'
import type { Invocation } from '../../runtime-api/invocation.ts'
import { TooManyRequestsException } from '../lambda-error.ts'
import type { ConcurrencyClaim, ConcurrencyLimit } from './concurrency-limit.ts'
import type { ExecutionEnvironment } from './execution-environment.ts'
import type { InvocationReport } from './log/log-lines.ts'
import { LogTail } from './log/log-tail.ts'
import { OwnerRetirement } from './owner-retirement.ts'
import { type EnvironmentCounts, type Member, PoolMembers } from './pool-members.ts'
import { RoomQueue } from './room-queue.ts'

/** One revision of a function: environments made for another are not for it. */
export interface EnvironmentOwner extends ConcurrencyClaim {
  /** Environments that are kept although they are idle. May change. */
  readonly provisionedConcurrency?: number | undefined
  /** Invocations at once in one environment; one unless given. */
  readonly maxConcurrency?: number | undefined
  /** `isProvisioned`: it is one of those that {@link provisionedConcurrency} keeps. */
  createEnvironment(
    log: (chunk: Uint8Array | string) => void,
    isProvisioned?: boolean,
  ): Promise<ExecutionEnvironment>
}

export interface EnvironmentPoolOptions {
  /** Invocations at once. */
  concurrency: ConcurrencyLimit
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
  /** What the log says of it at its end. */
  report: Promise<InvocationReport>
}

type PoolMember = Member<EnvironmentOwner>

/**
 * How long a runtime may take from its answer to its next request before it counts as busy with something else. It takes
 * a millisecond; a machine under load may take a thousand times as long.
 */
const SETTLING_MS = 5000

export class EnvironmentPool {
  readonly #options: EnvironmentPoolOptions
  readonly #members = new PoolMembers<EnvironmentOwner>()
  readonly #ending = new Map<Promise<void>, EnvironmentOwner>()
  readonly #retirement = new OwnerRetirement<EnvironmentOwner>((owner) => this.#has(owner))
  readonly #queue = new RoomQueue<EnvironmentOwner, PoolMember>()
  /** Environments that are or are about to be, their processes or their folders. */
  #environments = 0
  #released = Promise.withResolvers<void>()
  #closing = false

  constructor(options: EnvironmentPoolOptions) {
    this.#options = options
  }

  get concurrency(): number {
    return this.#options.concurrency.total
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
    this.#retirement.requestBegins(owner)
    try {
      await this.#enter(owner)
    } catch (error) {
      this.#retirement.requestIsOver(owner)
      throw error
    }
    try {
      return this.#invoke(await this.#acquire(owner, signal), invocation)
    } catch (error) {
      this.#options.concurrency.end(owner)
      this.#retirement.requestIsOver(owner)
      throw error
    }
  }

  /** Starts environments for the owner before anybody asks for one, until it has `count` or there is no room. */
  async warm(owner: EnvironmentOwner, count = 1): Promise<void> {
    const missing = count - this.#countOf(owner) - this.#retirement.requests(owner)
    const starts: Promise<void>[] = []
    for (let started = 0; started < missing && this.#hasRoom && !this.#closing; started++) {
      starts.push(this.#warmOne(owner))
    }
    await Promise.all(starts)
  }

  counts(owner: EnvironmentOwner | undefined): EnvironmentCounts {
    return this.#members.counts(owner)
  }

  /** How many environments the owner has that could take an invocation at once, or are busy with one. */
  initialised(owner: EnvironmentOwner): number {
    return this.#members.initialised(owner)
  }

  /** Ends the owner's environments, the busy ones after their invocations. Resolves when all are gone. */
  async retire(owner: EnvironmentOwner): Promise<void> {
    const retired = this.#retirement.retire(owner)
    for (const member of this.#members.idleOf(owner)) {
      this.#end(member)
    }
    await retired
  }

  /** Ends everything, invocations included. */
  async close(): Promise<void> {
    this.#closing = true
    this.kill()
    await Promise.all(this.#members.all.map((member) => this.#end(member)))
    await Promise.allSettled(this.#ending.keys())
  }

  /** Ends all processes at once and synchronously. */
  kill(): void {
    for (const { environment } of this.#members.all) {
      environment.kill()
    }
  }

  get #hasRoom(): boolean {
    return this.#environments < this.#options.environments
  }

  #countOf(owner: EnvironmentOwner): number {
    const { busy, idle } = this.counts(owner)
    return busy + idle
  }

  async #warmOne(owner: EnvironmentOwner): Promise<void> {
    this.#retirement.requestBegins(owner)
    this.#environments++
    try {
      this.#free(await this.#create(owner))
    } finally {
      this.#retirement.requestIsOver(owner)
    }
    this.#announceRelease()
  }

  /** Whether an environment that has just answered is all that keeps the request from one. */
  #mustSettle(owner: EnvironmentOwner): boolean {
    const isFull = !this.#options.concurrency.admits(owner)
    return (isFull || this.#members.free(owner).length === 0) && this.#members.anyAnswered(owner, isFull)
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
    if (!this.#options.concurrency.admits(owner)) {
      throw new TooManyRequestsException(
        owner.reservedConcurrency === undefined
          ? 'ConcurrentInvocationLimitExceeded'
          : 'ReservedFunctionConcurrentInvocationLimitExceeded',
      )
    }
    this.#options.concurrency.begin(owner)
  }

  async #acquire(owner: EnvironmentOwner, signal?: AbortSignal): Promise<PoolMember> {
    const free = this.#takeFree(owner)
    if (free !== undefined) {
      return free
    }
    const other = this.#hasRoom ? undefined : this.#members.longestIdle()
    if (other !== undefined || this.#hasRoom) {
      this.#environments++
      await (other && this.#end(other))
      return await this.#create(owner)
    }
    const found = await this.#queue.wait(owner, signal)
    return found === 'room' ? await this.#create(owner) : found
  }

  #takeFree(owner: EnvironmentOwner): PoolMember | undefined {
    for (const member of this.#members.free(owner)) {
      if (member.environment.isRunning) {
        clearTimeout(member.idleTimer)
        member.state = 'busy'
        return member
      }
      if (member.state === 'idle') {
        this.#end(member)
      }
    }
    return undefined
  }

  /** The environment is counted already. */
  async #create(owner: EnvironmentOwner): Promise<PoolMember> {
    try {
      const tail = new LogTail()
      const isProvisioned = this.#countOf(owner) < (owner.provisionedConcurrency ?? 0)
      const environment = await owner.createEnvironment((chunk) => tail.add(chunk), isProvisioned)
      const member: PoolMember = { owner, environment, tail, state: 'busy', invocations: new Set() }
      this.#members.add(member)
      await environment.init()
      member.isInitialised = true
      return member
    } catch (error) {
      this.#environments--
      this.#offerRoom()
      throw error
    }
  }

  #invoke(member: PoolMember, invocation: Invocation): PooledInvocation {
    const { environment, tail } = member
    member.invocations.add(invocation)
    this.#share(member)
    const { outcome, done } = environment.invoke(invocation)
    outcome.then(async (answer) => {
      await (answer.kind === 'stream' ? answer.failure : undefined)
      // By then it may have the next one.
      if (member.invocations.has(invocation) && member.state === 'busy') {
        member.state = 'answered'
      }
    })
    const logTail = done.then(() => {
      const log = tail.read()
      this.#release(member, invocation)
      return log
    })
    return { outcome, logTail, report: done }
  }

  /** One that may have several invocations can be taken again at once. */
  #share(member: PoolMember): void {
    if (member.invocations.size < (member.owner.maxConcurrency ?? 1)) {
      member.state = 'shared'
      this.#announceRelease()
    }
  }

  #release(member: PoolMember, invocation: Invocation): void {
    this.#options.concurrency.end(member.owner)
    member.invocations.delete(invocation)
    if (member.invocations.size > 0) {
      member.state = member.environment.isRunning ? 'shared' : 'busy'
      this.#retirement.requestIsOver(member.owner)
      this.#announceRelease()
      return
    }
    member.tail.clear()
    this.#free(member)
    this.#retirement.requestIsOver(member.owner)
    this.#announceRelease()
  }

  #free(member: PoolMember): void {
    if (!member.environment.isRunning || this.#retirement.has(member.owner) || this.#closing) {
      this.#end(member)
      return
    }
    member.state = 'busy'
    if (!this.#queue.handOver(member.owner, member)) {
      this.#rest(member)
    }
  }

  #rest(member: PoolMember): void {
    this.#members.rests(member)
    member.idleTimer = setTimeout(() => this.#endIfSpare(member), this.#options.idleMs).unref()
    if (!this.#queue.isEmpty) {
      this.#end(member)
    }
  }

  /** After it has been idle for long: those that were provisioned stay. */
  #endIfSpare(member: PoolMember): void {
    if (this.#countOf(member.owner) > (member.owner.provisionedConcurrency ?? 0)) {
      this.#end(member)
    } else {
      member.idleTimer = setTimeout(() => this.#endIfSpare(member), this.#options.idleMs).unref()
    }
  }

  async #end(member: PoolMember): Promise<void> {
    const { owner, environment } = member
    if (!this.#members.remove(member)) {
      return
    }
    clearTimeout(member.idleTimer)
    const ended = environment.shutdown().catch(this.#options.onProblem)
    this.#ending.set(ended, owner)
    await ended
    this.#ending.delete(ended)
    this.#environments--
    this.#offerRoom()
    this.#retirement.check(owner)
  }

  #offerRoom(): void {
    if (this.#hasRoom && this.#queue.offerRoom()) {
      this.#environments++
    }
  }

  #announceRelease(): void {
    const released = this.#released
    this.#released = Promise.withResolvers()
    released.resolve()
  }

  /** Whether it has environments, also such that are being ended. */
  #has(owner: EnvironmentOwner): boolean {
    return this.#countOf(owner) > 0 || [...this.#ending.values()].includes(owner)
  }
}
