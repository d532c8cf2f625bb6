/**
 * The Lambda API over HTTP, on a port of this machine. The routes below are its table of contents.
 *
 * Whoever can reach the port can run code, so nobody else must: it listens on loopback, answers only to names of this
 * machine (a web page can point a name of its own at 127.0.0.1), and refuses what a browser sends for a page. Only
 * function URLs are for browsers, too: see ../function-url/cross-origin.ts. Signatures are accepted, not checked.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import { serveFunctionUrl } from '../function-url/function-url.ts'
import { answerError } from '../http/api-answer.ts'
import { type ApiRequest, RequestTruncated } from '../http/api-request.ts'
import { ClientDeparted } from '../http/client-departure.ts'
import { HostNames } from '../http/host-names.ts'
import {
  AccessDeniedException,
  LambdaError,
  ServiceException,
  UnknownOperationException,
} from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import {
  deleteFunctionConcurrency,
  getFunctionConcurrency,
  putFunctionConcurrency,
} from './concurrency-operations.ts'
import {
  createFunction,
  deleteFunction,
  downloadCode,
  getFunction,
  getFunctionConfiguration,
  listFunctions,
  updateFunctionCode,
  updateFunctionConfiguration,
} from './function-operations.ts'
import { invoke, invokeAsync } from './invoke-operation.ts'
import { invokeWithResponseStream } from './stream-operation.ts'
import {
  createFunctionUrlConfig,
  deleteFunctionUrlConfig,
  getFunctionUrlConfig,
  listFunctionUrlConfigs,
  updateFunctionUrlConfig,
} from './url-operations.ts'

export interface LambdaApiServerOptions {
  lambda: LocalLambda
  queue: EventQueue
  /** An address of this machine. */
  host: string
  /** 0 for any that is free. */
  port: number
  /** How long a client may take for its whole request. */
  requestTimeoutMs: number
  /** Hears, in a sentence, of what the caller is not told. */
  onNotice: (message: string) => void
}

type Operation = (call: ApiRequest) => void | Promise<void>

const FUNCTIONS = '/2015-03-31/functions'

const OPERATIONS: readonly [method: string, path: string, operation: Operation][] = [
  ['POST', `${FUNCTIONS}/{}/invocations`, invoke],
  ['POST', '/2021-11-15/functions/{}/response-streaming-invocations', invokeWithResponseStream],
  ['POST', '/2014-11-13/functions/{}/invoke-async', invokeAsync],
  ['POST', FUNCTIONS, createFunction],
  ['GET', FUNCTIONS, listFunctions],
  ['GET', `${FUNCTIONS}/{}`, getFunction],
  ['DELETE', `${FUNCTIONS}/{}`, deleteFunction],
  ['PUT', `${FUNCTIONS}/{}/code`, updateFunctionCode],
  ['GET', `${FUNCTIONS}/{}/configuration`, getFunctionConfiguration],
  ['PUT', `${FUNCTIONS}/{}/configuration`, updateFunctionConfiguration],
  ['PUT', '/2017-10-31/functions/{}/concurrency', putFunctionConcurrency],
  ['GET', '/2019-09-30/functions/{}/concurrency', getFunctionConcurrency],
  ['DELETE', '/2017-10-31/functions/{}/concurrency', deleteFunctionConcurrency],
  ['POST', '/2021-10-31/functions/{}/url', createFunctionUrlConfig],
  ['GET', '/2021-10-31/functions/{}/url', getFunctionUrlConfig],
  ['PUT', '/2021-10-31/functions/{}/url', updateFunctionUrlConfig],
  ['DELETE', '/2021-10-31/functions/{}/url', deleteFunctionUrlConfig],
  ['GET', '/2021-10-31/functions/{}/urls', listFunctionUrlConfigs],
  ['GET', '/lambdabin/code/{}', downloadCode],
]

const ROUTES = OPERATIONS.map(([method, path, operation]) => ({
  method,
  pattern: new RegExp(`^${path.replace('{}', '([^/]+)')}/?$`),
  operation,
}))

const FUNCTION_URL = /^\/url\/([a-zA-Z0-9_-]{1,64})(\/.*)?$/

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
    try {
      await this.#route(request, response)
    } catch (error) {
      this.#refuse(request, response, error)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = request.headers.host ?? ''
    if (!this.#hosts.has(host)) {
      throw new AccessDeniedException(
        `expected a request for ${this.#hosts}, but its Host header says ${JSON.stringify(host)}; ` +
          'use the address that lambdabin serve has printed',
      )
    }
    const [path = '', rawQuery = ''] = splitTarget(request.url ?? '')
    const [, functionName, rawPath = '/'] = FUNCTION_URL.exec(path) ?? []
    if (functionName !== undefined) {
      const { lambda, onNotice } = this.#options
      await serveFunctionUrl({ lambda, request, response, functionName, rawPath, rawQuery, onNotice })
      return
    }
    refusePages(request)
    const { operation, parameters } = findOperation(request.method ?? '', path)
    const { lambda, queue } = this.#options
    const query = new URLSearchParams(rawQuery)
    await operation({ lambda, queue, request, response, endpoint: `http://${host}`, query, parameters })
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

function findOperation(method: string, path: string): { operation: Operation; parameters: string[] } {
  for (const { method: expected, pattern, operation } of ROUTES) {
    const match = expected === method ? pattern.exec(path) : null
    if (match !== null) {
      return { operation, parameters: match.slice(1).map(percentDecoded) }
    }
  }
  throw new UnknownOperationException(
    `${method} ${path.slice(0, 200)} is no operation of this Lambda API; see lambdabin serve --help for what there is`,
  )
}

function percentDecoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
