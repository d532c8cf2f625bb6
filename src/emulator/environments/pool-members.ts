/** The environments of a pool, in the order in which they became idle, and what each is doing. */

import type { Invocation } from '../../runtime-api/invocation.ts'
import type { ExecutionEnvironment } from './execution-environment.ts'
import type { LogTail } from './log/log-tail.ts'

export interface Member<Owner> {
  owner: Owner
  environment: ExecutionEnvironment
  tail: LogTail
  /** `shared`: it has invocations, and may have more. */
  state: 'busy' | 'shared' | 'answered' | 'idle'
  /** Whether its first init phase is over. */
  isInitialised?: boolean
  /** That it has. */
  readonly invocations: Set<Invocation>
  idleTimer?: NodeJS.Timeout
}

/** How many environments an owner has, and what they are doing. */
export interface EnvironmentCounts {
  busy: number
  idle: number
}

export class PoolMembers<Owner> {
  readonly #members = new Set<Member<Owner>>()

  get all(): Member<Owner>[] {
    return [...this.#members]
  }

  add(member: Member<Owner>): void {
    this.#members.add(member)
  }

  /** Whether it was there. */
  remove(member: Member<Owner>): boolean {
    return this.#members.delete(member)
  }

  rests(member: Member<Owner>): void {
    member.state = 'idle'
    this.#members.delete(member)
    this.#members.add(member)
  }

  counts(owner: Owner | undefined): EnvironmentCounts {
    const members = this.all.filter((member) => member.owner === owner)
    const idle = members.filter(({ state }) => state === 'idle').length
    return { busy: members.length - idle, idle }
  }

  /** How many of the owner's are past their first init phase. */
  initialised(owner: Owner): number {
    return this.all.filter((member) => member.owner === owner && member.isInitialised).length
  }

  idleOf(owner: Owner): Member<Owner>[] {
    return this.all.filter((member) => member.owner === owner && member.state === 'idle')
  }

  /** Those that could take an invocation of the owner's, the one that was busy last first: it is the warmest. */
  free(owner: Owner): Member<Owner>[] {
    return this.all
      .reverse()
      .filter((member) => member.owner === owner && (member.state === 'idle' || member.state === 'shared'))
  }

  longestIdle(): Member<Owner> | undefined {
    for (const member of this.#members) {
      if (member.state === 'idle') {
        return member
      }
    }
    return undefined
  }

  /** Whether one has just answered: the owner's, or anybody's where the limit is full. */
  anyAnswered(owner: Owner, isFull: boolean): boolean {
    for (const member of this.#members) {
      if (member.state === 'answered' && (isFull || member.owner === owner)) {
        return true
      }
    }
    return false
  }
}
