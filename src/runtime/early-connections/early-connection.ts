/** A connection that is opened before anybody asks for it, and waits for whoever does. */

import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { SocketOptions } from './hand-over.ts'
import { isOpen } from './liveness.ts'
import { currentDefaults, type Place, PROTOCOLS } from './ordinary-options.ts'

/**
 * Milliseconds that it waits, by the clock: an environment may be frozen between its init phase and its first invocation, and a
 * server that has given a connection up meanwhile does not tell.
 */
const LONGEST_WAIT_MS = 5000

export type Connect = (options: SocketOptions) => TLSSocket
/** What `session` events give, and the option `session` takes. */
type Session = NonNullable<ConnectionOptions['session']>

export class EarlyConnection {
  readonly #place: Place
  readonly #defaults = currentDefaults()
  readonly #sessions: Session[] = []
  readonly #lookUps: unknown[][] = []
  #socket: TLSSocket | undefined
  #readyAt = 0
  #timer: NodeJS.Timeout | undefined
  #reject: (error: Error) => void = () => {}

  constructor(place: Place) {
    this.#place = place
  }

  /** Resolves once TLS is spoken; rejects with why it is not. */
  open(connect: Connect): Promise<void> {
    const { host, port } = this.#place
    return new Promise((resolve, reject) => {
      const isAddress = process.getBuiltinModule('node:net').isIP(host) !== 0
      const socket = connect({
        host,
        port,
        servername: isAddress ? '' : host,
        ALPNProtocols: PROTOCOLS,
        // As Node.js's agents and its fetch have it.
        noDelay: true,
      })
      this.#socket = socket
      socket
        .once('secureConnect', () => {
          this.#ready(socket)
          // The last message of the handshake is sent behind this event.
          setImmediate(resolve)
        })
        .on('lookup', this.#keepLookUp)
        .on('session', this.#keepSession)
        .on('error', this.#fail)
        .on('end', this.#lose)
        .on('close', this.#lose)
      this.#reject = reject
    })
  }

  /** The open connection, once; undefined where there is none, or any doubt. */
  take(): TLSSocket | undefined {
    const socket = this.#socket
    const waited = Date.now() - this.#readyAt
    const isRecent = waited >= 0 && waited <= LONGEST_WAIT_MS
    if (!socket?.authorized || !isRecent || !isOpen(socket)) {
      this.#lose()
      return undefined
    }
    clearTimeout(this.#timer)
    this.#socket = undefined
    socket
      .off('lookup', this.#keepLookUp)
      .off('session', this.#keepSession)
      .off('error', this.#fail)
      .off('end', this.#lose)
      .off('close', this.#lose)
    return socket
  }

  /** What its `lookup` events said. */
  get lookUps(): readonly (readonly unknown[])[] {
    return this.#lookUps
  }

  /** What a server said with which a handshake is shorter: each once, the last one first. */
  takeSession(): Session | undefined {
    return this.#sessions.pop()
  }

  /** Whether Node.js would make the connection as it did. */
  get isAsByDefault(): boolean {
    return currentDefaults().every((value, index) => value === this.#defaults[index])
  }

  /** Forgets all that there is of it. */
  drop(): void {
    this.#lose()
    this.#sessions.length = 0
  }

  #ready(socket: TLSSocket): void {
    this.#readyAt = Date.now()
    // Nothing is to wait for it from here on.
    socket.unref()
    this.#timer = setTimeout(this.#lose, LONGEST_WAIT_MS)
    this.#timer.unref()
  }

  readonly #keepLookUp = (...outcome: unknown[]): void => {
    this.#lookUps.push(outcome)
  }

  readonly #keepSession = (session: Session): void => {
    this.#sessions.push(session)
  }

  readonly #fail = (error: Error): void => {
    this.drop()
    this.#reject(error)
  }

  readonly #lose = (): void => {
    clearTimeout(this.#timer)
    this.#socket?.destroy()
    this.#socket = undefined
  }
}
