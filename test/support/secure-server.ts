/** An HTTPS server on loopback whose authority only those trust who are told to, and which counts how it is connected to. */

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { CertificateAuthority } from '../../src/stubs/certificates.ts'

interface Options {
  /** Those that its certificate has; `localhost` unless given. */
  readonly names?: readonly string[]
  /** Is called for each connection once TLS is spoken. */
  readonly onConnection?: (socket: TLSSocket, number: number) => void
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void
}

export class SecureServer {
  /** Of TCP. */
  connections = 0
  /** In which certificates were sent, and which went on with an earlier session. */
  readonly handshakes = { full: 0, resumed: 0 }
  /** Paths of what it was asked, each with the number of its connection. */
  readonly requests: string[] = []
  readonly #server: Server
  readonly #folder = mkdtempSync(join(tmpdir(), 'lambdabin-secure-server-'))

  private constructor({ names = ['localhost'], onConnection = () => {}, answer }: Options) {
    const authority = new CertificateAuthority('lambdabin test')
    const { key, chain } = authority.issue(names)
    writeFileSync(this.#authorityFile, authority.certificate)
    const numbers = new WeakMap<object, number>()
    this.#server = createServer({ key, cert: chain }, (request, response) => {
      this.requests.push(`${request.url} ${numbers.get(request.socket)}`)
      if (answer) {
        answer(request, response)
      } else {
        response.end('"Hello"')
      }
    })
    this.#server.on('connection', () => {
      this.connections += 1
    })
    this.#server.on('secureConnection', (socket) => {
      this.handshakes[socket.isSessionReused() ? 'resumed' : 'full'] += 1
      numbers.set(socket, this.handshakes.full + this.handshakes.resumed)
      onConnection(socket, this.handshakes.full + this.handshakes.resumed)
    })
    this.#server.on('tlsClientError', () => {})
  }

  static async start(options: Options = {}): Promise<SecureServer> {
    const made = new SecureServer(options)
    made.#server.listen(0, 'localhost')
    await once(made.#server, 'listening')
    return made
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** `localhost:PORT`. */
  get host(): string {
    return `localhost:${this.port}`
  }

  /** What makes a process trust it. */
  get environment(): Record<string, string> {
    return { NODE_EXTRA_CA_CERTS: this.#authorityFile }
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    rmSync(this.#folder, { recursive: true })
    await once(this.#server, 'close')
  }

  get #authorityFile(): string {
    return join(this.#folder, 'authority.pem')
  }
}
