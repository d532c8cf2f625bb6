import type { Socket } from 'node:net'

/** Called with what arrives, the first `length` bytes, which are overwritten after the call. */
export type BytesListener = (memory: Buffer, length: number) => void

/** As of Node.js's sockets: what undici's client and its connections ask of one. */
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
}

const LISTENER = Symbol('listener for bytes')
const IS_WRITING = Symbol('is writing')
type Listened = Socket & { [LISTENER]?: BytesListener; [IS_WRITING]?: boolean }

/** Bytes that one system call reads at most: what Node.js gives it, too. */
const READ_BYTES = 64 * 1024

/**
 * Connects to the Runtime API, without what is for the open internet: it is on this host's loopback, where connecting
 * succeeds or fails at once.
 *
 * A socket's stream gets 64 KiB of memory of its own for each read, which are freed when they are collected. Here all
 * reads go to the same memory, and whoever {@link listensToBytes} is told at once. To others the socket is a stream as
 * any.
 */
export function connectRuntimeSocket(host: string, port: number): RuntimeSocket {
  const memory = Buffer.allocUnsafeSlow(READ_BYTES)
  const socket: Listened = process.getBuiltinModule('node:net').connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: memory,
      callback(length) {
        const listener = socket[LISTENER]
        if (listener) listener(memory, length)
        else socket.push(Buffer.from(memory.subarray(0, length)))
        return true
      },
    },
  })
  return socket
}

/** Has `listener` told of what arrives, in the place of the socket's stream. */
export function listensToBytes(socket: RuntimeSocket, listener: BytesListener): void {
  ;(socket as Listened)[LISTENER] = listener
}

/**
 * Writes past the socket's stream, whose queue and events take longer than the system call does, when nothing is waiting
 * in that queue.
 */
export function writeText(socket: RuntimeSocket, text: string, encoding: 'latin1' | 'utf8'): void {
  const listened = socket as Listened
  if (listened[IS_WRITING] || listened.writableLength > 0) {
    listened.write(text, encoding)
    return
  }
  listened[IS_WRITING] = true
  listened._write(text, encoding, (error?: Error | null) => {
    listened[IS_WRITING] = false
    if (error) listened.destroy(error)
  })
}

/** The file descriptor of a connection that is open; -1 of any other. */
export function openDescriptor(socket: RuntimeSocket): number {
  const { readyState, _handle: handle } = socket as Socket & { _handle?: { fd?: number } }
  return readyState === 'open' ? (handle?.fd ?? -1) : -1
}
