/**
 * Reads HTTP/1.1 responses from a connection's bytes, strictly: RFC 9112 without its leniencies.
 *
 * undici's own parser is llhttp compiled to WebAssembly. Compiling it costs milliseconds at every cold start, its memory
 * and its tiers of compilation megabytes and CPU, for responses of a few hundred bytes. These come from the Runtime API
 * alone, over loopback, so that a few lines of JavaScript are enough; they are held to the same tests.
 */

import {
  bytesToText,
  charCodeAt,
  indexInBytes,
  indexOf,
  match,
  slice,
  startsWith,
  toLowerCase,
} from '../intrinsics.ts'

/** Values of headers by name in lower case; of a repeated one, all in turn. */
export type ResponseHeaders = Record<string, string | string[]>

export interface ResponseSink {
  /** `isKeptAlive`: whether the connection is to be used for another exchange. */
  onHead(status: number, headers: ResponseHeaders, isKeptAlive: boolean): void
  /** Bytes `start` to `end` of what was pushed are of the body; a copy is to be made of what is kept. */
  onBody(bytes: Buffer, start: number, end: number): void
  onEnd(): void
}

/** What arrived is not HTTP/1.1, or not as it must be. */
export class MalformedResponse extends Error {
  override name = 'MalformedResponse'
}

const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const LENGTH = /^\d{1,15}$/
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;.*)?$/

/** What is to be read has begun, and its end has not arrived. */
const INCOMPLETE = -1

type State = 'head' | 'length' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' | 'until close'

export class HttpResponseReader {
  readonly #sink: ResponseSink
  readonly #maxHeadBytes: number
  #state: State = 'head'
  /** What is left of a body of known length, or of a chunk, in bytes. */
  #remaining = 0
  /** The beginning of a head, a chunk's size or trailers whose end has not arrived yet. */
  #partial: Buffer | undefined
  readonly #heads = new HeadReader()

  constructor(sink: ResponseSink, maxHeadBytes: number) {
    this.#sink = sink
    this.#maxHeadBytes = maxHeadBytes
  }

  /**
   * Takes the first `length` bytes of `arrived`, and keeps none of them itself. Throws `MalformedResponse`.
   *
   * Positions lead through the bytes, and not views of them: a Buffer takes longer to make than most heads to read.
   */
  push(arrived: Buffer, length = arrived.length): void {
    let bytes = arrived
    let end = length
    if (this.#partial) {
      bytes = Buffer.concat([this.#partial, arrived.subarray(0, length)])
      end = bytes.length
      this.#partial = undefined
    }
    let at = 0
    while (at < end) {
      const next = this.#step(bytes, at, end)
      if (next === INCOMPLETE) {
        if (end - at > this.#maxHeadBytes) {
          throw new MalformedResponse(`a head of over ${this.#maxHeadBytes} bytes`)
        }
        this.#partial = Buffer.from(bytes.subarray(at, end))
        return
      }
      at = next
    }
  }

  /** The connection has ended. Returns whether that is how the response under way ends. */
  end(): boolean {
    if (this.#state !== 'until close') {
      return false
    }
    this.#finish()
    return true
  }

  /** Reads the next piece, which starts at `at`; returns where it ends, or that its end has not arrived. */
  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at, end)
      case 'length':
      case 'chunk':
        return this.#readBody(bytes, at, end)
      case 'until close':
        this.#sink.onBody(bytes, at, end)
        return end
      default:
        return this.#readLine(bytes, at, end)
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const headEnd = findBefore(end, HEAD_END, bytes, at)
    if (headEnd === INCOMPLETE) {
      const begin = bytesToText(bytes, 'latin1', at, Math.min(at + 7, end))
      // Whatever this is, it will not become a head.
      if (!startsWith('HTTP/1.', begin)) {
        throw notHttp(bytesToText(bytes, 'latin1', at, Math.min(at + 40, end)))
      }
      return INCOMPLETE
    }
    const { status, isVersion11, headers } = this.#heads.read(bytesToText(bytes, 'latin1', at, headEnd + 2))
    // An interim one is followed by the response, which is still to come.
    if (status >= 200) {
      this.#begin(status, isVersion11, headers)
    }
    return headEnd + HEAD_END.length
  }

