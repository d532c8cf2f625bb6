/** Reads HTTP/1.1 requests strictly: what RFC 9112 calls an error, or leaves to taste, is a problem here. */

export interface HttpRequest {
  readonly method: string
  readonly path: string
  /** As they were written, in their order. */
  readonly rawHeaders: readonly (readonly [string, string])[]
  /** The value of the header of this lower-case name. */
  header(name: string): string | undefined
  readonly body: Buffer
  /** The payload of each chunk of a chunked body. */
  readonly chunks: readonly Buffer[] | undefined
  /** Trailer fields of a chunked body, names in lower case. */
  readonly trailers: Readonly<Record<string, string>>
}

const REQUEST_LINE = /^(GET|POST) (\/[\x21-\x7e]*) HTTP\/1\.1$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff]*?)[ \t]*$/

type Head = Pick<HttpRequest, 'method' | 'path' | 'rawHeaders' | 'header'>

export class RequestParser {
  readonly problems: string[] = []
  #bytes: Buffer = Buffer.alloc(0)
  #pending: Buffer[] = []
  #pendingLength = 0
  /** Bytes to collect before it is worth another look: a long body is not looked at for every segment of it. */
  #wanted = 0
  /** A chunked request under way: what is read of it is no longer in `#bytes`. */
  #chunked: { head: Head; chunks: Buffer[] } | undefined

  /** Takes bytes; returns a request once one is whole. More bytes than the request has are a problem: nothing is pipelined. */
  push(bytes: Buffer): HttpRequest | undefined {
    this.#pending.push(bytes)
    this.#pendingLength += bytes.length
    if (this.#bytes.length + this.#pendingLength < this.#wanted) {
      return undefined
    }
    this.#bytes = Buffer.concat([this.#bytes, ...this.#pending])
    this.#pending = []
    this.#pendingLength = 0
    this.#wanted = 0
    const request = this.#chunked ? this.#parseChunks(this.#chunked) : this.#parse()
    if (request === undefined) {
      return undefined
    }
    if (this.#bytes.length > 0) {
      this.problems.push(`${this.#bytes.length} bytes follow the request`)
    }
    this.#bytes = Buffer.alloc(0)
    this.#chunked = undefined
    return request
  }

  #parse(): HttpRequest | undefined {
    const bytes = this.#bytes
    const headEnd = bytes.indexOf('\r\n\r\n')
    if (headEnd === -1) {
      return undefined
    }
    const [requestLine = '', ...fieldLines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
    const header = (name: string) => rawHeaders.find(([key]) => key.toLowerCase() === name)?.[1]
    const rawHeaders = this.#fields(fieldLines)
    const length = header('content-length')
    const encoding = header('transfer-encoding')
    const end = headEnd + 4 + Number(length ?? 0)
    if (encoding === undefined && bytes.length < end) {
      this.#wanted = end
      // The head is looked at again, and would be found wrong twice.
      this.problems.length = 0
      return undefined
    }
    const [, method = '', path = ''] = this.#match(REQUEST_LINE, requestLine, 'request line')
    if (length !== undefined && encoding !== undefined) {
      this.problems.push('both Content-Length and Transfer-Encoding')
    }
    if (length !== undefined && !/^\d+$/.test(length)) {
      this.problems.push(`Content-Length is ${length}`)
    }
    if (method === 'POST' && length === undefined && encoding === undefined) {
      this.problems.push('a POST without a length')
    }
    const head = { method, path, rawHeaders, header }
    if (encoding !== undefined) {
      if (encoding !== 'chunked') {
        this.problems.push(`Transfer-Encoding is ${encoding}`)
      }
      this.#bytes = bytes.subarray(headEnd + 4)
      this.#chunked = { head, chunks: [] }
      return this.#parseChunks(this.#chunked)
    }
    this.#bytes = bytes.subarray(end)
    return { ...head, body: bytes.subarray(headEnd + 4, end), chunks: undefined, trailers: {} }
  }

  #parseChunks({ head, chunks }: { head: Head; chunks: Buffer[] }): HttpRequest | undefined {
    for (;;) {
      const lineEnd = this.#bytes.indexOf('\r\n')
      if (lineEnd === -1) {
        return undefined
      }
      const line = this.#bytes.toString('latin1', 0, lineEnd)
      const [, hex = '0'] = this.#match(/^([0-9a-fA-F]+)$/, line, 'chunk size')
      const size = Number.parseInt(hex, 16)
      if (size === 0) {
        return this.#parseTrailers(head, chunks, lineEnd + 2)
      }
      const end = lineEnd + 2 + size + 2
      if (this.#bytes.length < end) {
        this.#wanted = end
        return undefined
      }
      if (this.#bytes.toString('latin1', end - 2, end) !== '\r\n') {
        this.problems.push('a chunk does not end in CR LF')
      }
      chunks.push(this.#bytes.subarray(lineEnd + 2, end - 2))
      this.#bytes = this.#bytes.subarray(end)
    }
  }

  #parseTrailers(head: Head, chunks: Buffer[], start: number): HttpRequest | undefined {
    const lines: string[] = []
    for (let at = start; ; ) {
      const lineEnd = this.#bytes.indexOf('\r\n', at)
      if (lineEnd === -1) {
        return undefined
      }
      const line = this.#bytes.toString('latin1', at, lineEnd)
      at = lineEnd + 2
      if (line === '') {
        this.#bytes = this.#bytes.subarray(at)
        break
      }
      lines.push(line)
    }
    const trailers = Object.fromEntries(
      this.#fields(lines).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const announced = head.header('trailer')?.toLowerCase().split(/, */) ?? []
    for (const name of Object.keys(trailers)) {
      if (!announced.includes(name)) {
        this.problems.push(`the trailer ${name} was not announced`)
      }
    }
    return { ...head, body: Buffer.concat(chunks), chunks, trailers }
  }

  #fields(lines: readonly string[]): (readonly [string, string])[] {
    const fields = lines.map((line) => {
      const [, name = '', value = ''] = this.#match(FIELD, line, 'header')
      return [name, value] as const
    })
    const names = fields.map(([name]) => name.toLowerCase())
    for (const name of new Set(names)) {
      if (names.filter((other) => other === name).length > 1) {
        this.problems.push(`the header ${name} is repeated`)
      }
    }
    return fields
  }

  #match(pattern: RegExp, text: string, what: string): RegExpExecArray | [] {
    const match = pattern.exec(text)
    if (match === null) {
      this.problems.push(`the ${what} is malformed: ${JSON.stringify(text.slice(0, 200))}`)
    }
    return match ?? []
  }
}
