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

export class RequestParser {
  readonly problems: string[] = []
  #bytes = Buffer.alloc(0)
  #pending: Buffer[] = []
  #pendingLength = 0
  /** Bytes to collect before it is worth another look: a body of known length is not parsed once for every segment. */
  #wanted = 0

  /** Takes bytes; returns a request once one is whole. More bytes than the request has are a problem: nothing is pipelined. */
  push(bytes: Buffer): HttpRequest | undefined {
    this.#pending.push(bytes)
    this.#pendingLength += bytes.length
    if (this.#bytes.length + this.#pendingLength < this.#wanted) return undefined
    this.#bytes = Buffer.concat([this.#bytes, ...this.#pending])
    this.#pending = []
    this.#pendingLength = 0
    const parsed = this.#parse(this.#bytes)
    if (parsed === undefined) return undefined
    if (parsed.length < this.#bytes.length) {
      this.problems.push(`${this.#bytes.length - parsed.length} bytes follow the request`)
    }
    this.#bytes = Buffer.alloc(0)
    this.#wanted = 0
    return parsed.request
  }

  #parse(bytes: Buffer): { request: HttpRequest; length: number } | undefined {
    const headEnd = bytes.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const [requestLine = '', ...fieldLines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
    const [, method = '', path = ''] = this.#match(REQUEST_LINE, requestLine, 'request line')
    const rawHeaders = this.#fields(fieldLines)
    const header = (name: string) => rawHeaders.find(([key]) => key.toLowerCase() === name)?.[1]
    const at = headEnd + 4
    const length = header('content-length')
    const encoding = header('transfer-encoding')
    if (length !== undefined && encoding !== undefined)
      this.problems.push('both Content-Length and Transfer-Encoding')
    if (method === 'POST' && length === undefined && encoding === undefined)
      this.problems.push('a POST without a length')
    const start = { method, path, rawHeaders, header }
    if (encoding !== undefined) {
      if (encoding !== 'chunked') this.problems.push(`Transfer-Encoding is ${encoding}`)
      return this.#parseChunked(bytes, at, start)
    }
    if (length !== undefined && !/^\d+$/.test(length)) this.problems.push(`Content-Length is ${length}`)
    const end = at + Number(length ?? 0)
    this.#wanted = end
    if (bytes.length < end) return undefined
    return {
      request: { ...start, body: bytes.subarray(at, end), chunks: undefined, trailers: {} },
      length: end,
    }
  }

  #parseChunked(
    bytes: Buffer,
    start: number,
    head: Pick<HttpRequest, 'method' | 'path' | 'rawHeaders' | 'header'>,
  ): { request: HttpRequest; length: number } | undefined {
    const chunks: Buffer[] = []
    let at = start
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at)
      if (lineEnd === -1) return undefined
      const [, hex = ''] = this.#match(
        /^([0-9a-fA-F]+)$/,
        bytes.subarray(at, lineEnd).toString('latin1'),
        'chunk size',
      )
      const size = Number.parseInt(hex, 16)
      at = lineEnd + 2
      if (size === 0) break
      if (bytes.length < at + size + 2) return undefined
      chunks.push(bytes.subarray(at, at + size))
      at += size
      if (bytes.toString('latin1', at, at + 2) !== '\r\n') this.problems.push('a chunk does not end in CR LF')
      at += 2
    }
    const trailers: Record<string, string> = {}
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at)
      if (lineEnd === -1) return undefined
      const line = bytes.subarray(at, lineEnd).toString('latin1')
      at = lineEnd + 2
      if (line === '') break
      for (const [name, value] of this.#fields([line])) trailers[name.toLowerCase()] = value
    }
    for (const name of Object.keys(trailers)) {
      const announced = head.header('trailer')?.toLowerCase().split(/, */) ?? []
      if (!announced.includes(name)) this.problems.push(`the trailer ${name} was not announced`)
    }
    return { request: { ...head, body: Buffer.concat(chunks), chunks, trailers }, length: at }
  }

  #fields(lines: readonly string[]): (readonly [string, string])[] {
    const fields = lines.map((line) => {
      const [, name = '', value = ''] = this.#match(FIELD, line, 'header')
      return [name, value] as const
    })
    const names = fields.map(([name]) => name.toLowerCase())
    for (const name of new Set(names)) {
      if (names.filter((other) => other === name).length > 1)
        this.problems.push(`the header ${name} is repeated`)
    }
    return fields
  }

  #match(pattern: RegExp, text: string, what: string): RegExpExecArray | [] {
    const match = pattern.exec(text)
    if (match === null) this.problems.push(`the ${what} is malformed: ${JSON.stringify(text.slice(0, 200))}`)
    return match ?? []
  }
}
