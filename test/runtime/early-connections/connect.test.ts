/** Connections that are opened before they are asked for: who gets them, who does not, and that nobody can tell. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { SecureServer } from '../../support/secure-server.ts'

const MODULE = new URL('../../../src/runtime/early-connections/connect.ts', import.meta.url)

/** What a function's process has at hand. */
const LIBRARY = `
  import https from 'node:https'
  import tls from 'node:tls'
  import { once } from 'node:events'
  import { setTimeout as sleep } from 'node:timers/promises'
  const { connect } = await import(${JSON.stringify(MODULE.href)})
  const [,, host = ''] = process.argv
  const [name, port] = host.split(':')
  const url = 'https://' + host
  const original = tls.connect
  const open = (timeoutMs = 5000, isClosed = () => false) =>
    connect({ hosts: [host], timeoutMs, isClosed }).then((all) =>
      all.map(({ host, error }) => error === undefined ? host : String(error.code ?? error.message)))
  const get = (path, options = {}) => new Promise((resolve, reject) => {
    const request = https.get(url + path, options, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve(text)
    })
    request.on('error', (error) => resolve(error.code))
  })
  /** Nothing is read meanwhile. */
  const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
`

/** What a program returns that is run in a process which trusts the server. */
async function run(server: SecureServer, program: string, host = server.host): Promise<unknown> {
  const text = `${LIBRARY}\nconst result = await (async () => { ${program} })()\nconsole.log(JSON.stringify(result ?? null))\nprocess.exit()`
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', text, '-', host],
    { timeout: 60_000, env: { ...process.env, ...server.environment } },
  )
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

async function start(t: TestContext, options: Parameters<typeof SecureServer.start>[0] = {}) {
  const server = await SecureServer.start(options)
  t.after(() => server.stop())
  return server
}

for (const [who, request] of [
  ['https.get', `await get('/a')`],
  ['https.request without an agent', `await get('/a', { agent: false })`],
  [
    'an agent that keeps connections',
    `await get('/a', { agent: new https.Agent({ keepAlive: true, maxSockets: 50 }) })`,
  ],
  ['fetch', `await (await fetch(url + '/a')).text()`],
] as const) {
  test(`the first request of ${who} goes over the early connection`, async (t) => {
    const server = await start(t)
    const result = await run(
      server,
      `
      const opened = await open()
      const isReplaced = tls.connect !== original
      const answer = ${request}
      return { opened, isReplaced, answer, isBack: tls.connect === original }`,
    )
    assert.deepEqual(result, { opened: [server.host], isReplaced: true, answer: '"Hello"', isBack: true })
    assert.deepEqual([server.connections, server.handshakes], [1, { full: 1, resumed: 0 }])
    assert.deepEqual(server.requests, ['/a 1'])
  })
}

test('an agent keeps it as any of its own, and accounts for it; what follows resumes its session', async (t) => {
  const server = await start(t)
  const result = await run(
    server,
    `
    await open()
    const agent = new https.Agent({ keepAlive: true })
    const count = (all) => Object.values(all).flat().length
    const first = get('/a', { agent })
    const during = [count(agent.sockets), count(agent.freeSockets)]
    await first
    await new Promise(setImmediate)
    const after = [count(agent.sockets), count(agent.freeSockets)]
    await Promise.all([get('/b', { agent }), get('/c', { agent })])
    return { during, after }`,
  )
  assert.deepEqual(result, { during: [1, 0], after: [0, 1] })
  assert.deepEqual(server.handshakes, { full: 1, resumed: 1 })
  assert.deepEqual(server.requests.toSorted(), ['/a 1', '/b 1', '/c 2'])
})

test('of two requests at once one gets it, and the other its own', async (t) => {
  const server = await start(t)
  assert.deepEqual(await run(server, `await open(); return Promise.all([get('/a'), get('/b')])`), [
    '"Hello"',
    '"Hello"',
  ])
  assert.equal(server.connections, 2)
})

