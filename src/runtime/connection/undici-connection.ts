/**
 * What undici's client does HTTP/1.1 with, in the place of undici's own: its requests, and its connections.
 *
 * undici's `Client` is used as it is: it keeps the queue, opens and replaces connections, and decides what may be sent
 * when. It reaches HTTP/1.1 through two modules of its own, `core/request.js` and `dispatcher/client-h1.js`; the build
 * puts the two exports of this file in their places (`lean-undici.ts`). So their names, what they offer to the client, and
 * the five symbols below are undici's: this file belongs to the exact release of undici in the lock file. What holds it to
 * that, docs/upgrading.md tells.
 *
 * undici's are made for any server and any body. Here, there is one server, on loopback, which sends nothing unasked; one
 * exchange at a time, without timeouts; and bodies are text. So a request is one write, made of one string; what arrives
 * is read where the system call put it, without a stream in between; and the answers are parsed by a few lines of
 * JavaScript instead of llhttp in WebAssembly, which takes 4 ms to compile.
 */

import errors from 'undici/lib/core/errors.js'
import symbols from 'undici/lib/core/symbols.js'
import { slice } from '../intrinsics.ts'
import { HttpResponseReader, type ResponseHeaders } from './http-response-reader.ts'
import type { RuntimeRequest } from './requests.ts'
import type { RuntimeSocket } from './runtime-socket.ts'

// The queue is an array in three parts: requests that are done; from kRunningIdx those that are under way; and from kPendingIdx
// those that wait. kResume has the client look at it again, and kHTTPContext is its connection, or null for it to make one.
const { kHTTPContext, kPendingIdx, kQueue, kResume, kRunningIdx } = symbols

// biome-ignore lint/suspicious/noExplicitAny: what undici keeps under its symbols has no types.
type Internals = Record<symbol, any> & { readonly destroyed: boolean }

/** What a caller of `dispatch` is told; see `runtime-connection.ts`. */
export interface ExchangeHandler {
  onResponseStart(controller: null, status: number, headers: ResponseHeaders): void
  /** Bytes `start` to `end` are of the body, and are overwritten after the call. */
  onBody(bytes: Buffer, start: number, end: number): void
  onResponseEnd(controller: null): void
  onResponseError(controller: null, error: Error): void
}

const SCHEME = 'http://'

/** One exchange in the client's queue. */
export class Request {
  // Read by the client.
  readonly method: string
  readonly path: string
  readonly body = null
  readonly upgrade = null
  readonly servername = null
  aborted = false
  completed = false

  readonly host: string
  readonly headers: readonly string[]
  readonly text: string | null
  readonly handler: ExchangeHandler

  constructor(origin: string, { method, path, headers, body }: RuntimeRequest, handler: ExchangeHandler) {
    this.method = method
    this.path = path
    this.host = slice(origin, SCHEME.length)
    this.headers = headers
    this.text = body
    this.handler = handler
  }

  /** Called by the client, too, for a connection that failed. */
  onResponseError(error: Error): void {
    if (this.aborted || this.completed) {
      return
    }
    this.aborted = true
    this.handler.onResponseError(null, error)
  }
}

/** A connection of the client's: what undici calls an HTTP context. */
class HttpConnection {
  readonly version = 'h1'
  readonly defaultPipelining = 1
  readonly #client: Internals
  readonly #socket: RuntimeSocket
  #error: (Error & { code?: string }) | undefined
  readonly #reader: HttpResponseReader
  #isReferenced = true
  #isClosed = false
  /** Whether the connection serves another exchange after the one under way. */
  #isKeptAlive = true

