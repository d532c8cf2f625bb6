/**
 * The emulator over HTTP, on a port of this machine: the Lambda API, function URLs, routes, and the page. What the API has is
 * in `operations.ts`.
 *
 * Whoever can reach the port can run code, so nobody else must: it listens on loopback, answers only to names of this
 * machine (a web page can point a name of its own at 127.0.0.1), and refuses what a browser sends for a page. Only
 * function URLs and routes are for browsers, too (see ../function-url/cross-origin.ts), and our own page, behind a token.
 * Signatures are accepted, not checked.
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import type { CodeBuckets } from '../code/code-buckets.ts'
import type { EventSourceDescription } from '../event-sources/event-source.ts'
import { serveFunctionUrl } from '../function-url/function-url.ts'
import { LATEST } from '../functions/function-version.ts'
import { answerError } from '../http/api-answer.ts'
import { RequestTruncated } from '../http/api-request.ts'
import { ClientDeparted } from '../http/client-departure.ts'
import { HostNames } from '../http/host-names.ts'
import { AccessDeniedException, LambdaError, ServiceException, ValidationException } from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import type { Page } from '../page/page.ts'
import type { HttpApi } from '../routes/http-api.ts'
import { findOperation } from './operations.ts'

export interface LambdaApiServerOptions {
  lambda: LocalLambda
  queue: EventQueue
  buckets: CodeBuckets
  sources?: () => readonly EventSourceDescription[]
  /** An HTTP API in front of functions. */
  routes?: HttpApi | undefined
  page?: Page | undefined
  /** An address of this machine. */
  host: string
  /** 0 for any that is free. */
  port: number
  /** How long a client may take for its whole request. */
  requestTimeoutMs: number
  /** Hears, in a sentence, of what the caller is not told. */
  onNotice: (message: string) => void
}

const FUNCTION_URL = /^\/url\/([a-zA-Z0-9_-]{1,64})(?::([a-zA-Z0-9_-]{1,128}))?(\/.*)?$/
/** Paths of the API begin with its date; lambdabin's own are beside. */
const API_PATH = /^\/(\d{4}-\d\d-\d\d|lambdabin)\//

/** Long queries and cookies are for the function to refuse. */
const MAX_HEADER_BYTES = 128 * 1024
/** Slow clients are looked for this often. */
const CHECKING_MS = 500
const HEADERS_TIMEOUT_MS = 10_000

export class LambdaApiServer {
  readonly #options: LambdaApiServerOptions
  readonly #server: Server
  readonly #hosts: HostNames