  #begin(status: number, isVersion11: boolean, headers: ResponseHeaders): void {
    const encoding = single(headers, 'transfer-encoding')
    const length = single(headers, 'content-length')
    let isKeptAlive = keepsAlive(isVersion11, headers.connection)
    if (status === 204 || status === 304) {
      this.#remaining = 0
      this.#state = 'length'
    } else if (encoding !== undefined) {
      if (length !== undefined) {
        throw new MalformedResponse('both Transfer-Encoding and Content-Length')
      }
      if (toLowerCase(encoding) !== 'chunked') {
        throw new MalformedResponse(`Transfer-Encoding is ${encoding}`)
      }
      this.#state = 'chunk size'
    } else if (length !== undefined) {
      if (match(LENGTH, length) === null) {
        throw new MalformedResponse(`Content-Length is ${length}`)
      }
      this.#remaining = Number(length)
      this.#state = 'length'
    } else {
      this.#state = 'until close'
      isKeptAlive = false
    }
    this.#sink.onHead(status, headers, isKeptAlive)
    if (this.#state === 'length' && this.#remaining === 0) {
      this.#finish()
    }
  }

  #readBody(bytes: Buffer, at: number, end: number): number {
    const partEnd = Math.min(end, at + this.#remaining)
    this.#remaining -= partEnd - at
    if (partEnd > at) {
      this.#sink.onBody(bytes, at, partEnd)
    }
    if (this.#remaining === 0) {
      if (this.#state === 'length') {
        this.#finish()
      } else {
        this.#state = 'chunk end'
      }
    }
    return partEnd
  }

  #readLine(bytes: Buffer, at: number, end: number): number {
    const lineEnd = findBefore(end, '\r\n', bytes, at)
    if (lineEnd === INCOMPLETE) {
      return INCOMPLETE
    }
    const line = bytesToText(bytes, 'latin1', at, lineEnd)
    if (this.#state === 'chunk size') {
      const size = match(CHUNK_SIZE, line)?.[1]
      if (size === undefined) {
        throw new MalformedResponse(`a chunk's size is ${JSON.stringify(slice(line, 0, 40))}`)
      }
      this.#remaining = Number.parseInt(size, 16)
      this.#state = this.#remaining === 0 ? 'trailers' : 'chunk'
    } else if (this.#state === 'chunk end') {
      if (line !== '') {
        throw new MalformedResponse('a chunk is longer than its size')
      }
      this.#state = 'chunk size'
    } else if (line === '') {
      this.#finish()
    } else {
      readField(`${line}\r\n`, 0)
    }
    return lineEnd + 2
  }

  #finish(): void {
    this.#state = 'head'
    this.#sink.onEnd()
  }
}

/** An object that has nothing but what is put into it, and that V8 keeps as fast as any. */
class FieldValues {
  [name: string]: string | string[]
}
Object.setPrototypeOf(FieldValues.prototype, null)
Reflect.deleteProperty(FieldValues.prototype, 'constructor')

interface Head {
  readonly status: number
  readonly isVersion11: boolean
  readonly headers: ResponseHeaders
}

/** A field of a head: `Content-Length: 16`, up to and with its line break. */
interface Field {
  /** As it is in the head, with the colon. */
  readonly prefix: string
  /** In lower case. */
  readonly name: string
}

/** What the heads with a certain status line looked like the last time. */
interface KnownHead {
  readonly statusLine: string
  readonly status: number
  readonly isVersion11: boolean
  /** In the order in which they came. */
  readonly fields: Field[]
}

/** How many status lines are remembered: two are usual. */
const MAX_KNOWN = 4

/**
 * Reads heads. A server sends the same few status lines, and the same fields in the same order with each, so what was
 * learned of a name, that it is one and what it is in lower case, holds for the next head that has it there.
 */
