/**
 * The parser of undici's HTTP/1.1 client, in the place of undici's own.
 *
 * undici chooses between two parsers, llhttp and Milo, both WebAssembly; the build puts this module where Milo would be
 * (`lean-undici.ts`). So the two names it exports, and what the class shares with the client through undici's symbols,
 * are undici's: this file belongs to the exact release of undici in the lock file, and the conformance tests hold it
 * to that. The client sets no timeouts (`runtime-connection.ts`), so there are none here.
 */

import type { Socket } from 'node:net'
import errors from 'undici/lib/core/errors.js'
import symbols from 'undici/lib/core/symbols.js'
import { HttpResponseReader, type ResponseHeaders } from './http-response-reader.ts'

const { kQueue, kRunning, kRunningIdx, kWriting, kReset, kBlocking, kResume, kMaxHeadersSize } = symbols

/** undici's `Request`, as far as a parser has to do with it. */
interface Request {
  readonly aborted: boolean
  onResponseStarted(): void
  onResponseStart(status: number, headers: ResponseHeaders, resume: () => void, statusText: string): boolean
  onResponseData(bytes: Buffer): boolean
  onResponseEnd(trailers: readonly never[]): void
}

// biome-ignore lint/suspicious/noExplicitAny: what undici keeps under its symbols has no types.
type Internals = Record<symbol, any>

export function getMiloEnabled(): boolean {
  return true
}

export class H1Parser {
  readonly #client: Internals
  readonly #socket: Socket & Internals
  readonly #reader: HttpResponseReader
  // Read by the client.
  readonly timeout = null
  timeoutType = 0
  statusCode = 0
  shouldKeepAlive = false
  readonly paused = false

  constructor(client: Internals, socket: Socket & Internals) {
    this.#client = client
    this.#socket = socket
    this.#reader = new HttpResponseReader(
      {
        onHead: (status, headers, isKeptAlive) => this.#onHead(status, headers, isKeptAlive),
        onBody: (bytes) => this.#request.onResponseData(bytes),
        onEnd: () => this.#onEnd(),
      },
      client[kMaxHeadersSize],
    )
  }

  setTimeout(_delay: number, type: number): void {
    this.timeoutType = type
  }

  resume(): void {}

  readMore(): void {
    for (;;) {
      const bytes: Buffer | null = this.#socket.read()
      if (bytes === null) return
      try {
        this.#reader.push(bytes)
      } catch (error) {
        this.#socket.destroy(error as Error)
        return
      }
    }
  }

  /** The connection has ended in the middle of a response. Returns what is wrong with that, if anything is. */
  finish(): Error | null {
    return this.#reader.end() ? null : new Error('the connection ended before the response did')
  }

  destroy(): void {}

  get #request(): Request {
    const request: Request | null | undefined = this.#client[kQueue][this.#client[kRunningIdx]]
    if (!request || this.#client[kRunning] === 0) throw new Error('bytes arrived that nobody asked for')
    return request
  }

  #onHead(status: number, headers: ResponseHeaders, isKeptAlive: boolean): void {
    const request = this.#request
    this.statusCode = status
    this.shouldKeepAlive = isKeptAlive
    if (!isKeptAlive) this.#socket[kReset] = true
    request.onResponseStarted()
    request.onResponseStart(status, headers, this.resume, '')
    if (this.#socket[kBlocking]) {
      this.#socket[kBlocking] = false
      this.#client[kResume]()
    }
  }

  #onEnd(): void {
    const request = this.#request
    this.statusCode = 0
    request.onResponseEnd([])
    this.#client[kQueue][this.#client[kRunningIdx]++] = null
    if (
      this.#socket[kWriting] ||
      !this.shouldKeepAlive ||
      (this.#socket[kReset] && this.#client[kRunning] === 0)
    ) {
      this.#socket.destroy(new errors.InformationalError('reset'))
    } else this.#client[kResume]()
  }
}
