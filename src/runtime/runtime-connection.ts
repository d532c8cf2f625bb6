import Client from 'undici/lib/dispatcher/client.js'
import type { Headers } from './invocation.ts'
import type { RuntimeRequest } from './requests.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** What ended the reply before its body was whole; undefined when it is whole. */
  readonly cutShort: Error | undefined
}

/**
 * A kept-alive HTTP connection to the Runtime API; one exchange at a time. A connection that the other side closed
 * is opened anew by the next exchange.
 */
export class RuntimeConnection {
  readonly #client: Client

  /** `runtimeApi`: host and port. */
  constructor(runtimeApi: string) {
    this.#client = new Client(`http://${runtimeApi}`, {
      // AWS asks for no timeout on next: the environment may be frozen for hours while it waits. undici's is 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      // The Runtime API is on this host's loopback: connecting succeeds or fails at once.
      connectTimeout: 0,
      // Between two invocations nobody but the other side decides when the connection ends.
      keepAliveTimeout: 2 ** 31 - 1,
      keepAliveMaxTimeout: 2 ** 31 - 1,
      // A client context, a Cognito identity and a trace may come together; Node.js's 16 KiB would be too small.
      maxHeaderSize: 1024 * 1024,
      // There is never more than one request under way, so nothing is pipelined; but at 1 undici waits a turn of the
      // event loop after each response before it looks at what is next.
      pipelining: 2,
      allowH2: false,
    })
  }

  /** Rejects when no status arrived: the connection was refused or closed, or what came is not HTTP. */
  send(request: RuntimeRequest): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client.dispatch(request, new Exchange(resolve, reject))
    })
  }
}

const EMPTY = Buffer.alloc(0)

/** Collects one reply. */
class Exchange {
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: Error) => void
  #status = 0
  #headers: Headers = {}
  #body: Buffer = EMPTY
  #chunks: Buffer[] | undefined

  constructor(resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number, headers: Headers): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    // Most bodies are one chunk, which needs no copy.
    if (this.#chunks) this.#chunks.push(chunk)
    else if (this.#body === EMPTY) this.#body = chunk
    else this.#chunks = [this.#body, chunk]
  }

  onResponseEnd(): void {
    this.#finish(undefined)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#status === 0) this.#reject(error)
    else this.#finish(error)
  }

  #finish(cutShort: Error | undefined): void {
    const body = this.#chunks ? Buffer.concat(this.#chunks) : this.#body
    this.#resolve({ status: this.#status, headers: this.#headers, body, cutShort })
  }
}
