/**
 * Whether a connection is still open. Node.js hears of its end in its event loop, which may not have turned since that came: a
 * function computes for a while before its first request. So the kernel is asked, by reading what has come.
 */

import type { TLSSocket } from 'node:tls'

/** Of Node.js's own, which all TLS sockets have; a server's sessions come by it. */
interface Handle {
  /** Of the TCP socket; -1 where there is none. */
  readonly fd: number
  /** Takes bytes as if they had been read in the event loop. */
  receive(bytes: Buffer): void
}

const READ_BYTES = 16 * 1024
/** A server that has more to say before it is asked anything is none of HTTP. */
const MOST_READS = 4

/** Where the kernel cannot be asked, it is what Node.js has heard. */
export function isOpen(socket: TLSSocket): boolean {
  const handle = Reflect.get(socket, '_handle') as Partial<Handle> | null
  if (typeof handle?.fd !== 'number' || handle.fd < 0 || typeof handle.receive !== 'function') {
    return isOpenSoFar(socket)
  }
  const { readSync } = process.getBuiltinModule('node:fs')
  const bytes = Buffer.allocUnsafeSlow(READ_BYTES)
  for (let reads = 0; reads < MOST_READS && isOpenSoFar(socket); reads++) {
    let length: number
    try {
      length = readSync(handle.fd, bytes, 0, READ_BYTES, null)
    } catch (error) {
      // All has been read.
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' && isOpenSoFar(socket)
    }
    if (length === 0) {
      return false
    }
    handle.receive(bytes.subarray(0, length))
  }
  return false
}

function isOpenSoFar(socket: TLSSocket): boolean {
  const state = Reflect.get(socket, '_readableState') as { readonly ended?: boolean } | undefined
  return (
    !socket.destroyed &&
    socket.readable &&
    socket.writable &&
    state?.ended !== true &&
    socket.readableLength === 0
  )
}
