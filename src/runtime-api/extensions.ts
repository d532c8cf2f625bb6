/**
 * The Extensions API, for internal extensions: those that live in the runtime's own process.
 *
 * One that registers for no events makes Lambda send the process a SIGTERM, and give it a moment, before its end.
 * INVOKE events are refused here, with a sentence; SHUTDOWN events are refused by Lambda as well.
 */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerError, answerJson } from './answers.ts'
import { readBody } from './request-body.ts'
import type { RuntimeState } from './states.ts'

/** What an extension is told about its function. */
export interface ExtensionHost {
  functionName: string
  version: string
  handler: string
  /** Whether the runtime is to ask for its snapshot to be restored. */
  isSnapStart?: boolean | undefined
}

/** Bytes; a list of two short words needs far less. */
const MAX_REGISTRATION_BYTES = 64 * 1024

export class InternalExtensions {
  readonly #host: ExtensionHost
  readonly #identifiers = new Set<string>()

  constructor(host: ExtensionHost) {
    this.#host = host
  }

  get any(): boolean {
    return this.#identifiers.size > 0
  }

  forget(): void {
    this.#identifiers.clear()
  }

  async register(request: IncomingMessage, response: ServerResponse, state: RuntimeState): Promise<void> {
    const name = request.headers['lambda-extension-name']
    const body = await readBody(request, MAX_REGISTRATION_BYTES)
    if (body.kind === 'truncated') {
      return
    }
    const events = body.kind === 'whole' ? requestedEvents(body.bytes) : undefined
    if (typeof name !== 'string' || name === '') {
      const message = 'expected the header Lambda-Extension-Name with the name of the extension'
      return answerError(response, 400, 'Extension.InvalidExtensionName', message)
    }
    if (state !== 'Started') {
      const message =
        'extensions register in the init phase, before the runtime asks for its first invocation'
      return answerError(response, 403, 'Extension.RegistrationClosed', message)
    }
    if (events === undefined || events.length > 0) {
      const message = 'expected a body {"events": []}: an internal extension can register for no events here'
      return answerError(response, 403, 'Extension.InvalidEventType', message)
    }
    this.#accept(response)
  }

  /** Waits for ever: an extension that registered for no events is told of none. */
  next(request: IncomingMessage, response: ServerResponse): void {
    const identifier = request.headers['lambda-extension-identifier']
    if (typeof identifier !== 'string' || !this.#identifiers.has(identifier)) {
      const message = 'expected the header Lambda-Extension-Identifier with what register answered'
      answerError(response, 403, 'Extension.UnknownExtensionIdentifier', message)
    }
  }

  #accept(response: ServerResponse): void {
    const identifier = randomUUID()
    this.#identifiers.add(identifier)
    const { functionName, version, handler } = this.#host
    const document = { functionName, functionVersion: version, handler }
    answerJson(response, 200, document, { 'Lambda-Extension-Identifier': identifier })
  }
}

/** The list of events, empty when the body names none; undefined when it is not a registration. */
function requestedEvents(body: Buffer): unknown[] | undefined {
  if (body.length === 0) {
    return []
  }
  try {
    const { events = [] } = JSON.parse(body.toString()) as { events?: unknown }
    return Array.isArray(events) ? events : undefined
  } catch {
    return undefined
  }
}