  /** Rejects with the system's error when the port cannot be had. */
  static async listen(options: LambdaApiServerOptions): Promise<LambdaApiServer> {
    const server = createServer({
      noDelay: true,
      maxHeaderSize: MAX_HEADER_BYTES,
      // A client's pool of connections outlives many a pause between two requests.
      keepAliveTimeout: 65_000,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, options.requestTimeoutMs),
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: CHECKING_MS,
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port, options.host, resolve)
    })
    return new LambdaApiServer(server, options)
  }

  private constructor(server: Server, options: LambdaApiServerOptions) {
    this.#server = server
    this.#options = options
    this.#hosts = new HostNames(options.host)
    server.on('request', (request, response) => this.#serve(request, response))
    // Without this, curl and others wait a second for a 100 that a refusal would make superfluous.
    server.on('checkContinue', (request, response) => {
      response.writeContinue()
      this.#serve(request, response)
    })
    server.on('clientError', refuseUnreadable)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that has gone is noticed where it matters.
    response.on('error', () => {})
    response.setHeader('X-Amzn-RequestId', randomUUID())
    try {
      await this.#route(request, response)
    } catch (error) {
      this.#refuse(request, response, error)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = this.#checkedHost(request)
    const [path = '', rawQuery = ''] = splitTarget(originForm(request.url ?? '', host))
    const named = this.#hosts.subdomain(host)
    if (named !== undefined) {
      await this.#serveSubdomain(named, request, response, path, rawQuery)
      return
    }
    const [, functionName, qualifier = LATEST, rawPath] = FUNCTION_URL.exec(path) ?? []
    if (functionName !== undefined) {
      if (rawPath === undefined) {
        redirect(response, `${path}/${rawQuery && `?${rawQuery}`}`)
        return
      }
      const { lambda, onNotice } = this.#options
      await serveFunctionUrl({
        ...{ lambda, request, response, functionName, qualifier, rawPath, rawQuery, onNotice },
      })
      return
    }
    if (await this.#options.page?.serve(request, response, path, rawQuery)) {
      return
    }
    if (!API_PATH.test(path) && (await this.#options.routes?.serve(request, response, path, rawQuery))) {
      return
    }
    await this.#serveApi(request, response, path, rawQuery, host)
  }

  async #serveApi(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    rawQuery: string,
    host: string,
  ): Promise<void> {
    refusePages(request)
    const { operation, parameters } = findOperation(request.method ?? '', path)
    const { lambda, queue, buckets, sources = () => [] } = this.#options
    const query = new URLSearchParams(rawQuery)
    const endpoint = `http://${host}`
    await operation({ lambda, queue, buckets, sources, request, response, endpoint, query, parameters })
  }

  /** `orders.localhost` is the function of that name; `api.localhost` the routes, unless a function is called so. */
  async #serveSubdomain(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    rawQuery: string,
  ): Promise<void> {
    const { lambda, onNotice, routes } = this.#options
    // Host names know no capital letters.
    const found = lambda.functions.find((each) => each.name.toLowerCase() === name)
    if (found === undefined && name === 'api' && routes !== undefined) {
      if (await routes.serve(request, response, path, rawQuery)) {
        return
      }
    }
    const functionName = found?.name ?? name
    await serveFunctionUrl({
      ...{ lambda, request, response, functionName, qualifier: LATEST, rawPath: path, rawQuery, onNotice },
    })
  }

  #checkedHost(request: IncomingMessage): string {
    const host = request.headers.host ?? ''
    const count = request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length
    if (count > 1) {
      throw new ValidationException('expected one Host header, but got several; send one')
    }
    if (!this.#hosts.has(host)) {
      throw new AccessDeniedException(
        `expected a request for ${this.#hosts}, but its Host header says ${JSON.stringify(host)}; ` +
          'use the address that lambdabin serve has printed',
      )
    }
    return host
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (error instanceof RequestTruncated || error instanceof ClientDeparted) {
      response.destroy()
      return
    }
    const known = error instanceof LambdaError ? error : new ServiceException(error)
    if (!(error instanceof LambdaError)) {
      this.#options.onNotice(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    if (response.headersSent) {
      response.destroy()
      return
    }
    if (!request.complete) {
      // What is left of the request is read and dropped, for a client that reads only after it has written all; then
      // the connection is of no more use.
      response.setHeader('Connection', 'close')
      request.resume()
    }
    answerError(response, known)
  }
}

/** What clients of a proxy send names the server, too. Source: RFC 9112, 3.2.2: "a server MUST accept the absolute-form". */
function originForm(target: string, host: string): string {
  const [, authority, rest = ''] = /^http:\/\/([^/?#]*)(.*)$/i.exec(target) ?? []
  if (authority === undefined) {
    return target
  }
  if (authority.toLowerCase() !== host.toLowerCase()) {
    throw new ValidationException(
      `expected a request for one host, but it is for ${JSON.stringify(authority)} and its Host header says ` +
        `${JSON.stringify(host)}; send the same`,
    )
  }
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** What is no HTTP, or has too large a head, is answered all the same. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, type, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [
          '431 Request Header Fields Too Large',
          'RequestHeaderFieldsTooLarge',
          `expected a request line and headers of ${MAX_HEADER_BYTES} bytes at most; send less of them`,
        ]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'RequestTimeout', 'the request did not arrive in time; send it again']
        : ['400 Bad Request', 'BadRequest', `expected a request of HTTP/1.1 (${error.message}); correct it`]
  const body = JSON.stringify({ Type: 'User', Message: message, message })
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nX-Amzn-ErrorType: ${type}\r\n` +
      `X-Amzn-RequestId: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

/** A method and its body stay what they are. */
function redirect(response: ServerResponse, location: string): void {
  response.writeHead(308, { Location: location, 'Content-Length': 0 })
  response.end()
}

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

function refusePages(request: IncomingMessage): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined || (site !== undefined && site !== 'none')) {
    throw new AccessDeniedException(
      "expected a request of a program, but a web page sent this one; only function URLs are for pages: use the function's /url/",
    )
  }
}
