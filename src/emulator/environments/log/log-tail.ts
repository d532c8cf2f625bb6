/** The end of an invocation's log: what `X-Amz-Log-Result` carries. */

/** Lambda's: 4 KB. */
const MAX_BYTES = 4096

export class LogTail {
  #chunks: Buffer[] = []
  #bytes = 0

  add(chunk: Uint8Array | string): void {
    const bytes = Buffer.from(chunk)
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= MAX_BYTES) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0
    }
  }

  clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }

  read(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-MAX_BYTES)
  }
}
