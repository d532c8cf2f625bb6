import { Writable } from 'node:stream'
import { HTTP_INTEGRATION_CONTENT_TYPE } from '../../runtime-api/contract.ts'

const DEFAULT_CONTENT_TYPE = 'application/octet-stream'
/** Between the metadata and the body of an HTTP response. */
const METADATA_END = Buffer.alloc(8)

/** Where the bytes of a response stream go. */
export interface ResponseTarget {
  /** Called once, before the first byte. */
  begin(contentType: string): void
  /** `sent` is to be called when there is room for more. */
  write(bytes: Buffer, sent: (error?: Error | null) => void): void
  /** Called once after the last byte; `ended` when the platform has taken the response. */
  end(ended: (error?: Error | null) => void): void
}

/** What a streaming handler writes its response to. Nothing is sent before its first byte, or its end. */
export class ResponseStream extends Writable {
  readonly #target: ResponseTarget
  #contentType = DEFAULT_CONTENT_TYPE
  #prelude: Buffer | undefined
  #begun = false
  #sources = 0

  constructor(target: ResponseTarget, highWaterMark: number | undefined) {
    super({ ...(highWaterMark !== undefined && { highWaterMark }) })
    this.#target = target
    // What goes wrong with the stream is told to the invoker; a handler that listens to nothing must not die of it.
    this.on('error', () => {})
    this.on('pipe', () => this.#sources++)
    this.on('unpipe', () => this.#sources--)
  }

  /** Whether another stream is piped into it, which will end it. */
  get isPiped(): boolean {
    return this.#sources > 0
  }

  /** Whether anything was sent: from then on an error can only be told at the response's end. */
  get begun(): boolean {
    return this.#begun
  }

  /** The response's content type; `application/octet-stream` if never set. Throws once the response has begun. */
  setContentType(contentType: string): void {
    if (this.#begun) {
      throw new Error(
        `The content type cannot become ${JSON.stringify(contentType)}: the response has begun. Set it before the first write.`,
      )
    }
    if (!/^[\x20-\x7e]+$/.test(contentType)) {
      throw new TypeError(`A content type is a line of ASCII, and not ${JSON.stringify(contentType)}`)
    }
    this.#contentType = contentType
  }

  /** Makes this the response to an HTTP request: `metadata` as JSON goes in front of the body, even of an empty one. */
  setHttpMetadata(metadata: unknown): void {
    this.setContentType(HTTP_INTEGRATION_CONTENT_TYPE)
    this.#prelude = Buffer.concat([Buffer.from(JSON.stringify(metadata)), METADATA_END])
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#target.write(this.#withPrelude(chunk), callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#target.write(this.#withPrelude(Buffer.concat(chunks.map(({ chunk }) => chunk))), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#begun) {
      this.#target.end(callback)
      return
    }
    const first = this.#withPrelude(Buffer.alloc(0))
    if (first.length > 0) {
      this.#target.write(first, () => {})
    }
    this.#target.end(callback)
  }

  #withPrelude(bytes: Buffer): Buffer {
    if (this.#begun) {
      return bytes
    }
    this.#begun = true
    this.#target.begin(this.#contentType)
    return this.#prelude ? Buffer.concat([this.#prelude, bytes]) : bytes
  }
}
