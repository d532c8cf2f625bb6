import { type Environment, setTraceId } from './environment.ts'
import { toErrorDocument } from './error-response.ts'
import { UnmarshalError } from './errors.ts'
import { HandlerCall, type HandlerFunction } from './handler.ts'
import { header, readFacts, unmarshalEvent } from './invocation.ts'
import { invocationScope } from './invocation-scope.ts'
import { logFailure } from './log.ts'
import { marshalResult } from './response.ts'
import { NEXT_HEADERS } from './runtime-api.ts'
import type { NextInvocation, RuntimeClient } from './runtime-client.ts'

/** Next, then the handler, then exactly one response or error, and again. */
export class InvocationLoop {
  readonly #client: RuntimeClient
  readonly #handler: HandlerFunction
  readonly #environment: Environment
  #call: HandlerCall | undefined
  #answered: Promise<void> | undefined
  #stopping = false

  constructor(client: RuntimeClient, handler: HandlerFunction, environment: Environment) {
    this.#client = client
    this.#handler = handler
    this.#environment = environment
  }

  /** Runs until `failRunning`. Rejects with `RuntimeApiFailure` when the process must end. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      const invocation = await this.#client.next()
      const scope = {
        requestId: invocation.requestId,
        tenantId: header(invocation.headers, NEXT_HEADERS.tenantId),
      }
      this.#answered = invocationScope.run(scope, () => this.#answer(invocation))
      await this.#answered
      this.#answered = undefined
    }
  }

  /** To be called when nothing is left to do in the process: whatever the handler waits for will not come. */
  eventLoopIsEmpty(): void {
    this.#call?.eventLoopIsEmpty()
  }

  /**
   * Ends the running invocation with an error, unless its handler has finished, and the loop after it. Resolves to
   * whether an invocation was running, once that one is answered.
   */
  async failRunning(error: unknown): Promise<boolean> {
    this.#stopping = true
    const answered = this.#answered
    if (answered === undefined) return false
    this.#call?.fail(error)
    await answered
    return true
  }

  async #answer(invocation: NextInvocation): Promise<void> {
    const { requestId } = invocation
    let body: Buffer
    try {
      body = marshalResult(await this.#invoke(invocation))
    } catch (error) {
      const document = toErrorDocument(error)
      logFailure('Invoke Error', document)
      return this.#client.fail(requestId, document)
    } finally {
      this.#call?.context.release()
      this.#call = undefined
    }
    return this.#client.respond(requestId, body)
  }

  /** The handler's result. Rejects with whatever it threw, or with `UnmarshalError` when it could not be called. */
  #invoke(invocation: NextInvocation): Promise<unknown> {
    const { requestId, headers, body, cutShort } = invocation
    if (cutShort) {
      throw new UnmarshalError(
        `The event did not arrive whole: the connection ended after ${body.length} bytes of its body (${cutShort.message}).`,
        { cause: cutShort },
      )
    }
    const facts = readFacts(requestId, headers)
    const event = unmarshalEvent(body)
    const call = new HandlerCall(this.#environment, facts)
    this.#call = call
    setTraceId(facts.traceId)
    call.start(this.#handler, event)
    return call.result
  }
}
