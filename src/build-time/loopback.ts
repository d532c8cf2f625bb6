/**
 * Keeps a function that runs at build time, on somebody's computer, from reaching anything but this host's loopback. Where there are
 * servers that answer in the place of others, it reaches those instead.
 */

import type { Socket } from 'node:net'

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i

/** Ports on 127.0.0.1 of what answers in the place of others: connections without TLS, and with it. */
export interface Answering {
  readonly plain: number
  readonly secure: number
  /** Whether connections with TLS go on whoever vouches for the server: where nobody could be told whom to trust. */
  readonly isUnchecked?: boolean
}

type Connect = (this: Socket, ...parameters: unknown[]) => Socket

/**
 * Refuses connections to anywhere else before a name is looked up, or has `answering` take them, until the function that it
 * returns is called. `onConnect` is called before each connection but those to the Runtime API.
 */
export function keepToLoopback(answering?: Answering, onConnect: () => void = () => {}): () => void {
  // Not with this file: a thread that does not call this may not be able to load it.
  const { prototype } = process.getBuiltinModule('node:net').Socket
  const connect = prototype.connect as Connect
  prototype.connect = function (this: Socket, ...parameters: unknown[]): Socket {
    const { target, port: wanted, isLocalFile } = destination(parameters)
    if (`${target}:${wanted}` !== process.env.AWS_LAMBDA_RUNTIME_API) {
      onConnect()
    }
    if (LOOPBACK.test(target)) {
      return connect.apply(this, parameters)
    }
    if (answering !== undefined && !isLocalFile) {
      // A TLS socket is one before it connects.
      const isSecure = 'encrypted' in this
      const [options] = listOf(parameters)
      if (answering.isUnchecked && isSecure && typeof options === 'object') {
        // What a TLS socket looks at once it has shaken hands.
        Object.assign(options as object, { rejectUnauthorized: false })
      }
      const port = isSecure ? answering.secure : answering.plain
      return connect.call(this, { host: '127.0.0.1', port }, listenerOf(parameters))
    }
    const error = new Error(`connect ENETUNREACH ${target}: a build reaches this host only`)
    process.nextTick(() => this.destroy(Object.assign(error, { code: 'ENETUNREACH', syscall: 'connect' })))
    return this
  } as typeof prototype.connect
  return () => {
    prototype.connect = connect as typeof prototype.connect
  }
}

/** Of `connect`, in any of its forms; Node.js itself gives it a list of them. */
function listOf(parameters: readonly unknown[]): readonly unknown[] {
  return Array.isArray(parameters[0]) ? (parameters[0] as unknown[]) : parameters
}

function listenerOf(parameters: readonly unknown[]): unknown {
  return listOf(parameters).findLast((parameter) => typeof parameter === 'function')
}

interface Destination {
  /** A host; the path of a local socket for one of those. */
  readonly target: string
  readonly port?: unknown
  readonly isLocalFile?: boolean
}

/** What the parameters name. */
function destination(parameters: readonly unknown[]): Destination {
  const [first, second] = listOf(parameters)
  if (typeof first === 'object' && first !== null) {
    const { path, host, port } = first as { path?: string | null; host?: string; port?: unknown }
    return path ? { target: path, isLocalFile: true } : { target: host ?? 'localhost', port }
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) {
    return { target: first, isLocalFile: true }
  }
  return { target: typeof second === 'string' ? second : 'localhost', port: first }
}
