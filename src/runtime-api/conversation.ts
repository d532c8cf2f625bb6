/**
 * The conversation of one runtime process with the Runtime API: where it stands, the invocations that wait for it, those
 * that it has, and its requests for the next.
 *
 * A runtime has one invocation at a time, and is done with one when it asks for the next. With Lambda Managed Instances it
 * may have several (`maxConcurrency`): then an invocation is done when it is answered.
 */

import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers'
import { answerIllegalMove } from './answers.ts'
import { STATUS } from './contract.ts'
import { type FunctionError, InvocationExchange } from './exchange.ts'
import type { Invocation } from './invocation.ts'
import { nextHeaders } from './next-headers.ts'
import { isLegalMove, type RuntimeState } from './states.ts'

/** How the init phase of a conversation ended, as far as the runtime said so itself. */
export type InitResult = { kind: 'ready' } | FunctionError

/** An invocation that the runtime has, or had last. */
interface Delivered {
  exchange: InvocationExchange
  state: RuntimeState
}

export class Conversation {
  /** Resolves when the init phase ends. */
  readonly init: Promise<InitResult>
  readonly #maxConcurrency: number
  readonly #init = Promise.withResolvers<InitResult>()
  #state: RuntimeState = 'Started'
  /** Requests for an invocation that wait: as many as there may be, and those of a runtime whose connection broke. */
  #polls: ServerResponse[] = []
  #pending: InvocationExchange[] = []
  /** The latest are here even when they are done: an answer to one is repeated, not unknown. */
  #delivered: Delivered[] = []

  constructor(maxConcurrency = 1) {
    this.#maxConcurrency = maxConcurrency
    this.init = this.#init.promise
  }

  /** Whether the runtime has not asked for an invocation yet. */
  get isInitialising(): boolean {
    return this.#state === 'Started' || this.#state === 'Restored'
  }

  /** Hands one invocation to the runtime, now or when it asks. */
  invoke(invocation: Invocation, deadlineMs: number): InvocationExchange {
    const exchange = new InvocationExchange(invocation, deadlineMs)
    this.#pending.push(exchange)
    this.#deliver()
    return exchange
  }

  /** The runtime asks for an invocation. */
  next(response: ServerResponse): void {
    const busy = this.#busy()
    const [first] = busy
    if (first !== undefined && busy.length >= this.#maxConcurrency) {
      answerIllegalMove(response, first.state, 'Ready')
      return
    }
    if (busy.length === 0 && !this.move('Ready', response)) {
      return
    }
    this.#init.resolve({ kind: 'ready' })
    for (const delivered of this.#delivered.filter(({ state }) => state === 'ResponseSent')) {
      this.#finish(delivered)
    }
    this.#polls.push(response)
    response.on('close', () => this.#pollClosed(response))
    this.#deliver()
  }

  /** Takes the runtime's move, or refuses it and returns false. */
  move(to: RuntimeState, response: ServerResponse): boolean {
    if (!isLegalMove(this.#state, to)) {
      answerIllegalMove(response, this.#state, to)
      return false
    }
    this.#state = to
    return true
  }

  failInit(error: FunctionError): void {
    this.#init.resolve(error)
  }

  /** The invocation of this id that the runtime has, or had last. */
  find(requestId: string | undefined): InvocationExchange | undefined {
    return this.#delivered.find(({ exchange }) => exchange.invocation.requestId === requestId)?.exchange
  }

  /** The runtime begins to answer: takes that, or refuses it and returns false. */
  answerBegins(
    exchange: InvocationExchange,
    to: 'InvocationResponse' | 'InvocationErrorResponse',
    response: ServerResponse,
  ): boolean {
    const delivered = this.#of(exchange)
    const from = delivered?.state ?? this.#state
    if (delivered === undefined || !isLegalMove(from, to)) {
      answerIllegalMove(response, from, to)
      return false
    }
    delivered.state = to
    return true
  }

  /** The answer is there, whole or not. */
  answered(exchange: InvocationExchange): void {
    const delivered = this.#of(exchange)
    if (delivered === undefined) {
      return
    }
    delivered.state = 'ResponseSent'
    // Of several, the last one: then the runtime has none, and becomes ready by asking for the next.
    if (this.#busy().length === 0) {
      this.#state = 'ResponseSent'
    }
    if (this.#maxConcurrency > 1) {
      // Its outcome comes in the same turn.
      setImmediate(() => this.#finish(delivered))
    }
  }

  /** What the runtime has and has not answered. */
  #busy(): Delivered[] {
    return this.#delivered.filter(({ state }) => state !== 'ResponseSent' && state !== 'Ready')
  }

  #finish(delivered: Delivered): void {
    delivered.exchange.finish()
    delivered.state = 'Ready'
  }

  #deliver(): void {
    while (this.#pending.length > 0 && this.#polls.length > 0) {
      const exchange = this.#pending.shift() as InvocationExchange
      const poll = this.#polls.shift() as ServerResponse
      this.#delivered = this.#delivered.filter(({ state }) => state !== 'Ready')
      this.#delivered.push({ exchange, state: 'Running' })
      this.#state = 'Running'
      poll.writeHead(STATUS.ok, nextHeaders(exchange))
      poll.end(exchange.invocation.event)
      deliveredWith.set(poll, exchange)
    }
  }

  #pollClosed(response: ServerResponse): void {
    const exchange = deliveredWith.get(response)
    if (!response.writableEnded) {
      this.#polls = this.#polls.filter((poll) => poll !== response)
    } else if (!response.writableFinished && exchange && this.#of(exchange)?.state === 'Running') {
      // The runtime never got its invocation: hand it over again when it comes back.
      this.#delivered = this.#delivered.filter((each) => each.exchange !== exchange)
      this.#state = 'Ready'
      this.#pending.unshift(exchange)
      this.#deliver()
    }
  }

  #of(exchange: InvocationExchange): Delivered | undefined {
    return this.#delivered.find((delivered) => delivered.exchange === exchange)
  }
}

const deliveredWith = new WeakMap<ServerResponse, InvocationExchange>()
