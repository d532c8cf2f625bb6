/**
 * Opens connections before anybody asks for them: in the init phase, to the hosts that a function's author has named. The first
 * connection that Node.js's own agents, an SDK's or `fetch` would make to such a host is then that which is there. So its look-up,
 * its round trips and its handshake, which is the dearest thing that a first invocation does, have been done.
 *
 * All of them connect by `tls.connect`, which is another one until all connections are given away. It gives one away once, and
 * only to who would have made the same one: see {@link ./ordinary-options.ts}. In any doubt, and of a connection that is no longer
 * there, the caller makes its own, with the session of the early one where there is one.
 *
 * It is a script of its own in the executables of functions that ask for it.
 */

import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { Connected, ConnectModule } from '../../executable/early-connections.ts'
import { type Connect, EarlyConnection } from './early-connection.ts'
import { handOver } from './hand-over.ts'
import { ordinaryPlace, type Place } from './ordinary-options.ts'

type Options = Parameters<ConnectModule['connect']>[0]
type TlsConnect = (this: unknown, ...parameters: unknown[]) => TLSSocket
interface TlsMethods {
  connect: TlsConnect
  setDefaultCACertificates?: (...parameters: unknown[]) => void
}

const HTTPS_PORT = 443

/** Resolves to what became of each host, when all are connected or the time is over. Rejects where `tls.connect` cannot be replaced. */
export async function connect({ hosts, timeoutMs, isClosed }: Options): Promise<readonly Connected[]> {
  const pool = new Pool(isClosed)
  const done = new Map<string, Connected>()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    // Also keeps the process alive, as long as it is waited for.
    timer = setTimeout(resolve, timeoutMs)
  })
  const opening = hosts.map(async (host) => {
    const begun = process.uptime()
    const outcome = await pool.open(host).then(
      () => ({ host }),
      (error: unknown) => ({ host, error }),
    )
    done.set(host, { ...outcome, milliseconds: (process.uptime() - begun) * 1000 })
  })
  await Promise.race([Promise.all(opening), timeout])
  clearTimeout(timer)
  pool.stopOpening()
  return hosts.map((host) => {
    const late = { host, milliseconds: timeoutMs, error: new Error(`it took over ${timeoutMs} ms`) }
    return done.get(host) ?? late
  })
}

/** Early connections, by where they lead to. */
class Pool {
  readonly #tls = process.getBuiltinModule('node:tls') as unknown as TlsMethods
  readonly #isClosed: () => boolean
  readonly #opening = new Set<EarlyConnection>()
  readonly #open = new Map<string, EarlyConnection>()
  readonly #original: TlsMethods
  readonly #replacements: Partial<TlsMethods>

  constructor(isClosed: () => boolean) {
    this.#isClosed = isClosed
    const pool = this
    const { connect: original, setDefaultCACertificates } = this.#tls
    this.#original = { connect: original, ...(setDefaultCACertificates && { setDefaultCACertificates }) }
    this.#replacements = {
      connect: function connect(this: unknown, ...parameters: unknown[]): TLSSocket {
        const [options, onSecure] = parameters
        const given = pool.#give(options as ConnectionOptions, onSecure)
        return given instanceof EarlySession
          ? original.call(this, { ...(options as ConnectionOptions), session: given.session }, onSecure)
          : (given ?? original.apply(this, parameters))
      },
      ...(setDefaultCACertificates && {
        setDefaultCACertificates(...parameters: unknown[]): void {
          setDefaultCACertificates(...parameters)
          // Those that there are were vouched for by others.
          pool.#dropAll()
        },
      }),
    }
    Object.assign(this.#tls, this.#replacements)
  }

  async open(name: string): Promise<void> {
    const place = readPlace(name)
    const connection = new EarlyConnection(place)
    this.#opening.add(connection)
    try {
      await connection.open(this.#original.connect as Connect)
      if (this.#opening.has(connection)) {
        this.#open.set(keyOf(place), connection)
      } else {
        connection.drop()
      }
    } finally {
      this.#opening.delete(connection)
    }
  }

  /** Gives up those that are not open yet. */
  stopOpening(): void {
    for (const connection of this.#opening) {
      connection.drop()
    }
    this.#opening.clear()
    this.#leaveIfEmpty()
  }

  #give(options: ConnectionOptions, onSecure: unknown): TLSSocket | EarlySession | undefined {
    const place = this.#open.size === 0 ? undefined : ordinaryPlace(options)
    const connection = place && this.#open.get(keyOf(place))
    if (!place || !connection || this.#isClosed()) {
      return undefined
    }
    const isUsable = connection.isAsByDefault
    const socket = isUsable ? connection.take() : undefined
    const session = isUsable ? connection.takeSession() : undefined
    connection.drop()
    this.#open.delete(keyOf(place))
    this.#leaveIfEmpty()
    if (socket === undefined) {
      return session && !options.session ? new EarlySession(session) : undefined
    }
    const listener = typeof onSecure === 'function' ? (onSecure as () => void) : undefined
    return handOver(socket, options, listener, { lookUps: connection.lookUps, session })
  }

  #dropAll(): void {
    this.stopOpening()
    for (const connection of this.#open.values()) {
      connection.drop()
    }
    this.#open.clear()
    this.#leaveIfEmpty()
  }

  /** Nobody sees that it was there, but who has kept `tls.connect` meanwhile. */
  #leaveIfEmpty(): void {
    if (this.#open.size > 0 || this.#opening.size > 0) {
      return
    }
    for (const name of ['connect', 'setDefaultCACertificates'] as const) {
      if (this.#tls[name] === this.#replacements[name]) {
        Object.assign(this.#tls, { [name]: this.#original[name] })
      }
    }
  }
}

/** What of a connection can still be given where it is gone itself. */
class EarlySession {
  readonly session: NonNullable<ConnectionOptions['session']>

  constructor(session: NonNullable<ConnectionOptions['session']>) {
    this.session = session
  }
}

/** Throws where it is not HOST or HOST:PORT. */
function readPlace(name: string): Place {
  const [, host = '', port] = /^([\w.-]+)(?::(\d{1,5}))?$/.exec(name) ?? []
  if (host === '') {
    throw new Error('it should be HOST or HOST:PORT')
  }
  return { host: host.toLowerCase(), port: port === undefined ? HTTPS_PORT : Number(port) }
}

function keyOf({ host, port }: Place): string {
  return `${host}:${port}`
}
