/**
 * A connection over `node:net`, for where Node.js's own TCP handle cannot be had: see `tcp-socket.ts`.
 *
 * A socket's stream gets 64 KiB of memory of its own for each read, which are freed when they are collected. Here all
 * reads go to the same memory, and whoever listens to bytes is told at once, in the place of the stream.
 */

import type { Socket } from 'node:net'
import { type BytesListener, READ_BYTES, type RuntimeSocket } from './runtime-socket.ts'

export function connectNetSocket(host: string, port: number): RuntimeSocket {
  const memory = Buffer.allocUnsafeSlow(READ_BYTES)
  let listener: BytesListener = () => {}
  let isWriting = false
  const socket: Socket & { _handle?: { fd?: number } } = process.getBuiltinModule('node:net').connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: memory,
      callback(length) {
        listener(memory, length)
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
