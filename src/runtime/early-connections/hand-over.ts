/**
 * Gives an open connection to a caller of `tls.connect`, who is to find what a connection of its own would be: a socket that is
 * connecting, and events that tell how it goes on.
 */

import type { ConnectionOptions, TLSSocket } from 'node:tls'

type Session = NonNullable<ConnectionOptions['session']>
/** Those of its options that Node.js's types leave out. */
export type SocketOptions = ConnectionOptions & {
  readonly noDelay?: boolean
  readonly keepAlive?: boolean
  readonly keepAliveInitialDelay?: number
}
/** What of a socket says how far it is. */
interface Progress {
  connecting: boolean
  secureConnecting: boolean
}
interface Handle {
  getProviderType(): number
  asyncReset?(resource: object): void
}

export interface Past {
  /** What its `lookup` events said. */
  readonly lookUps: readonly (readonly unknown[])[]
  /** What the server has sent until now. */
  readonly session: Session | undefined
}

export function handOver(
  socket: TLSSocket,
  options: SocketOptions,
  onSecure: (() => void) | undefined,
  { lookUps, session }: Past,
): TLSSocket {
  resetAsyncContext(socket)
  socket.ref()
  if (!options.ALPNProtocols) {
    socket.alpnProtocol = false
  }
  socket.setNoDelay(options.noDelay === true)
  if (options.keepAlive) {
    socket.setKeepAlive(true, options.keepAliveInitialDelay)
  }
  if (options.timeout) {
    socket.setTimeout(options.timeout)
  }
  if (onSecure) {
    socket.once('secureConnect', onSecure)
  }
  // What is written meanwhile waits for the event, as with any connection.
  const progress = socket as unknown as Progress
  progress.connecting = true
  progress.secureConnecting = true
  socket.once('end', failToConnect)
  const secure = (): void => {
    progress.secureConnecting = false
    socket.off('end', failToConnect)
    if (!socket.destroyed) {
      socket.emit('secureConnect')
      if (session) {
        socket.emit('session', session)
      }
    }
  }
  // After whoever gets the socket in this turn has had the time to listen.
  setImmediate(() => {
    for (const outcome of socket.destroyed ? [] : lookUps) {
      socket.emit('lookup', ...outcome)
    }
    progress.connecting = false
    if (!socket.destroyed) {
      socket.emit('connect')
      socket.emit('ready')
      // After all that awaits these, and before anything is read.
      queueMicrotask(() => process.nextTick(secure))
    }
  })
  return socket
}

/** As Node.js has it of a connection that its other end closes before TLS is spoken. */
function failToConnect(this: TLSSocket): void {
  const message = 'Client network socket disconnected before secure TLS connection was established'
  this.destroy(Object.assign(new Error(message), { code: 'ECONNRESET' }))
}

/** Has what comes of the connection belong to the code that asks for it, as Node.js's agent does with those that it gives again. */
function resetAsyncContext(socket: TLSSocket): void {
  const handle = (socket as { _handle?: Handle })._handle
  handle?.asyncReset?.({ type: handle.getProviderType(), handle })
}
