/**
 * Keeps a function that runs at build time, on somebody's computer, from reaching anything but this host's loopback.
 */

import { Socket } from 'node:net'

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i

/** Refuses connections to anywhere else before a name is looked up, until the function that it returns is called. */
export function keepToLoopback(): () => void {
  const connect = Socket.prototype.connect as (this: Socket, ...parameters: unknown[]) => Socket
  Socket.prototype.connect = function (this: Socket, ...parameters: unknown[]): Socket {
    const target = destination(parameters)
    if (LOOPBACK.test(target)) {
      return connect.apply(this, parameters)
    }
    const error = new Error(`connect ENETUNREACH ${target}: a build reaches this host only`)
    process.nextTick(() => this.destroy(Object.assign(error, { code: 'ENETUNREACH', syscall: 'connect' })))
    return this
  } as typeof Socket.prototype.connect
  return () => {
    Socket.prototype.connect = connect as typeof Socket.prototype.connect
  }
}

/** The host that the parameters of `connect` name, in any of its forms; the path of a local socket for one of those. */
function destination(parameters: readonly unknown[]): string {
  const [first, second] = Array.isArray(parameters[0]) ? (parameters[0] as unknown[]) : parameters
  if (typeof first === 'object' && first !== null) {
    const { path, host } = first as { path?: string; host?: string }
    return path ?? host ?? 'localhost'
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) {
    return first
  }
  return typeof second === 'string' ? second : 'localhost'
}
