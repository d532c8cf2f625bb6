import type { Socket } from 'node:net'

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

/**
 * Connects to the Runtime API, without what is for the open internet: it is on this host's loopback, where connecting
 * succeeds or fails at once.
 *
 * A socket's stream gets 64 KiB of memory of its own for each read, which are freed when they are collected. Here all
 * reads go to the same memory, and whoever listens to bytes is told at once, in the place of the stream. To others the
 * socket is a stream as any.
 */
export function connectRuntimeSocket(host: string, port: number): RuntimeSocket {
  const memory = Buffer.allocUnsafeSlow(READ_BYTES)
  let listener: BytesListener | undefined
  let isWriting = false
  const socket: Socket & { _handle?: { fd?: number } } = process.getBuiltinModule('node:net').connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: memory,
      callback(length) {
        if (listener) {
          listener(memory, length)
        } else {
          socket.push(Buffer.from(memory.subarray(0, length)))
        }
        return true
      },
    },
  })
  return Object.assign(socket, {
    listenToBytes(given: BytesListener): void {
      listener = given
    },
    // Past the socket's stream, whose queue and events take longer than the system call does, when nothing is waiting in
    // that queue.
    writeText(text: string, encoding: 'latin1' | 'utf8'): void {
      if (isWriting || socket.writableLength > 0) {
        socket.write(text, encoding)
        return
      }
      isWriting = true
      socket._write(text, encoding, (error?: Error | null) => {
        isWriting = false
        if (error) {
          socket.destroy(error)
        }
      })
    },
    openDescriptor: () => (socket.readyState === 'open' ? (socket._handle?.fd ?? -1) : -1),
  })
}
