/** One extension that has registered: its events, one at a time, and whether it waits for one. */

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { answerJson } from './answers.ts'

export type ExtensionEventType = 'INVOKE' | 'SHUTDOWN'

/** As it goes to the extension. */
export type ExtensionEvent =
  | {
      eventType: 'INVOKE'
      deadlineMs: number
      requestId: string
      invokedFunctionArn: string
      tracing: { type: 'X-Amzn-Trace-Id'; value: string }
    }
  | { eventType: 'SHUTDOWN'; shutdownReason: 'spindown' | 'timeout' | 'failure'; deadlineMs: number }

export class Extension {
  readonly name: string
  readonly isExternal: boolean
  readonly events: readonly ExtensionEventType[]
  readonly #pending: ExtensionEvent[] = []
  #poll: ServerResponse | undefined
  #waiting = Promise.withResolvers<void>()

  constructor(name: string, isExternal: boolean, events: readonly ExtensionEventType[]) {
    this.name = name
    this.isExternal = isExternal
    this.events = events
  }

  /** Resolves when it has asked for an event and has none. */
  get waiting(): Promise<void> {
    return this.#waiting.promise
  }

  tell(event: ExtensionEvent): void {
    if (this.events.includes(event.eventType)) {
      this.#waiting.resolve()
      this.#waiting = Promise.withResolvers()
      this.#pending.push(event)
      this.#deliver()
    }
  }

  next(response: ServerResponse): void {
    this.#poll = response
    response.on('close', () => {
      if (this.#poll === response) {
        this.#poll = undefined
      }
    })
    if (this.#pending.length === 0) {
      this.#waiting.resolve()
    }
    this.#deliver()
  }

  /** Nobody waits for it any more. */
  forget(): void {
    this.#waiting.resolve()
  }

  #deliver(): void {
    const response = this.#poll
    const event = response && this.#pending.shift()
    if (response !== undefined && event !== undefined) {
      this.#poll = undefined
      answerJson(response, 200, event, { 'Lambda-Extension-Event-Identifier': randomUUID() })
    }
  }
}
