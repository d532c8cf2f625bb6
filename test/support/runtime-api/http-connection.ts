/** One raw connection to an HTTP server: what a test writes is what the server gets, and in one packet. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface HttpAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: Buffer
}

export class HttpConnection {
  readonly #socket: Socket
  readonly #host: string
  #bytes = Buffer.alloc(0)
  readonly #arrived: Buffer[] = []
  #closed = false
  #wake: () => void = () => {}

  /** `address` is host and port. */
  static async open(address: string): Promise<HttpConnection> {
    const [host = '', port] = address.split(':')
    const socket = connect({ host, port: Number(port), noDelay: true })
    socket.on('error', () => {})
    await once(socket, 'connect')
    return new HttpConnection(socket, address)
  }

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.on('data', (chunk: Buffer) => {
      this.#arrived.push(chunk)
      this.#wake()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    this.write(this.head('GET', path, headers))
    return await this.read()
  }

  async post(
    path: string,
    body: Uint8Array | string,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    this.write(this.postRequest(path, body, headers))
    return await this.read()
  }

  postRequest(path: string, body: Uint8Array | string, headers: Record<string, string> = {}): Buffer {
    const bytes = Buffer.from(body)
    return Buffer.concat([
      Buffer.from(this.head('POST', path, { ...headers, 'Content-Length': String(bytes.length) })),
      bytes,
    ])
  }

  head(method: string, path: string, headers: Record<string, string> = {}): string {
    const fields = Object.entries({ Host: this.#host, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes)
  }

  /** The next answer; rejects when the server closes before it is whole. */
  async read(): Promise<HttpAnswer> {
    for (;;) {
      const answer = this.#parse()
      if (answer !== undefined) {
        return answer
      }
      this.#bytes = Buffer.concat([this.#bytes, await this.#more()])
    }
  }

  /** Closes after what was written, in the middle of whatever it is. */
  end(): void {
    this.#socket.end()
  }

  /** Closes at once, in the middle of whatever it is. */
  destroy(): void {
    this.#socket.destroy()
  }

  #parse(): HttpAnswer | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      return undefined
    }
    const [statusLine = '', ...fields] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n')
    const headers: Record<string, string> = {}
    for (const field of fields) {
      const colon = field.indexOf(':')
      headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim()
    }
    const start = end + 4
    const length = Number(headers['content-length'] ?? 0)
    if (this.#bytes.length < start + length) {
      return undefined
    }
    const body = this.#bytes.subarray(start, start + length)
    this.#bytes = this.#bytes.subarray(start + length)
    return { status: Number(statusLine.split(' ')[1]), headers, body }
  }

  async #more(): Promise<Buffer> {
    const arrived = this.#arrived.splice(0)
    if (arrived.length > 0) {
      return Buffer.concat(arrived)
    }
    if (this.#closed) {
      throw new Error('the server closed the connection before its answer was whole')
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    return Buffer.concat(this.#arrived.splice(0))
  }
}
