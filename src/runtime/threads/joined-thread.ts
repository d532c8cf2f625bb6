/** The pool as a thread of it sees it: invocations come from the main thread, and answers go there. */

import type {
  ArrivedInvocation,
  InvocationSource,
  SharedLog,
  ThreadData,
  ThreadSide,
} from '../../executable/threads.ts'
import type { ErrorDocument } from '../../runtime-api/contract.ts'
import { type ToMain, type ToThread, takeOffer } from './messages.ts'

/** Of a source, and so of one loop: it has one invocation at a time. */
interface Loop {
  readonly take: (invocation: ArrivedInvocation) => void
  /** What is not answered yet. */
  running: { readonly requestId: string; readonly number: number } | undefined
}

export class JoinedThread implements ThreadSide {
  readonly concurrency: number
  readonly log: SharedLog
  readonly #port: ThreadData['port']
  readonly #offers: Int32Array
  /** Loops that wait for an invocation. */
  #idle: Loop[] = []
  #runShutdownHooks: (() => Promise<void>) | undefined

  constructor({ port, offers, concurrency, log }: ThreadData) {
    this.#port = port
    this.#offers = offers
    this.concurrency = concurrency
    this.log = log
    port.on('message', (message: ToThread) => this.#receive(message))
    // A module that waits for what will not come shows by an event loop that is empty.
    port.unref()
  }

  createSource(): InvocationSource {
    let loop: Loop | undefined
    // Only the first answer counts.
    const answer = (requestId: string, message: (number: number) => ToMain): void => {
      if (loop?.running?.requestId === requestId) {
        const { number } = loop.running
        loop.running = undefined
        this.#tell(message(number))
      }
    }
    const fail = (requestId: string, document: ErrorDocument): void =>
      answer(requestId, (number) => ({ kind: 'error', number, document }))
    return {
      next: () =>
        new Promise((take) => {
          loop = { take, running: undefined }
          this.#idle.push(loop)
        }),
      respond: async (requestId, body) => answer(requestId, (number) => ({ kind: 'response', number, body })),
      fail: async (requestId, document) => fail(requestId, document),
      failLast: (requestId, document) => {
        fail(requestId, document)
        return true
      },
      answered: (requestId) => answer(requestId, (number) => ({ kind: 'answered', number })),
      failInit: async (document) => this.#tell({ kind: 'init-failed', document }),
    }
  }

  ready(): void {
    this.#port.ref()
    const hasListeners = process.listenerCount('SIGTERM') > 0
    this.#tell({ kind: 'ready', shutdown: { hasHooks: this.#runShutdownHooks !== undefined, hasListeners } })
  }

  onShutdown(runHooks: () => Promise<void>): void {
    this.#runShutdownHooks = runHooks
  }

  retire(): void {
    this.#idle = []
    this.#tell({ kind: 'retiring' })
  }

  #receive(message: ToThread): void {
    if (message.kind === 'ping') {
      this.#tell({ kind: 'alive' })
      return
    }
    if (message.kind === 'shutdown') {
      void this.#shutDown()
      return
    }
    const { number, invocation } = message
    const loop = this.#idle.at(-1)
    // Where no loop waits for it, the thread is about to end, and leaves it to the others.
    if (loop === undefined) {
      return
    }
    if (!takeOffer(this.#offers, number)) {
      this.#tell({ kind: 'alive' })
      return
    }
    this.#idle.pop()
    loop.running = { requestId: invocation.requestId, number }
    loop.take(invocation)
    // By then the handler has been called, and has let go of the thread; most have answered.
    setImmediate(() => {
      if (loop.running?.number === number) {
        this.#tell({ kind: 'taken', number })
      }
    })
  }

  /** Node.js gives signals to the main thread alone, while the function knows of no other thread than its own. */
  async #shutDown(): Promise<void> {
    process.emit('SIGTERM', 'SIGTERM')
    await this.#runShutdownHooks?.()
    this.#tell({ kind: 'shut-down' })
  }

  #tell(message: ToMain): void {
    this.#port.postMessage(message)
  }
}