test('its events come as those of any connection, after the request’s own', async (t) => {
  const server = await start(t)
  const follow = `
    const follow = (request) => new Promise((resolve) => {
      const seen = []
      request.on('socket', (socket) => {
        seen.push('socket', socket.connecting, socket.secureConnecting)
        for (const name of ['lookup', 'connect', 'ready', 'secureConnect', 'session', 'close']) {
          socket.on(name, () => seen.push(name, socket.connecting))
        }
      })
      request.on('response', (response) => {
        const { socket } = response
        seen.push('response', socket.authorized, socket.alpnProtocol, socket.getPeerCertificate().subjectaltname, request.reusedSocket)
        response.resume().on('end', () => resolve(seen.filter((each, index) => each !== 'session' && seen[index - 1] !== 'session')))
      })
      request.end()
    })`
  const result = await run(
    server,
    `${follow}
    const usual = await follow(https.request(url + '/a', { agent: new https.Agent() }))
    await open()
    const early = await follow(https.request(url + '/b', { agent: new https.Agent() }))
    return { usual, early }`,
  )
  const { usual, early } = result as Record<string, unknown[]>
  assert.deepEqual(early, usual)
  assert.ok(early?.includes('secureConnect'))
  assert.deepEqual(server.requests, ['/a 1', '/b 2'])
  assert.equal(server.connections, 2)
})

test('who waits for one event after the other, and with a listener of tls.connect, gets them', async (t) => {
  const server = await start(t)
  const result = await run(
    server,
    `
    await open()
    let isTold = false
    const socket = tls.connect({ host: name, port, servername: name, ALPNProtocols: ['http/1.1'] }, () => { isTold = true })
    socket.write('GET /a HTTP/1.1\\r\\nhost: a\\r\\nconnection: close\\r\\n\\r\\n')
    await once(socket, 'connect')
    await once(socket, 'secureConnect')
    const [bytes] = await once(socket, 'data')
    return [isTold, String(bytes).split('\\r\\n')[0]]`,
  )
  assert.deepEqual(result, [true, 'HTTP/1.1 200 OK'])
  assert.equal(server.connections, 1)
})

test('what comes of it belongs to the code that asked for it', async (t) => {
  const server = await start(t)
  const result = await run(
    server,
    `
    const { AsyncLocalStorage } = await import('node:async_hooks')
    const storage = new AsyncLocalStorage()
    await storage.run('init', () => open())
    return storage.run('invocation', async () => {
      const socket = tls.connect({ host: name, port, servername: name, ALPNProtocols: ['http/1.1'] })
      const seen = []
      for (const event of ['connect', 'secureConnect', 'data']) {
        socket.on(event, () => seen.push(storage.getStore()))
      }
      socket.write('GET /a HTTP/1.1\\r\\nhost: a\\r\\nconnection: close\\r\\n\\r\\n')
      await once(socket, 'close')
      return seen
    })`,
  )
  assert.deepEqual([...new Set(result as string[])], ['invocation'])
  assert.equal(server.connections, 1)
})

for (const [what, options] of [
  ['certificates of others', `{ ca: tls.rootCertificates }`],
  ['certificates that are not checked', `{ rejectUnauthorized: false }`],
  ['another check of the name', `{ checkServerIdentity: () => undefined }`],
  ['another name', `{ servername: 'other.example' }`],
  ['no name', `{ servername: '' }`],
  ['a version of TLS', `{ maxVersion: 'TLSv1.2' }`],
  ['another protocol', `{ ALPNProtocols: ['http/1.0'] }`],
  [
    'a look-up of its own',
    `{ lookup: (host, all, done) => done(null, all.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4) }`,
  ],
  ['an address family', `{ family: 4 }`],
  ['a context of its own', `{ secureContext: tls.createSecureContext({ ca: tls.rootCertificates }) }`],
] as const) {
  test(`a request with ${what} gets a connection of its own, and the early one stays`, async (t) => {
    const server = await start(t)
    await run(
      server,
      `
      await open()
      await get('/a', { agent: new https.Agent(${options}) })
      await get('/b', { agent: new https.Agent() })`,
    )
    assert.deepEqual(server.requests.at(-1), '/b 1')
    assert.deepEqual(server.connections, 2)
  })
}

test('who brings a session of its own gets it, too: a rehearsal leaves some', async (t) => {
  const server = await start(t)
  const result = await run(
    server,
    `
    const agent = new https.Agent()
    await get('/a', { agent })
    await open()
    return get('/b', { agent })`,
  )
  assert.equal(result, '"Hello"')
  assert.deepEqual(server.requests, ['/a 1', '/b 2'])
  assert.equal(server.connections, 2)
})

