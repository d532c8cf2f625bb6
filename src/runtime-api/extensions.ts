/**
 * The Extensions API: programs beside the runtime that are told of invocations and of the end.
 *
 * An external extension is a process of its own, started before the runtime and named after its file; it registers in
 * the init phase for `INVOKE` and `SHUTDOWN`, and asks for the next event when it is done with the one before. An internal
 * one lives in the runtime's process; it registers for no events, and makes Lambda send the process a SIGTERM, and give it
 * a moment, before its end. INVOKE events are refused to it here, with a sentence; SHUTDOWN events are by Lambda as well.
 *
 * Source: AWS Lambda Developer Guide, "Using the Lambda Extensions API to create extensions".
 */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerError, answerJson } from './answers.ts'
import { EXTENSION_ERROR_TYPE_HEADER, EXTENSION_ID_HEADER, EXTENSION_NAME_HEADER } from './contract.ts'
import { Extension, type ExtensionEvent, type ExtensionEventType } from './extension.ts'
import { readBody } from './request-body.ts'

/** What an extension is told about its function. */
export interface ExtensionHost {
  functionName: string
  version: string
  handler: string
  /** Whether the runtime is to ask for its snapshot to be restored. */
  isSnapStart?: boolean | undefined
  /** Invocations that one runtime may have at once; one unless given. */
  maxConcurrency?: number | undefined
}

/** An extension says that it cannot go on, or has ended. */
export interface ExtensionFailure {
  name: string
  errorType: string
}

/** Bytes; a list of two short words needs far less. */
const MAX_REGISTRATION_BYTES = 64 * 1024
const EVENT_TYPES: readonly ExtensionEventType[] = ['INVOKE', 'SHUTDOWN']

export class Extensions {
  readonly #host: ExtensionHost
  readonly #extensions = new Map<string, Extension>()
  /** Names of external ones that have been started and are yet to register. */
  readonly #expected = new Set<string>()
  #registered = Promise.withResolvers<void>()
  #failed = Promise.withResolvers<ExtensionFailure>()

  constructor(host: ExtensionHost) {
    this.#host = host
    this.expect([])
  }

  /** Forgets all, and expects external ones of these names to register. */
  expect(names: readonly string[]): void {
    for (const extension of this.#extensions.values()) {
      extension.forget()
    }
    this.#extensions.clear()
    this.#expected.clear()
    this.#registered = Promise.withResolvers()
    this.#failed = Promise.withResolvers()
    for (const name of names) {
      this.#expected.add(name)
    }
    this.#checkRegistered()
  }

  get any(): boolean {
    return this.#extensions.size > 0
  }

  get external(): readonly Extension[] {
    return this.#all.filter(({ isExternal }) => isExternal)
  }

  /** Resolves when all that are expected have registered. */
  get registered(): Promise<void> {
    return this.#registered.promise
  }

  /** Resolves with the first failure that one reports. */
  get failed(): Promise<ExtensionFailure> {
    return this.#failed.promise
  }

  /** Tells those who want to know. Resolves when all external ones have asked for their next event since. */
  async tell(event: ExtensionEvent): Promise<void> {
    for (const extension of this.external) {
      extension.tell(event)
    }
    await this.settled()
  }

  /** Resolves when all external ones wait for an event. */
  async settled(): Promise<void> {
    await Promise.all(this.external.map((extension) => extension.waiting))
  }

  async register(request: IncomingMessage, response: ServerResponse, isInitialising: boolean): Promise<void> {
    const name = request.headers[EXTENSION_NAME_HEADER]
    const body = await readBody(request, MAX_REGISTRATION_BYTES)
    if (body.kind === 'truncated') {
      return
    }
    const events = body.kind === 'whole' ? requestedEvents(body.bytes) : undefined
    if (typeof name !== 'string' || name === '') {
      const message = 'expected the header Lambda-Extension-Name with the name of the extension'
      return answerError(response, 400, 'Extension.InvalidExtensionName', message)
    }
    if (!isInitialising) {
      const message =
        'extensions register in the init phase, before the runtime asks for its first invocation'
      return answerError(response, 403, 'Extension.RegistrationClosed', message)
    }
    const isExternal = this.#expected.has(name)
    const problem = eventsProblem(events, isExternal)
    if (events === undefined || problem !== undefined) {
      return answerError(response, 403, 'Extension.InvalidEventType', problem ?? 'expected a JSON object')
    }
    this.#accept(new Extension(name, isExternal, events), request, response)
  }

  /** Waits until there is an event: for ever, for one that registered for none. */
  next(request: IncomingMessage, response: ServerResponse): void {
    this.identify(request, response)?.next(response)
  }

  /** `init/error` and `exit/error`. */
  fail(request: IncomingMessage, response: ServerResponse): void {
    const extension = this.identify(request, response)
    if (extension === undefined) {
      return
    }
    const errorType = request.headers[EXTENSION_ERROR_TYPE_HEADER]
    request.resume()
    answerJson(response, 202, { status: 'OK' })
    this.#failed.resolve({
      name: extension.name,
      errorType: typeof errorType === 'string' && errorType !== '' ? errorType : 'Extension.UnknownReason',
    })
  }

  /** The extension that asks, or an answer that refuses it. */
  identify(request: IncomingMessage, response: ServerResponse): Extension | undefined {
    const identifier = request.headers[EXTENSION_ID_HEADER]
    const extension = typeof identifier === 'string' ? this.#extensions.get(identifier) : undefined
    if (extension === undefined) {
      const message = 'expected the header Lambda-Extension-Identifier with what register answered'
      answerError(response, 403, 'Extension.UnknownExtensionIdentifier', message)
    }
    return extension
  }

  get #all(): Extension[] {
    return [...this.#extensions.values()]
  }

  #accept(extension: Extension, request: IncomingMessage, response: ServerResponse): void {
    const identifier = randomUUID()
    this.#extensions.set(identifier, extension)
    this.#expected.delete(extension.name)
    const { functionName, version, handler } = this.#host
    const features = String(request.headers['lambda-extension-accept-feature'] ?? '').split(/,\s*/)
    const document = {
      functionName,
      functionVersion: version,
      handler,
      ...(features.includes('accountId') && { accountId: '123456789012' }),
    }
    answerJson(response, 200, document, { 'Lambda-Extension-Identifier': identifier })
    this.#checkRegistered()
  }

  #checkRegistered(): void {
    if (this.#expected.size === 0) {
      this.#registered.resolve()
    }
  }
}

function eventsProblem(events: readonly unknown[] | undefined, isExternal: boolean): string | undefined {
  if (isExternal) {
    return events?.every((event) => EVENT_TYPES.includes(event as ExtensionEventType))
      ? undefined
      : 'expected a body {"events": […]} with INVOKE, SHUTDOWN or both'
  }
  return events?.length === 0
    ? undefined
    : 'expected a body {"events": []}: an internal extension can register for no events here'
}

/** The list of events, empty when the body names none; undefined when it is not a registration. */
function requestedEvents(body: Buffer): ExtensionEventType[] | undefined {
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
