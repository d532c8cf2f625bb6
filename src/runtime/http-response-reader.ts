/**
 * Reads HTTP/1.1 responses from a connection's bytes, strictly: RFC 9112 without its leniencies.
 *
 * undici's own parser is llhttp compiled to WebAssembly. Compiling it costs milliseconds at every cold start, its memory
 * and its tiers of compilation megabytes and CPU, for responses of a few hundred bytes. These come from the Runtime API
 * alone, over loopback, so that a few lines of JavaScript are enough; they are held to the same tests.
 */

/** Values of headers by name in lower case; of a repeated one, all in turn. */
export type ResponseHeaders = Record<string, string | string[]>

export interface ResponseSink {
  /** `isKeptAlive`: whether the connection is to be used for another exchange. */
  onHead(status: number, headers: ResponseHeaders, isKeptAlive: boolean): void
  /** Bytes of the body; part of what was pushed, and not a copy. */
  onBody(bytes: Buffer): void
  onEnd(): void
}

/** What arrived is not HTTP/1.1, or not as it must be. */
export class MalformedResponse extends Error {
  override name = 'MalformedResponse'
}

const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;.*)?$/

type State = 'head' | 'length' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' | 'until close'

export class HttpResponseReader {
  readonly #sink: ResponseSink
  readonly #maxHeadBytes: number
  #state: State = 'head'
  /** What is left of a body of known length, or of a chunk, in bytes. */
  #remaining = 0
  /** The beginning of a head, a chunk's size or trailers whose end has not arrived yet. */
  #partial: Buffer | undefined

  constructor(sink: ResponseSink, maxHeadBytes: number) {
    this.#sink = sink
    this.#maxHeadBytes = maxHeadBytes
  }

  /** Takes bytes as they arrive. Throws `MalformedResponse`. */
  push(arrived: Buffer): void {
    let bytes = arrived
    if (this.#partial) {
      bytes = Buffer.concat([this.#partial, arrived])
      this.#partial = undefined
    }
    while (bytes.length > 0) {
      const rest = this.#step(bytes)
      if (rest === undefined) {
        if (bytes.length > this.#maxHeadBytes)
          throw new MalformedResponse(`a head of over ${this.#maxHeadBytes} bytes`)
        this.#partial = bytes
        return
      }
      bytes = rest
    }
  }

  /** The connection has ended. Returns whether that is how the response under way ends. */
  end(): boolean {
    if (this.#state !== 'until close') return false
    this.#finish()
    return true
  }

  /** Reads the next piece; returns what follows it, or undefined when its end has not arrived. */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes)
      case 'length':
      case 'chunk':
        return this.#readBody(bytes)
      case 'until close':
        this.#sink.onBody(bytes)
        return bytes.subarray(bytes.length)
      default:
        return this.#readLine(bytes)
    }
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(HEAD_END)
    if (end === -1) {
      // Whatever this is, it will not become a head.
      if (!'HTTP/1.'.startsWith(bytes.toString('latin1', 0, 7))) throw notHttp(bytes)
      return undefined
    }
    const lines = bytes.toString('latin1', 0, end).split('\r\n')
    const [, minor, status] = STATUS_LINE.exec(lines[0] as string) ?? []
    if (status === undefined) throw notHttp(bytes)
    const headers = readFields(lines)
    const rest = bytes.subarray(end + HEAD_END.length)
    if (status[0] === '1') return rest // Interim: the response is still to come.
    this.#begin(Number(status), minor === '1', headers)
    return rest
  }

  #begin(status: number, isVersion11: boolean, headers: ResponseHeaders): void {
    const encoding = single(headers, 'transfer-encoding')
    const length = single(headers, 'content-length')
    const connection = String(headers.connection ?? '').toLowerCase()
    let isKeptAlive = isVersion11 ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection)
    if (status === 204 || status === 304) {
      this.#remaining = 0
      this.#state = 'length'
    } else if (encoding !== undefined) {
      if (length !== undefined) throw new MalformedResponse('both Transfer-Encoding and Content-Length')
      if (encoding.toLowerCase() !== 'chunked')
        throw new MalformedResponse(`Transfer-Encoding is ${encoding}`)
      this.#state = 'chunk size'
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new MalformedResponse(`Content-Length is ${length}`)
      this.#remaining = Number(length)
      this.#state = 'length'
    } else {
      this.#state = 'until close'
      isKeptAlive = false
    }
    this.#sink.onHead(status, headers, isKeptAlive)
    if (this.#state === 'length' && this.#remaining === 0) this.#finish()
  }

  #readBody(bytes: Buffer): Buffer {
    const part = bytes.length > this.#remaining ? bytes.subarray(0, this.#remaining) : bytes
    this.#remaining -= part.length
    if (part.length > 0) this.#sink.onBody(part)
    if (this.#remaining === 0) {
      if (this.#state === 'length') this.#finish()
      else this.#state = 'chunk end'
    }
    return bytes.subarray(part.length)
  }

  #readLine(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n')
    if (end === -1) return undefined
    const line = bytes.toString('latin1', 0, end)
    if (this.#state === 'chunk size') {
      const size = CHUNK_SIZE.exec(line)?.[1]
      if (size === undefined)
        throw new MalformedResponse(`a chunk's size is ${JSON.stringify(line.slice(0, 40))}`)
      this.#remaining = Number.parseInt(size, 16)
      this.#state = this.#remaining === 0 ? 'trailers' : 'chunk'
    } else if (this.#state === 'chunk end') {
      if (line !== '') throw new MalformedResponse('a chunk is longer than its size')
      this.#state = 'chunk size'
    } else if (line === '') {
      this.#finish()
    } else if (!FIELD.test(line)) {
      throw new MalformedResponse(`a trailer is ${JSON.stringify(line.slice(0, 40))}`)
    }
    return bytes.subarray(end + 2)
  }

  #finish(): void {
    this.#state = 'head'
    this.#sink.onEnd()
  }
}

function readFields(lines: readonly string[]): ResponseHeaders {
  const headers: ResponseHeaders = Object.create(null)
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] as string
    const match = FIELD.exec(line)
    if (match === null) throw new MalformedResponse(`a header is ${JSON.stringify(line.slice(0, 80))}`)
    const name = (match[1] as string).toLowerCase()
    const value = match[2] as string
    const known = headers[name]
    headers[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value]
  }
  return headers
}

/** The value of a header that must not say two things. */
function single(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name]
  if (!Array.isArray(value)) return value
  if (value.some((other) => other !== value[0]))
    throw new MalformedResponse(`${name} is ${value.join(' and ')}`)
  return value[0]
}

function notHttp(bytes: Buffer): MalformedResponse {
  return new MalformedResponse(
    `what arrived is not HTTP/1.1: ${JSON.stringify(bytes.toString('latin1', 0, 40))}`,
  )
}
