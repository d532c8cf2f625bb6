/**
 * The runtime's side of the Runtime API: what each status asks of it, and how a lost connection is made good.
 *
 * A call that was lost with its connection is made again: the Runtime API knows each request id and refuses a second
 * answer with 400 or 403, so that a repeated call can do no harm, while one that is not repeated may leave an
 * invocation unanswered until its timeout.
 */

import type { ArrivedInvocation, InvocationSource } from '../../executable/threads.ts'
import { type ErrorDocument, NEXT_HEADERS, STATUS } from '../../runtime-api/contract.ts'
import { RuntimeApiFailure } from '../errors.ts'
import { header } from '../invocation.ts'
import { logRuntimeProblem } from '../log/log.ts'
import {
  errorRequest,
  initErrorRequest,
  nextRequest,
  type RuntimeRequest,
  responseRequest,
  restoreErrorRequest,
  restoreNextRequest,
} from './requests.ts'
import { type Reply, RuntimeConnection } from './runtime-connection.ts'

/** Milliseconds to wait before each further try at a call that got no usable reply. */
const RETRY_DELAYS_MS = [0, 10, 50, 250, 1000]

export class RuntimeClient implements InvocationSource {
  readonly #connection: RuntimeConnection

  constructor(runtimeApi: string) {
    this.#connection = new RuntimeConnection(runtimeApi)
  }

  /** Waits for the next invocation, for as long as it takes. Throws `RuntimeApiFailure` when the process must end. */
  async next(): Promise<ArrivedInvocation> {
    const request = nextRequest()
    for (let attempt = 0; ; attempt++) {
      const reply = await this.#send(request)
      const requestId = header(reply.headers, NEXT_HEADERS.requestId)
      if (reply.status === STATUS.ok && requestId !== undefined) {
        return { requestId, headers: reply.headers, body: reply.body, cutShort: reply.cutShort }
      }
      const problem =
        reply.status === STATUS.ok
          ? `answered without the header ${NEXT_HEADERS.requestId}`
          : `answered ${describe(reply)}`
      await this.#retryLater(request, problem, attempt)
    }
  }

  /** Answers an invocation with its result, as JSON. Resolves once that is settled, also when the platform refused it. */
  respond(requestId: string, body: string): Promise<void> {
    return this.#post(responseRequest(requestId, body))
  }

  /** Answers an invocation with an error. Resolves once that is settled, also when the platform refused it. */
  fail(requestId: string, document: ErrorDocument): Promise<void> {
    return this.#post(errorRequest(requestId, document))
  }

  /** Answers an invocation with an error in the process's last turn, without waiting for a reply. */
  failLast(requestId: string, document: ErrorDocument): boolean {
    return this.#connection.sendLast(errorRequest(requestId, document))
  }

  /** Nobody else has to be told. */
  answered(): void {}

  /** Tells that this runtime cannot initialise; the process has to exit after it. */
  failInit(document: ErrorDocument): Promise<void> {
    return this.#post(initErrorRequest(document))
  }

  /** Says that a snapshot may be taken; resolves in each environment that is restored from it. */
  async restored(): Promise<void> {
    const request = restoreNextRequest()
    const reply = await this.#send(request)
    if (reply.status !== STATUS.ok) {
      throw new RuntimeApiFailure(
        `${request.method} ${request.path} was answered ${describe(reply)}, and not 200.`,
      )
    }
  }

  /** Tells that a restored environment cannot be used; the process has to exit after it. */
  failRestore(document: ErrorDocument): Promise<void> {
    return this.#post(restoreErrorRequest(document))
  }

  async #post(request: RuntimeRequest): Promise<void> {
    const reply = await this.#send(request)
    const { status } = reply
    if (status >= 200 && status < 300) {
      return
    }
    if (status === STATUS.payloadTooLarge) {
      // An error in its place would be refused with 403: for the platform this invocation is answered.
      logRuntimeProblem(
        `${request.path} was refused as too large: ${Buffer.byteLength(request.body ?? '')} bytes`,
      )
    } else {
      logRuntimeProblem(`${request.method} ${request.path} was answered ${describe(reply)}; going on`)
    }
  }

  /** The reply to a request, sent again for as long as connections get lost. 500 is no reply but the end. */
  async #send(request: RuntimeRequest): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      try {
        const reply = await this.#connection.send(request)
        if (reply.status !== STATUS.containerError) {
          return reply
        }
      } catch (error) {
        await this.#retryLater(request, `got no reply: ${(error as Error).message}`, attempt, error)
        continue
      }
      throw new RuntimeApiFailure(
        `The Runtime API answered ${request.method} ${request.path} with 500, which asks the runtime to exit.`,
      )
    }
  }

  async #retryLater(
    request: RuntimeRequest,
    problem: string,
    attempt: number,
    cause?: unknown,
  ): Promise<void> {
    const wait = RETRY_DELAYS_MS[attempt]
    if (wait === undefined) {
      throw new RuntimeApiFailure(
        `${request.method} ${request.path} ${problem}, ${attempt + 1} times in a row; giving up.`,
        { cause },
      )
    }
    if (attempt > 0) {
      logRuntimeProblem(`${request.method} ${request.path} ${problem}; trying again in ${wait} ms`)
    }
    if (wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}

function describe(reply: Reply): string {
  return `${reply.status} ${reply.body.text.slice(0, 512)}`.trim()
}
