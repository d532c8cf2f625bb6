/** What functions do of Node.js with connections, once each: a part of {@link ./workload.ts}. */

import { rehearse } from '../../runtime/prime/rehearsal.ts'

const UNDICI_TICK_MS = 600
const builtin = process.getBuiltinModule
export const BODY = JSON.stringify({ orders: [{ id: 'o-1842', quantity: 2 }], note: 'ü' })
/** The same on each machine, whatever `localhost` is there. */
const lookup: import('node:net').LookupFunction = (_host, options, done) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
const TARGET = { host: 'localhost', path: '/orders?id=1', rejectUnauthorized: false, lookup }

/** A connection that both sides end. */
export async function useSocket(port: number): Promise<void> {
  const socket = builtin('node:net').connect({ host: TARGET.host, port, lookup })
  socket.setNoDelay(true).setTimeout(30_000, () => {})
  socket.on('data', () => {})
  await builtin('node:events').once(socket, 'connect')
  socket.end()
  await builtin('node:events').once(socket, 'close')
}

/** Requests as SDKs and other libraries make them: over kept connections, by names and by URLs, with and without bodies. */
export async function useHttp(
  module: typeof import('node:http') | typeof import('node:https'),
  port: number,
) {
  const { Agent, request, get } = module as typeof import('node:https')
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(BODY),
    accept: '*/*',
  }
  const post = (method: string, body: string | undefined) =>
    new Promise<void>((resolve, reject) => {
      const options = { ...TARGET, port, method, agent, headers: body === undefined ? {} : headers }
      const sent = request(options, (response) => answered(response).then(resolve, reject))
      sent.on('error', reject)
      sent.setTimeout(30_000, () => {})
      sent.on('socket', (socket) => socket.setKeepAlive(true, 1000))
      sent.end(body)
    })
  for (const body of [BODY, undefined, BODY]) {
    await post(body === undefined ? 'GET' : 'POST', body)
  }
  agent.destroy()
  // With a body that comes in parts, and on a connection of its own: the session of the first one is taken up again.
  const url = new URL(`${module === builtin('node:http') ? 'http' : 'https'}://localhost:${port}/orders`)
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { method: 'PUT', rejectUnauthorized: false, lookup }, (response) =>
      answered(response).then(resolve, reject),
    )
    sent.on('error', reject)
    sent.setHeader('x-part', 'yes')
    sent.write('a')
    sent.write(Buffer.from('b'))
    sent.end()
  })
  await new Promise<void>((resolve, reject) => {
    get(url, { rejectUnauthorized: false, lookup }, (response) =>
      answered(response).then(resolve, reject),
    ).on('error', reject)
  })
  module.globalAgent.destroy()
}

async function answered(response: import('node:http').IncomingMessage): Promise<void> {
  void [response.statusCode, response.headers, response.rawHeaders]
  if (response.headers['x-gzip']) {
    await builtin('node:stream/consumers').text(response.pipe(builtin('node:zlib').createGunzip()))
    return
  }
  const chunks: Buffer[] = []
  response.on('data', (chunk) => chunks.push(chunk))
  await builtin('node:events').once(response, 'end')
  JSON.parse(Buffer.concat(chunks).toString())
}

/** What the handler's rehearsal does, and with it what Node.js's servers do, which some functions have, too. */
export async function rehearseRequests(): Promise<void> {
  const { AsyncLocalStorage } = builtin('node:async_hooks')
  const rehearsal = new AsyncLocalStorage<true>()
  const ask = async () => {
    for (const { request } of [builtin('node:http'), builtin('node:https')]) {
      await new Promise<void>((resolve, reject) => {
        const sent = request({ host: 'localhost', path: '/orders', method: 'POST' }, (response) =>
          answered(response).then(resolve, reject),
        )
        sent.on('error', reject)
        sent.end(BODY)
      })
    }
  }
  const response = { status: 200, headers: {}, body: Buffer.from(BODY).toString('base64') }
  const settings = { events: [{}], stubs: [{ url: '*', headers: {}, response }] }
  const isRehearsing = () => rehearsal.getStore() === true
  await rehearse({ settings, call: () => rehearsal.run(true, ask), isRehearsing })
}

export async function useHttp2(port: number): Promise<void> {
  const session = builtin('node:http2').connect(`https://localhost:${port}`, {
    rejectUnauthorized: false,
    lookup,
  })
  try {
    const stream = session.request({ ':path': '/', ':method': 'POST' })
    stream.end(BODY)
    await builtin('node:stream/consumers').text(stream)
  } finally {
    session.destroy()
  }
}

/** `isRepeatable`: whether the same is compiled by it each time. */
export async function useFetch(port: number, isRepeatable: boolean): Promise<void> {
  const url = `http://127.0.0.1:${port}/orders`
  await (await fetch(url)).json()
  const headers = new Headers({ 'content-type': 'application/json', authorization: 'Bearer none' })
  const response = await fetch(new Request(url, { method: 'POST', headers, body: BODY }))
  void [response.ok, response.headers.get('content-type')]
  await response.text()
  await (await fetch(url, { signal: AbortSignal.timeout(30_000) })).arrayBuffer()
  if (!isRepeatable) {
    return
  }
  // undici's own clock ticks every 499 ms: on a busy machine it would have done so already, on another it would not.
  await builtin('node:timers/promises').setTimeout(UNDICI_TICK_MS)
}