test('defaults that have changed since make it useless', async (t) => {
  const server = await start(t)
  assert.equal(
    await run(
      server,
      `
    await open()
    tls.DEFAULT_MAX_VERSION = 'TLSv1.2'
    return new Promise((resolve) => https.get(url, ({ socket }) => resolve(socket.getProtocol())))`,
    ),
    'TLSv1.2',
  )
  const trusting = `
    await open()
    tls.setDefaultCACertificates([])
    return [await get('/a'), tls.connect === original]`
  assert.deepEqual(await run(server, trusting), ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', true])
})

test('a server that closes it early loses nothing: the request makes its own connection', async (t) => {
  const server = await start(t, { onConnection: (socket, number) => number === 1 && socket.end() })
  assert.deepEqual(
    await run(
      server,
      `
    await open()
    await sleep(300)
    return [await get('/a'), tls.connect === original]`,
    ),
    ['"Hello"', true],
  )
  assert.deepEqual(server.requests, ['/a 2'])
})

for (const [how, close] of [
  ['an end', (socket: { end(): void }) => setTimeout(() => socket.end(), 100)],
  ['a reset', (socket: object) => setTimeout(() => Reflect.get(socket, '_parent').resetAndDestroy(), 100)],
] as const) {
  test(`${how} of it that has come and was not read yet is seen`, async (t) => {
    const server = await start(t, { onConnection: (socket, number) => number === 1 && close(socket) })
    assert.equal(await run(server, `await open(); block(500); return get('/a')`), '"Hello"')
    assert.deepEqual(server.requests, ['/a 2'])
  })
}

test('after a freeze it is not used, but its session is', async (t) => {
  const server = await start(t)
  assert.equal(
    await run(
      server,
      `
    await open()
    await sleep(200)
    const { now } = Date
    Date.now = () => now() + 60_000
    return get('/a')`,
    ),
    '"Hello"',
  )
  assert.deepEqual(server.handshakes, { full: 1, resumed: 1 })
  assert.deepEqual(server.requests, ['/a 2'])
})

test('nobody who may have none of them gets one', async (t) => {
  const server = await start(t)
  await run(
    server,
    `
    let isClosed = true
    await open(5000, () => isClosed)
    await get('/a')
    isClosed = false
    await get('/b', { agent: new https.Agent() })`,
  )
  assert.deepEqual(server.requests, ['/a 2', '/b 1'])
})

test('it keeps no process alive', async (t) => {
  const server = await start(t)
  const program = `
    await open()
    process.exit = () => {}
    return process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name))`
  assert.deepEqual(await run(server, program), [])
})

test('a certificate for another name is a failure, and the request fails as it would', async (t) => {
  const server = await start(t, { names: ['example.com'] })
  const result = await run(server, `return [await open(), tls.connect === original, await get('/a')]`)
  assert.deepEqual(result, [['ERR_TLS_CERT_ALTNAME_INVALID'], true, 'ERR_TLS_CERT_ALTNAME_INVALID'])
})

test('hosts that are not there or are none are failures', async (t) => {
  const server = await start(t)
  const opened = async (host: string) =>
    await run(server, `return [await open(), tls.connect === original]`, host)
  assert.deepEqual(await opened('localhost:1'), [['ECONNREFUSED'], true])
  assert.deepEqual(await opened('nobody.invalid'), [['ENOTFOUND'], true])
  assert.deepEqual(await opened('https://example.com'), [['it should be HOST or HOST:PORT'], true])
})

test('who does not answer is waited for as long as is told, and not given to anybody', async (t) => {
  const mute = createServer().listen(0, 'localhost')
  await once(mute, 'listening')
  t.after(() => mute.close())
  const server = await start(t)
  const host = `localhost:${(mute.address() as AddressInfo).port}`
  const program = `
    const begun = performance.now()
    const opened = await open(300)
    const took = performance.now() - begun
    return { opened, isBounded: took >= 299 && took < 5000, isBack: tls.connect === original }`
  assert.deepEqual(await run(server, program, host), {
    opened: ['it took over 300 ms'],
    isBounded: true,
    isBack: true,
  })
})
