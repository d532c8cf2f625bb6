/** A connection to the Runtime API, whichever way it is made: see `tcp-socket.ts` and `net-socket.ts`. */

/** Called with what arrives, the first `length` bytes, which are overwritten after the call. */
export type BytesListener = (memory: Buffer, length: number) => void

/** What undici's client and its connections ask of a connection: as of Node.js's sockets, and the last three beyond that. */
export interface RuntimeSocket {
  readonly destroyed: boolean
  readonly errored: Error | null
  on(event: 'connect' | 'end' | 'close', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  once(event: 'connect', listener: () => void): this
  once(event: 'error', listener: (error: Error) => void): this
  off(event: 'error', listener: (error: Error) => void): this
  destroy(error?: Error): this
  ref(): this
  unref(): this
  /** Has `listener` told of what arrives. */
  listenToBytes(listener: BytesListener): void
  writeText(text: string, encoding: 'latin1' | 'utf8'): void
  /** The file descriptor of a connection that is open; -1 of any other. */
  openDescriptor(): number
}

/** Bytes that one system call reads at most: what Node.js gives it, too. */
export const READ_BYTES = 64 * 1024