  constructor(client: Internals, socket: RuntimeSocket) {
    this.#client = client
    this.#socket = socket
    this.#reader = new HttpResponseReader(
      {
        onHead: (status, headers, isKeptAlive) => {
          this.#isKeptAlive = isKeptAlive
          this.#running.handler.onResponseStart(null, status, headers)
        },
        onBody: (bytes, start, end) => this.#running.handler.onBody(bytes, start, end),
        onEnd: () => this.#endExchange(),
      },
      MOST_HEAD_BYTES,
    )
    socket.listenToBytes((memory, length) => {
      try {
        this.#reader.push(memory, length)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('end', () => {
      // A body of no stated length ends with its connection; it is read whole then, and the connection of no more use.
      if (!this.#reader.end()) {
        socket.destroy(new errors.SocketError('other side closed'))
      }
    })
    socket.on('close', () => this.#closed())
  }

  get destroyed(): boolean {
    return this.#socket.destroyed
  }

  busy(request: Request | null): boolean {
    return request !== null && this.#isRunning
  }

  write(request: Request): boolean {
    const { method, path, host, headers, text } = request
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
    for (let index = 0; index < headers.length; index += 2) {
      head += `${headers[index]}: ${headers[index + 1]}\r\n`
    }
    if (text === null) {
      this.#socket.writeText(`${head}\r\n`, 'latin1')
    } else {
      this.#writeWithBody(head, text)
    }
    return true
  }

  #writeWithBody(head: string, text: string): void {
    const length = Buffer.byteLength(text)
    const whole = `${head}content-length: ${length}\r\n\r\n`
    // Text of one byte a character is ASCII, and for that Latin-1 is a plain copy.
    const encoding = length === text.length ? 'latin1' : 'utf8'
    if (length <= LONGEST_IN_ONE_STRING) {
      this.#socket.writeText(whole + text, encoding)
    } else {
      this.#socket.writeText(whole, 'latin1')
      this.#socket.writeText(text, encoding)
    }
  }

  /** Called whenever the queue changes. A connection that nobody waits for lets the process end. */
  resume(): void {
    const { [kQueue]: queue, [kRunningIdx]: running } = this.#client
    const isNeeded = queue.length > running
    if (isNeeded === this.#isReferenced || this.#socket.destroyed) {
      return
    }
    this.#isReferenced = isNeeded
    if (isNeeded) {
      this.#socket.ref()
    } else {
      this.#socket.unref()
    }
  }

  destroy(error: Error | undefined, callback: () => void): void {
    if (this.#isClosed) {
      queueMicrotask(callback)
    } else {
      this.#socket.on('close', callback).destroy(error)
    }
  }

  get #isRunning(): boolean {
    return this.#client[kPendingIdx] > this.#client[kRunningIdx]
  }

  get #running(): Request {
    const request: Request | null | undefined = this.#client[kQueue][this.#client[kRunningIdx]]
    if (!request || !this.#isRunning) {
      throw new Error('bytes arrived that nobody asked for')
    }
    return request
  }

  #endExchange(): void {
    const request = this.#running
    request.completed = true
    request.handler.onResponseEnd(null)
    this.#client[kQueue][this.#client[kRunningIdx]++] = null
    if (this.#isKeptAlive) {
      this.#client[kResume]()
    } else {
      this.#socket.destroy(new errors.InformationalError('reset'))
    }
  }

  #closed(): void {
    const client = this.#client
    const error: Error & { code?: string } = this.#error ?? new errors.SocketError('closed')
    this.#isClosed = true
    client[kHTTPContext] = null
    if (client.destroyed) {
      for (const request of client[kQueue].splice(client[kRunningIdx])) {
        request.onResponseError(error)
      }
    } else if (this.#isRunning && error.code !== 'UND_ERR_INFO') {
      const request: Request = client[kQueue][client[kRunningIdx]]
      client[kQueue][client[kRunningIdx]++] = null
      request.onResponseError(error)
    }
    client[kPendingIdx] = client[kRunningIdx]
    client[kResume]()
  }
}

// Before the function is loaded, which may change what arrays do.
const { push, splice } = Array.prototype

/** Has a client's queue keep the methods that it has now. */
export function protectQueue(client: object): void {
  const queue = (client as Internals)[kQueue]
  Object.defineProperty(queue, 'push', { value: push })
  Object.defineProperty(queue, 'splice', { value: splice })
}

/** Bytes. Up to this, Node.js encodes a string on the stack and writes it at once. */
const LONGEST_IN_ONE_STRING = 15 * 1024

/** A client context, a Cognito identity and a trace may come together; Node.js's 16 KiB would be too small. */
const MOST_HEAD_BYTES = 1024 * 1024

export function connectH1(client: Internals, socket: RuntimeSocket): HttpConnection {
  if (socket.errored) {
    throw socket.errored
  }
  if (socket.destroyed) {
    throw new errors.SocketError('destroyed')
  }
  return new HttpConnection(client, socket)
}
