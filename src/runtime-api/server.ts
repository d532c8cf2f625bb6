/**
 * The Runtime API of one execution environment: the server that its runtime talks to, on a loopback port of its own.
 *
 * A conversation begins with `begin`, for each new runtime process; `invoke` hands it one invocation at a time. What
 * the runtime may ask when is in `runtime-state.ts`. The routes below are the API's table of contents; the contract is
 * `./contract.ts`.
 *
 * It is plain `node:http` without timeouts: a runtime waits in `next` for as long as there is nothing to do, and how
 * long it may take for the rest is for the execution environment to say.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  answerAccepted,
  answerError,
  answerIllegalMove,
  answerTooLarge,
  answerUnknownRequestId,
} from './answers.ts'
import {
  ERROR_BODY_TRAILER,
  ERROR_TYPE_HEADER,
  EXTENSION_NEXT_PATH,
  EXTENSION_REGISTER_PATH,
  INIT_ERROR_PATH,
  MAX_RESPONSE_BYTES,
  NEXT_HEADERS,
  NEXT_PATH,
  RESPONSE_MODE_HEADER,
  RESTORE_ERROR_PATH,
  RESTORE_NEXT_PATH,
  RUNTIME_API_VERSION,
  STATUS,
} from './contract.ts'
import { type FunctionError, InvocationExchange, platformFunctionError } from './exchange.ts'
import { type ExtensionHost, InternalExtensions } from './extensions.ts'
import { responseTooLargeError } from './function-error.ts'
import type { Invocation } from './invocation.ts'
import { readBody } from './request-body.ts'
import { isLegalMove, type RuntimeState } from './states.ts'

/** Bytes of the largest streamed response that Lambda takes: 200 MB. */
const MAX_STREAMED_BYTES = 200 * 1024 * 1024

/** The cause for X-Ray travels in a header of up to 64 KiB, and there are others. */
const MAX_HEADER_BYTES = 128 * 1024

/** How the init phase of a conversation ended, as far as the runtime said so itself. */
export type InitResult = { kind: 'ready' } | FunctionError

export class RuntimeApiServer {
  /** Host and port, as `AWS_LAMBDA_RUNTIME_API` gives them. */
  readonly address: string

  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #extensions: InternalExtensions
  readonly #isSnapStart: boolean
  #state: RuntimeState = 'Started'
  #init = Promise.withResolvers<InitResult>()
  /** Runtimes that wait for an invocation: one, but for a runtime whose connection broke and that asked again. */
  #polls: ServerResponse[] = []
  /** Not delivered yet. */
  #pending: InvocationExchange | undefined
  /** Delivered, and the latest one even when it is done: an answer to it is repeated, not unknown. */
  #current: InvocationExchange | undefined

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
    this.#extensions = new InternalExtensions(host)
    this.#isSnapStart = host.isSnapStart ?? false
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => this.#keepAccount(socket))
    server.on('request', (request, response) => this.#inTurn(request, response))
  }

  /** Opens a conversation with a new runtime process, whatever was said before. Resolves when its init phase ends. */
  begin(): Promise<InitResult> {
    this.#server.closeAllConnections()
    this.#extensions.forget()
    this.#state = 'Started'
    this.#init = Promise.withResolvers()
    this.#polls = []
    this.#pending = undefined
    this.#current = undefined
    return this.#init.promise
  }

  /** Hands one invocation to the runtime, now or when it asks. The one before must be done. */
  invoke(invocation: Invocation, deadlineMs: number): InvocationExchange {
    const exchange = new InvocationExchange(invocation, deadlineMs)
    this.#pending = exchange
    this.#deliver()
    return exchange
  }

