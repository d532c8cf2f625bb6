import { connect, type Socket } from 'node:net'

/** Called with what arrives, the first `length` bytes, which are overwritten after the call. */
export type BytesListener = (memory: Buffer, length: number) => void

const LISTENER = Symbol('listener for bytes')
type Listened = Socket & { [LISTENER]?: BytesListener }

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
export function connectRuntimeSocket(host: string, port: number): Socket {
  const memory = Buffer.allocUnsafeSlow(READ_BYTES)
  const socket: Listened = connect({
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
export function listensToBytes(socket: Socket, listener: BytesListener): void {
  ;(socket as Listened)[LISTENER] = listener
}
