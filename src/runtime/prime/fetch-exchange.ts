/** A request and its response through `fetch`, over TLS. */

import { connectSecure, SERVER_TRUST } from './in-memory-server.ts'

/** What undici, inside Node.js, hands each request to; Node.js sets it as it loads undici. */
const DISPATCHER = Symbol.for('undici.globalDispatcher.1')

interface Dispatcher {
  destroy(): Promise<void>
}
type Connected = (error: Error | null, socket: unknown) => void
type AgentClass = new (options: { connect(target: unknown, done: Connected): void }) => Dispatcher

/** As there is before the function is loaded. */
const { fetch } = globalThis

export async function exchangeByFetch(): Promise<void> {
  // Loads undici.
  void globalThis.Headers.name
  const holder = globalThis as { [DISPATCHER]?: Dispatcher }
  const Agent = holder[DISPATCHER]?.constructor as AgentClass | undefined
  // Another kind of dispatcher is there for a proxy.
  if (Agent?.name !== 'Agent') {
    throw new Error('this Node.js does not show what its fetch connects with')
  }
  const connection = connectSecure()
  const { connect } = process.getBuiltinModule('node:tls')
  const dispatcher = new Agent({
    connect: (_, done) => {
      const { socket } = connection
      const options = {
        socket,
        servername: 'localhost',
        ALPNProtocols: ['http/1.1'],
        ...SERVER_TRUST,
      }
      const secure = connect(options)
      secure.once('secureConnect', () => done(null, secure)).once('error', (error) => done(error, undefined))
    },
  })
  try {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}', dispatcher }
    const response = await fetch('https://localhost/', init as object)
    await response.json()
  } finally {
    await dispatcher.destroy()
    await connection.close()
    // Each fetch is noted there.
    performance.clearResourceTimings()
  }
}