  /** Whether the runtime wants a SIGTERM and a moment before its end. */
  get hasExtension(): boolean {
    return this.#extensions.any
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
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
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
    const route = `${request.method} ${path}`
    if (!isFromRuntime(request, this.address)) {
      refuseForeigner(response, this.address)
    } else if (route === NEXT) {
      this.#next(response)
    } else if (route === INIT_ERROR) {
      this.#fail('InitError', request, response)
    } else if (route === RESTORE_NEXT && this.#isSnapStart) {
      this.#restore(response)
    } else if (route === RESTORE_ERROR && this.#isSnapStart) {
      this.#fail('RestoreError', request, response)
    } else if (route === EXTENSION_REGISTER) {
      this.#extensions.register(request, response, this.#state)
    } else if (route === EXTENSION_NEXT) {
      this.#extensions.next(request, response)
    } else {
      this.#routeAnswer(path, request, response)
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
    const exchange = this.#exchangeOf(requestId)
    if (exchange === undefined) {
      answerUnknownRequestId(response)
    } else if (kind === 'error') {
      this.#error(exchange, request, response)
    } else if (request.headers[RESPONSE_MODE_HEADER] === 'streaming') {
      this.#streamedResponse(exchange, request, response)
    } else {
      this.#response(exchange, request, response)
    }
  }

  #next(response: ServerResponse): void {
    if (!this.#move('Ready', response)) {
      return
    }
    this.#init.resolve({ kind: 'ready' })
    this.#current?.finish()
    this.#polls.push(response)
    response.on('close', () => this.#pollClosed(response))
    this.#deliver()
  }

  #deliver(): void {
    const exchange = this.#pending
    const poll = this.#polls[0]
    if (exchange === undefined || poll === undefined) {
      return
    }
    this.#polls.shift()
    this.#pending = undefined
    this.#current = exchange
    this.#state = 'Running'
    const { event } = exchange.invocation
    poll.writeHead(STATUS.ok, nextHeaders(exchange))
    poll.end(event)
  }

  #pollClosed(response: ServerResponse): void {
    if (!response.writableEnded) {
      this.#polls = this.#polls.filter((poll) => poll !== response)
    } else if (!response.writableFinished && this.#state === 'Running') {
      // The runtime never got its invocation: hand it over again when it comes back.
      this.#state = 'Ready'
      this.#pending = this.#current
      this.#current = undefined
      this.#deliver()
    }
  }

  async #response(
    exchange: InvocationExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!this.#move('InvocationResponse', response)) {
      return
    }
    const body = await readBody(request, MAX_RESPONSE_BYTES)
    this.#answered(exchange)
    if (body.kind === 'whole') {
      answerAccepted(response)
      exchange.answer({
        kind: 'response',
        contentType: contentType(request, 'application/json'),
        body: body.bytes,
      })
    } else if (body.kind === 'too large') {
      answerTooLarge(response, MAX_RESPONSE_BYTES)
      exchange.answer(platformFunctionError(responseTooLargeError(MAX_RESPONSE_BYTES)))
    }
  }

  async #error(
    exchange: InvocationExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!this.#move('InvocationErrorResponse', response)) {
      return
    }
    const body = await readBody(request, MAX_RESPONSE_BYTES)
    this.#answered(exchange)
    if (body.kind === 'whole') {
      answerAccepted(response)
      exchange.answer({ kind: 'error', errorType: errorType(request), body: body.bytes })
    } else if (body.kind === 'too large') {
      answerTooLarge(response, MAX_RESPONSE_BYTES)
      exchange.answer(platformFunctionError(responseTooLargeError(MAX_RESPONSE_BYTES)))
    }
  }

  #streamedResponse(exchange: InvocationExchange, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#move('InvocationResponse', response)) {
      return
    }
    const stream = exchange.beginStream(contentType(request, 'application/octet-stream'))
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_STREAMED_BYTES && !stream.destroyed && !stream.write(chunk)) {
        request.pause()
      }
    })
    stream.on('drain', () => request.resume())
    // An invoker that has gone away must not hold the function up.
    stream.on('close', () => request.resume())
    request.on('end', () => {
      this.#answered(exchange)
      if (size > MAX_STREAMED_BYTES) {
        answerTooLarge(response, MAX_STREAMED_BYTES)
        exchange.endStream(platformFunctionError(responseTooLargeError(MAX_STREAMED_BYTES)))
      } else {
        answerAccepted(response)
        exchange.endStream(trailingError(request))
      }
    })
    request.on('close', () => {
      if (!request.complete) {
        this.#answered(exchange)
        stream.end()
      }
    })
    request.on('error', () => {})
  }

  /** There is no snapshot: what would be taken and restored is here already. */
  #restore(response: ServerResponse): void {
    if (this.#move('Restored', response)) {
      response.writeHead(STATUS.ok, { 'Content-Length': 0 })
      response.end()
    }
  }

  async #fail(
    state: 'InitError' | 'RestoreError',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!this.#move(state, response)) {
      return
    }
    const body = await readBody(request, MAX_RESPONSE_BYTES)
    if (body.kind === 'whole') {
      answerAccepted(response)
      this.#init.resolve({ kind: 'error', errorType: errorType(request), body: body.bytes })
    } else if (body.kind === 'too large') {
      answerTooLarge(response, MAX_RESPONSE_BYTES)
      this.#init.resolve(platformFunctionError(responseTooLargeError(MAX_RESPONSE_BYTES)))
    }
  }

  /** Takes the move, or refuses it to the runtime and returns false. */
  #move(to: RuntimeState, response: ServerResponse): boolean {
    if (!isLegalMove(this.#state, to)) {
      answerIllegalMove(response, this.#state, to)
      return false
    }
    this.#state = to
    return true
  }

  #answered(exchange: InvocationExchange): void {
    // A new conversation may have begun while the old runtime's body was still arriving.
    if (exchange === this.#current) {
      this.#state = 'ResponseSent'
    }
  }

  #exchangeOf(encodedRequestId: string): InvocationExchange | undefined {
    const exchange = this.#current
    return exchange?.invocation.requestId === percentDecoded(encodedRequestId) ? exchange : undefined
  }
}