class HeadReader {
  readonly #known: KnownHead[] = []
  #learnt = 0

  /** `head` ends with the line break of its last line. */
  read(head: string): Head {
    const known = this.#find(head) ?? this.#learn(head)
    const { statusLine, status, isVersion11, fields } = known
    const headers: ResponseHeaders = new FieldValues()
    let index = 0
    for (let at = statusLine.length; at < head.length; index++) {
      let field = fields[index]
      if (field === undefined || !startsWith(head, field.prefix, at)) {
        field = readField(head, at)
        fields[index] = field
      }
      const end = indexOf(head, '\r', at)
      // A line ends with both, and neither is in it.
      if (indexOf(head, '\n', at) !== end + 1) {
        throw malformedField(head, at)
      }
      addValue(headers, field.name, trimmed(head, at + field.prefix.length, end))
      at = end + 2
    }
    return { status, isVersion11, headers }
  }

  #find(head: string): KnownHead | undefined {
    for (let index = 0; index < this.#known.length; index++) {
      const known = this.#known[index] as KnownHead
      if (startsWith(head, known.statusLine)) {
        return known
      }
    }
    return undefined
  }

  #learn(head: string): KnownHead {
    const statusLine = slice(head, 0, indexOf(head, '\r\n') + 2)
    const [, minor, status] = match(STATUS_LINE, slice(statusLine, 0, -2)) ?? []
    if (status === undefined) {
      throw notHttp(head)
    }
    const known = { statusLine, status: Number(status), isVersion11: minor === '1', fields: [] }
    this.#known[this.#learnt++ % MAX_KNOWN] = known
    return known
  }
}

/** The field whose line starts at `at`. */
function readField(head: string, at: number): Field {
  const colon = indexOf(head, ':', at)
  const name = slice(head, at, Math.max(at, colon))
  if (match(FIELD_NAME, name) === null) {
    throw malformedField(head, at)
  }
  return { prefix: `${name}:`, name: toLowerCase(name) }
}

/** What is between `start` and `end`, without blanks around it. */
function trimmed(head: string, start: number, end: number): string {
  let first = start
  let last = end
  while (first < last && isBlank(charCodeAt(head, first))) {
    first++
  }
  while (first < last && isBlank(charCodeAt(head, last - 1))) {
    last--
  }
  return slice(head, first, last)
}

function isBlank(character: number): boolean {
  return character === 0x20 || character === 0x09
}

function addValue(headers: ResponseHeaders, name: string, value: string): void {
  const known = headers[name]
  if (known === undefined) {
    headers[name] = value
  } else {
    headers[name] = Array.isArray(known) ? [...known, value] : [known, value]
  }
}

function malformedField(head: string, at: number): MalformedResponse {
  return new MalformedResponse(`a header is ${JSON.stringify(head.slice(at, at + 80).split('\n')[0])}`)
}

function keepsAlive(isVersion11: boolean, connection: string | string[] | undefined): boolean {
  if (connection === undefined) {
    return isVersion11
  }
  const options = toLowerCase(String(connection))
  return isVersion11 ? match(/\bclose\b/, options) === null : match(/\bkeep-alive\b/, options) !== null
}

/** The value of a header that must not say two things. */
function single(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name]
  if (!Array.isArray(value)) {
    return value
  }
  if (value.some((other) => other !== value[0])) {
    throw new MalformedResponse(`${name} is ${value.join(' and ')}`)
  }
  return value[0]
}

function notHttp(begin: string): MalformedResponse {
  return new MalformedResponse(`what arrived is not HTTP/1.1: ${JSON.stringify(begin.slice(0, 40))}`)
}

/** Where `text` begins, if it ends at `end` at the latest: beyond that may be whatever came before. */
function findBefore(end: number, text: string, bytes: Buffer, at: number): number {
  const found = indexInBytes(bytes, text, at, 'latin1')
  return found === -1 || found + text.length > end ? INCOMPLETE : found
}
