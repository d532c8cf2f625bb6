/**
 * The Runtime API of one execution environment: the server that its runtime and its extensions talk to, on a loopback
 * port of its own.
 *
 * A conversation begins with `begin`, for each new runtime process; `invoke` hands it one invocation at a time. What
 * the runtime may ask when is in `states.ts`. The routes below are the API's table of contents; the contract is
 * `./contract.ts`.
 *
 * It is plain `node:http` without timeouts: a runtime waits in `next` for as long as there is nothing to do, and how
 * long it may take for the rest is for the execution environment to say.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { answerError, answerUnknownRequestId } from './answers.ts'
import {
  EXTENSION_EXIT_ERROR_PATH,
  EXTENSION_INIT_ERROR_PATH,
  EXTENSION_NEXT_PATH,
  EXTENSION_REGISTER_PATH,
  INIT_ERROR_PATH,
  LOGS_PATH,
  NEXT_PATH,
  RESPONSE_MODE_HEADER,
  RESTORE_ERROR_PATH,
  RESTORE_NEXT_PATH,
  RUNTIME_API_VERSION,
  STATUS,
  TELEMETRY_PATH,
} from './contract.ts'
import { Conversation, type InitResult } from './conversation.ts'
import type { InvocationExchange } from './exchange.ts'
import { type ExtensionHost, Extensions } from './extensions.ts'
import type { Invocation } from './invocation.ts'
import { receiveAnswer, receiveInitError, receiveStream } from './receiving.ts'
import { Telemetry } from './telemetry.ts'

/** The cause for X-Ray travels in a header of up to 64 KiB, and there are others. */
const MAX_HEADER_BYTES = 128 * 1024

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export class RuntimeApiServer {
  /** Host and port, as `AWS_LAMBDA_RUNTIME_API` gives them. */
  readonly address: string
  readonly extensions: Extensions
  readonly telemetry = new Telemetry()

  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #routes: ReadonlyMap<string, Handler>
  readonly #maxConcurrency: number
  #conversation: Conversation

  static async listen(host: ExtensionHost): Promise<RuntimeApiServer> {
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, noDelay: true, keepAliveTimeout: 0 })
    server.requestTimeout = 0
    server.headersTimeout = 0
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new RuntimeApiServer(server, host)
  }

  private constructor(server: Server, host: ExtensionHost) {
    this.#server = server
    this.extensions = new Extensions(host)
    this.#maxConcurrency = host.maxConcurrency ?? 1
    this.#conversation = new Conversation(this.#maxConcurrency)
    this.#routes = this.#tableOfContents(host.isSnapStart ?? false)
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => this.#keepAccount(socket))
    server.on('request', (request, response) => this.#inTurn(request, response))
  }

  /**
   * Opens a conversation with a new runtime process, whatever was said before, and with external extensions of these
   * names. Resolves when the runtime's init phase ends.
   */
  begin(extensionNames: readonly string[] = []): Promise<InitResult> {
    this.#server.closeAllConnections()
    this.extensions.expect(extensionNames)
    this.telemetry.forget()
    this.#conversation = new Conversation(this.#maxConcurrency)
    return this.#conversation.init
  }

  /** Hands one invocation to the runtime, now or when it asks. The one before must be done, unless it may have several. */
  invoke(invocation: Invocation, deadlineMs: number): InvocationExchange {
    return this.#conversation.invoke(invocation, deadlineMs)
  }

  /** Whether the runtime wants a SIGTERM and a moment before its end. */
  get hasExtension(): boolean {
    return this.extensions.any
  }

  /**
   * Resolves when the runtime's connections are closed and all it had sent through them is read: what it posted last
   * before its process ended. After `timeoutMs` they are cut.
   */
  async drained(timeoutMs: number): Promise<void> {
    // A connection that the system has accepted for us is known one turn of the event loop later.
    await new Promise((resolve) => setImmediate(resolve))
    const deadline = setTimeout(() => this.#server.closeAllConnections(), timeoutMs)
    await Promise.all(
      [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    )
    clearTimeout(deadline)
  }

  async close(): Promise<void> {
    this.telemetry.forget()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  #tableOfContents(isSnapStart: boolean): ReadonlyMap<string, Handler> {
    const { extensions } = this
    const subscribe: Handler = (request, response) => {
      const extension = extensions.identify(request, response)
      if (extension !== undefined) {
        this.telemetry.subscribe(request, response, extension.name)
      }
    }
    const restore: [string, Handler][] = [
      [`GET ${RESTORE_NEXT_PATH}`, (_, response) => this.#restore(response)],
      [
        `POST ${RESTORE_ERROR_PATH}`,
        (request, response) => receiveInitError(this.#conversation, request, response, 'RestoreError'),
      ],
    ]
    return new Map<string, Handler>([
      [`GET ${NEXT_PATH}`, (_, response) => this.#conversation.next(response)],
      [
        `POST ${INIT_ERROR_PATH}`,
        (request, response) => receiveInitError(this.#conversation, request, response, 'InitError'),
      ],
      ...(isSnapStart ? restore : []),
      [
        `POST ${EXTENSION_REGISTER_PATH}`,
        (request, response) => extensions.register(request, response, this.#conversation.isInitialising),
      ],
      [`GET ${EXTENSION_NEXT_PATH}`, (request, response) => extensions.next(request, response)],
      [`POST ${EXTENSION_INIT_ERROR_PATH}`, (request, response) => extensions.fail(request, response)],
      [`POST ${EXTENSION_EXIT_ERROR_PATH}`, (request, response) => extensions.fail(request, response)],
      [`PUT ${TELEMETRY_PATH}`, subscribe],
      [`PUT ${LOGS_PATH}`, subscribe],
    ])
  }

  #keepAccount(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
  }

  // A runtime may send its response and the request for the next invocation in one go. The second is looked at when
  // the first is answered.
  #inTurn(request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as Socket & { [latestAnswer]?: ServerResponse }
    const previous = socket[latestAnswer]
    socket[latestAnswer] = response
    if (previous === undefined || previous.writableFinished) {
      this.#route(request, response)
    } else {
      previous.once('finish', () => this.#route(request, response))
    }
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? ''
    if (!isFromRuntime(request, this.address)) {
      refuseForeigner(response, this.address)
      return
    }
    const handle = this.#routes.get(`${request.method} ${path}`)
    if (handle === undefined) {
      this.#routeAnswer(path, request, response)
    } else {
      handle(request, response)
    }
  }

  /** `POST …/invocation/{id}/response` and `POST …/invocation/{id}/error`. */
  #routeAnswer(path: string, request: IncomingMessage, response: ServerResponse): void {
    const [, requestId, kind] = ANSWER_PATH.exec(path) ?? []
    if (requestId === undefined) {
      answerError(response, 404, 'NotFound', `the Runtime API has no ${path}`)
      return
    }
    if (request.method !== 'POST') {
      answerError(response, 405, 'MethodNotAllowed', `expected POST for ${path}, but got ${request.method}`)
      return
    }
    const conversation = this.#conversation
    const exchange = conversation.find(percentDecoded(requestId))
    if (exchange === undefined) {
      answerUnknownRequestId(response)
    } else if (kind === 'response' && request.headers[RESPONSE_MODE_HEADER] === 'streaming') {
      receiveStream(conversation, exchange, request, response)
    } else {
      receiveAnswer(conversation, exchange, request, response, kind as 'response' | 'error')
    }
  }

  /** There is no snapshot: what would be taken and restored is here already. */
  #restore(response: ServerResponse): void {
    if (this.#conversation.move('Restored', response)) {
      response.writeHead(STATUS.ok, { 'Content-Length': 0 })
      response.end()
    }
  }
}

const latestAnswer = Symbol('the answer to the latest request on this connection')

const ANSWER_PATH = new RegExp(`^/${RUNTIME_API_VERSION}/runtime/invocation/([^/?]+)/(response|error)$`)

function percentDecoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

// A browser says where a request comes from, and a page's own host name is not this address: no web page may answer
// for the runtime or take its invocations.
function isFromRuntime(request: IncomingMessage, address: string): boolean {
  const { host, origin, 'sec-fetch-site': site } = request.headers
  return host === address && origin === undefined && site === undefined
}

function refuseForeigner(response: ServerResponse, address: string): void {
  const message = `expected a request of the runtime to ${address}, but got one of a web page or for another host`
  answerError(response, STATUS.forbidden, 'Forbidden', message)
}
