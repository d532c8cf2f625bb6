import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'
import Client from 'undici/lib/dispatcher/client.js'
import { bytesToText } from '../intrinsics.ts'
import { type Headers, header, type ReplyBody } from '../invocation.ts'
import { nodeFs } from '../modules-on-use.ts'
import type { RuntimeRequest } from './requests.ts'
import type { RuntimeSocket } from './runtime-socket.ts'
import { type ConnectRuntimeSocket, socketConnector } from './tcp-socket.ts'
import { type ExchangeHandler, protectQueue } from './undici-connection.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: ReplyBody
  /** What ended the reply before its body was whole; undefined when it is whole. */
  readonly cutShort: Error | undefined
}

/**
 * A kept-alive HTTP connection to the Runtime API; one exchange at a time. A connection that the other side closed
 * is opened anew by the next exchange.
 */
export class RuntimeConnection {
  readonly #client: Client
  readonly #host: string
  #socket: RuntimeSocket | undefined

  /** `runtimeApi`: host and port. */
  constructor(runtimeApi: string) {
    this.#host = runtimeApi
    const connectSocket = socketConnector()
    const url = new URL(`http://${runtimeApi}`)
    // undici asks for it with each request, and a URL makes it anew each time.
    Object.defineProperty(url, 'origin', { value: url.origin })
    this.#client = new Client(url, {
      // AWS asks for no timeout on next: the environment may be frozen for hours while it waits. undici's is 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        this.#socket = connect(connectSocket, options, callback)
      },
      // Between two invocations nobody but the other side decides when the connection ends.
      keepAliveTimeout: 2 ** 31 - 1,
      keepAliveMaxTimeout: 2 ** 31 - 1,
      // There is never more than one request under way, so nothing is pipelined; but at 1 undici waits a turn of the
      // event loop after each response before it looks at what is next.
      pipelining: 2,
      allowH2: false,
    })
    protectQueue(this.#client)
  }

  /** Rejects when no status arrived: the connection was refused or closed, or what came is not HTTP. */
  send(request: RuntimeRequest): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client.dispatch(request, new Exchange(resolve, reject))
    })
  }

  /**
   * Sends a request without waiting for anything, for a process that ends in this very turn. Returns whether it could:
   * it needs a connection that is open and has no exchange under way.
   */
  sendLast({ method, path, headers, body }: RuntimeRequest): boolean {
    const descriptor = this.#socket?.openDescriptor() ?? -1
    if (descriptor < 0 || this.#client.stats.running > 0) {
      return false
    }
    const text = body ?? ''
    const lines = [
      `${method} ${path} HTTP/1.1`,
      `host: ${this.#host}`,
      `content-length: ${Buffer.byteLength(text)}`,
    ]
    for (let index = 0; index < headers.length; index += 2) {
      lines.push(`${headers[index]}: ${headers[index + 1]}`)
    }
    const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
    try {
      // An error document fits into the socket's empty buffer.
      return nodeFs().writeSync(descriptor, bytes) === bytes.length
    } catch {
      return false
    }
  }
}

/** In the place of undici's own connector. */
function connect(
  connectSocket: ConnectRuntimeSocket,
  { hostname, port }: buildConnector.Options,
  callback: buildConnector.Callback,
): RuntimeSocket {
  const socket = connectSocket(hostname.replace(/^\[|\]$/g, ''), Number(port || 80))
  const failed = (error: Error): void => callback(error, null)
  socket.once('error', failed)
  socket.once('connect', () => {
    socket.off('error', failed)
    // What undici asks of a socket is what there is.
    callback(null, socket as RuntimeSocket & Socket)
  })
  return socket
}

const NOTHING: ReplyBody = { text: '', bytes: 0 }

/** Bytes of the longest body that memory is made ready for on the mere word of its Content-Length. */
const LONGEST_ANNOUNCED = 32 * 1024 * 1024

/** Collects one reply. */
class Exchange implements ExchangeHandler {
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: Error) => void
  #status = 0
  #headers: Headers = {}
  #body = NOTHING
  /** A body that did not come whole at once, as far as it has come. */
  #collected: BodyCollector | undefined

  constructor(resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number, headers: Headers): void {
    this.#status = status
    this.#headers = headers
  }

  /** Bytes `start` to `end` are of the body; they are the connection's own memory, and overwritten after the call. */
  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.#collected === undefined) {
      const length = Number(header(this.#headers, 'content-length'))
      if (length === end - start) {
        this.#body = { text: bytesToText(bytes, 'utf8', start, end), bytes: length }
        return
      }
      this.#collected = new BodyCollector(length <= LONGEST_ANNOUNCED ? length : end - start)
    }
    this.#collected.add(bytes.subarray(start, end))
  }

  onResponseEnd(): void {
    this.#finish(undefined)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#status === 0) {
      this.#reject(error)
    } else {
      this.#finish(error)
    }
  }

  #finish(cutShort: Error | undefined): void {
    const body = this.#collected?.body() ?? this.#body
    this.#resolve({ status: this.#status, headers: this.#headers, body, cutShort })
  }
}

/** Collects the pieces of a body in one place, so that each byte is copied once and decoded once. */
class BodyCollector {
  #memory: Buffer
  #used = 0

  /** `bytes`: how many there will be, if that is known; there may be more. */
  constructor(bytes: number) {
    this.#memory = Buffer.allocUnsafeSlow(bytes)
  }

  add(piece: Buffer): void {
    const needed = this.#used + piece.length
    if (needed > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#memory.length))
      this.#memory.copy(larger, 0, 0, this.#used)
      this.#memory = larger
    }
    piece.copy(this.#memory, this.#used)
    this.#used = needed
  }

  body(): ReplyBody {
    return { text: bytesToText(this.#memory, 'utf8', 0, this.#used), bytes: this.#used }
  }
}
