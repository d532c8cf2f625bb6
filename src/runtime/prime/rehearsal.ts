/**
 * Rehearses the handler before there is an invocation, for functions whose authors ask for it: it is called with the events that
 * the function was built with, and what it asks others is answered in this process, by the build's stubs.
 *
 * Until an invocation comes nobody else is reached. Connections that the rehearsal makes lead to servers of this process on
 * loopback, which are gone when it is over; what it leaves running reaches nobody even later. What it would write to a connection
 * that was there before is refused, and so is the end of this process. What it keeps in memory and in files stays: that is for the author to know.
 */

import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { RehearsalSettings } from '../../executable/priming-settings.ts'
import { ownCredentials } from './in-memory-server.ts'
import { refuseEnds } from './process-ends.ts'
import { answerRequest } from './rehearsed-answers.ts'

export interface RehearsalOptions {
  readonly settings: RehearsalSettings
  /** Calls the handler with an event. */
  readonly call: (event: unknown) => Promise<unknown>
  /** Whether the running code belongs to the rehearsal, through every callback and await. */
  readonly isRehearsing: () => boolean
}

/** Milliseconds, for all events. */
const TIMEOUT_MS = 2000

type Connect = (this: Socket, ...parameters: unknown[]) => Socket
type Write = (this: Socket, ...parameters: unknown[]) => void
interface SocketMethods {
  connect: Connect
  /** What every write comes to, that of a TLS socket with it. */
  _writeGeneric?: Write
}

/** Rejects with why it came to no end. In any case nothing of it is left when it settles, but for what the handler keeps. */
export async function rehearse({ settings, call, isRehearsing }: RehearsalOptions): Promise<void> {
  const servers = await listen(settings)
  const network = new RehearsedNetwork(servers, isRehearsing)
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`it took over ${TIMEOUT_MS / 1000} s`))
    // It also keeps the process alive.
    timer = setTimeout(late, TIMEOUT_MS)
  })
  const refusal = new Promise<never>((_, reject) => refuseEnds(isRehearsing, reject))
  // It may also come once the rehearsal is over.
  refusal.catch(() => {})
  let isOver = false
  const calls = async () => {
    for (const event of settings.events) {
      // One that took too long may come to its end among invocations.
      if (isOver) {
        return
      }
      await call(event)
    }
  }
  try {
    await Promise.race([refusal, calls(), timeout])
  } finally {
    isOver = true
    await network.end()
    await Promise.all(Object.values(servers).map(close))
    clearTimeout(timer)
  }
}

type Servers = { readonly plain: Server; readonly secure: Server }

async function listen({ stubs }: RehearsalSettings): Promise<Servers> {
  const http = process.getBuiltinModule('node:http')
  const https = process.getBuiltinModule('node:https')
  const servers = {
    plain: http.createServer((request, response) => answerRequest(stubs, 'http', request, response)),
    secure: https.createServer(ownCredentials(), (request, response) =>
      answerRequest(stubs, 'https', request, response),
    ),
  }
  for (const server of Object.values(servers)) {
    // Clients end when the rehearsal does.
    server.on('clientError', (_, socket) => socket.destroy())
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
  }
  return servers
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** What connections of the rehearsal lead to. */
class RehearsedNetwork {
  readonly #servers: Servers
  readonly #isRehearsing: () => boolean
  readonly #sockets = new Set<Socket>()
  #isOver = false

  constructor(servers: Servers, isRehearsing: () => boolean) {
    this.#servers = servers
    this.#isRehearsing = isRehearsing
    const methods = process.getBuiltinModule('node:net').Socket.prototype as unknown as SocketMethods
    const { connect, _writeGeneric: write } = methods
    const network = this
    methods.connect = function (this: Socket, ...parameters: unknown[]): Socket {
      return network.#isRehearsing()
        ? network.#connect(connect, this, parameters)
        : connect.apply(this, parameters)
    }
    if (write !== undefined) {
      methods._writeGeneric = function (this: Socket, ...parameters: unknown[]): void {
        if (network.#isRehearsing() && !network.#sockets.has(this)) {
          const done = parameters.at(-1) as (error: Error) => void
          done(new Error('a rehearsal writes to no connection that was there before it'))
        } else {
          write.apply(this, parameters)
        }
      }
    }
  }

  /** Resolves once none of its connections is left. */
  async end(): Promise<void> {
    this.#isOver = true
    for (const socket of this.#sockets) {
      await new Promise((resolve) => {
        if (socket.closed) {
          resolve(undefined)
        } else {
          socket
            .on('error', () => {})
            .once('close', resolve)
            .destroy()
        }
      })
    }
  }

  #connect(connect: Connect, socket: Socket, parameters: readonly unknown[]): Socket {
    if (this.#isOver) {
      process.nextTick(() => socket.destroy(new Error('a rehearsal connects to nobody once it is over')))
      return socket
    }
    this.#sockets.add(socket)
    // Node.js gives itself its parameters as a list.
    const list = (Array.isArray(parameters[0]) ? parameters[0] : parameters) as unknown[]
    const [options] = list
    const isSecure = 'encrypted' in socket
    if (isSecure && typeof options === 'object' && options !== null) {
      // What a TLS socket looks at once it has shaken hands: nobody vouches for a server of this process.
      Object.assign(options, { rejectUnauthorized: false })
    }
    const { port } = this.#servers[isSecure ? 'secure' : 'plain'].address() as AddressInfo
    return connect.call(
      socket,
      { host: '127.0.0.1', port },
      list.findLast((each) => typeof each === 'function'),
    )
  }
}
