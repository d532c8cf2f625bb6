/**
 * Answers a function's own requests when it is run here: servers on loopback, for HTTP and for HTTPS with HTTP/2, whose answers are those
 * of a file of stubs. Certificates are of an authority that only who is told to trusts.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createSecureContext, type SecureContext } from 'node:tls'
import { CertificateAuthority } from './certificates.ts'
import {
  type AskedRequest,
  findAnswer,
  readAsked,
  type StubbedRequest,
  sendAnswer,
} from './stubbed-requests.ts'

type OnRequest = (request: AskedRequest, isAnswered: boolean) => void

export class Responder {
  /** The authority's certificate, as PEM. */
  readonly certificate: string
  /** Requests that had no answer, in order, each once. */
  readonly unanswered: AskedRequest[] = []
  /** Whom requests over HTTPS and HTTP/1 were for, in order: HOST, or HOST:PORT for another port than 443. */
  readonly secureHosts = new Set<string>()
  readonly #stubs: readonly StubbedRequest[]
  readonly #onRequest: OnRequest
  readonly #authority = new CertificateAuthority('lambdabin stubs')
  readonly #contexts = new Map<string, SecureContext>()
  readonly #plain: Server
  readonly #secure: Http2SecureServer
  readonly #sockets = new Set<Socket>()

  private constructor(stubs: readonly StubbedRequest[], onRequest: OnRequest) {
    this.#stubs = stubs
    this.#onRequest = onRequest
    this.certificate = this.#authority.certificate
    const answer = (scheme: string) => (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(scheme, request, response).catch(() => response.destroy())
    }
    this.#plain = createServer(answer('http'))
    const options = { allowHTTP1: true, SNICallback: this.#contextFor, ...this.#credentials('localhost') }
    // Of HTTP/2, its requests and responses are made to look like those of HTTP/1.1.
    this.#secure = createSecureServer(options, answer('https') as never)
    for (const server of [this.#plain, this.#secure]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
      })
      // Clients may go whenever they like.
      server.on('clientError', (_, socket) => socket.destroy())
      server.on('sessionError', () => {})
      server.on('error', () => {})
    }
  }

  /** `onRequest` hears of each request before it is answered. */
  static async listen(stubs: readonly StubbedRequest[], onRequest: OnRequest = () => {}): Promise<Responder> {
    const responder = new Responder(stubs, onRequest)
    for (const server of [responder.#plain, responder.#secure]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    return responder
  }

  /** Where it listens, on 127.0.0.1. */
  get ports(): { readonly plain: number; readonly secure: number } {
    const portOf = (server: Server | Http2SecureServer) => (server.address() as AddressInfo).port
    return { plain: portOf(this.#plain), secure: portOf(this.#secure) }
  }

  async close(): Promise<void> {
    const closed = [this.#plain, this.#secure].map(
      (server) => new Promise((resolve) => server.close(resolve)),
    )
    for (const socket of this.#sockets) {
      socket.destroy()
    }
    await Promise.all(closed)
  }

  readonly #contextFor = (
    host: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): void => {
    const context = this.#contexts.get(host) ?? createSecureContext(this.#credentials(host))
    this.#contexts.set(host, context)
    done(null, context)
  }

  #credentials(host: string): { key: string; cert: string } {
    const { key, chain } = this.#authority.issue([host])
    return { key, cert: chain }
  }

  async #answer(scheme: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = readAsked(scheme, request, await buffer(request))
    if (scheme === 'https' && request.httpVersionMajor === 1 && URL.canParse(asked.url)) {
      this.secureHosts.add(new URL(asked.url).host)
    }
    const answer = findAnswer(this.#stubs, asked)
    this.#onRequest(asked, answer !== undefined)
    if (answer === undefined) {
      this.#note(asked)
    }
    sendAnswer(answer, response)
  }

  #note(asked: AskedRequest): void {
    const key = ({ method, url, headers }: AskedRequest) => `${method} ${url} ${headers['x-amz-target']}`
    if (!this.unanswered.some((other) => key(other) === key(asked))) {
      this.unanswered.push(asked)
    }
  }
}