const latestAnswer = Symbol('the answer to the latest request on this connection')

const NEXT = `GET ${NEXT_PATH}`
const INIT_ERROR = `POST ${INIT_ERROR_PATH}`
const RESTORE_NEXT = `GET ${RESTORE_NEXT_PATH}`
const RESTORE_ERROR = `POST ${RESTORE_ERROR_PATH}`
const EXTENSION_REGISTER = `POST ${EXTENSION_REGISTER_PATH}`
const EXTENSION_NEXT = `GET ${EXTENSION_NEXT_PATH}`
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

function nextHeaders({ invocation, deadlineMs }: InvocationExchange): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    'Content-Length': invocation.event.byteLength,
    [NEXT_HEADERS.requestId]: invocation.requestId,
    [NEXT_HEADERS.deadlineMs]: deadlineMs,
    [NEXT_HEADERS.invokedFunctionArn]: invocation.invokedFunctionArn,
    [NEXT_HEADERS.traceId]: invocation.traceId,
  }
  if (invocation.clientContext !== undefined) {
    headers[NEXT_HEADERS.clientContext] = asciiJson(invocation.clientContext)
  }
  if (invocation.cognitoIdentity !== undefined) {
    headers[NEXT_HEADERS.cognitoIdentity] = asciiJson(invocation.cognitoIdentity)
  }
  if (invocation.tenantId !== undefined) {
    headers[NEXT_HEADERS.tenantId] = invocation.tenantId
  }
  return headers
}

/** JSON that a header can carry. Outside strings JSON is ASCII, and inside them \u will do. */
function asciiJson(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (character) =>
    /\s/.test(character) && character < '\x80'
      ? ' '
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function contentType(request: IncomingMessage, otherwise: string): string {
  return request.headers['content-type'] ?? otherwise
}

function errorType(request: IncomingMessage): string {
  const value = request.headers[ERROR_TYPE_HEADER]
  return typeof value === 'string' && value !== '' ? value : 'Runtime.Unknown'
}

/** What a streamed response says, after its last byte, of an error that came after its first. */
function trailingError(request: IncomingMessage): FunctionError | undefined {
  const errorType = request.trailers[ERROR_TYPE_HEADER]
  if (errorType === undefined || errorType === '') {
    return undefined
  }
  return { kind: 'error', errorType, body: Buffer.from(request.trailers[ERROR_BODY_TRAILER] ?? '', 'base64') }
}
