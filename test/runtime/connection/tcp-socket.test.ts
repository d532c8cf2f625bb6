/** The connection that executables have, against servers that behave in all ways that a socket can. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { RuntimeSocket } from '../../../src/runtime/connection/runtime-socket.ts'
import { socketConnector } from '../../../src/runtime/connection/tcp-socket.ts'

const connectRuntimeSocket = socketConnector()

async function serve(t: TestContext, onConnection: (socket: Socket) => void, host = '127.0.0.1') {
  const server: Server = createServer(onConnection).listen(0, host)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  t.after(() => {
    for (const socket of sockets) {
      socket.destroy()
    }
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** What happens to a socket, in order. */
function record(socket: RuntimeSocket): string[] {
  const events: string[] = []
  socket.on('connect', () => events.push('connect'))
  socket.on('error', (error) => events.push(`error ${error.message}`))
  socket.on('end', () => events.push('end'))
  socket.on('close', () => events.push('close'))
  return events
}

const closed = (socket: RuntimeSocket) => new Promise<void>((resolve) => socket.on('close', resolve))
const connected = (socket: RuntimeSocket) => new Promise<void>((resolve) => socket.once('connect', resolve))

/** All that arrives, as text. */
function received(socket: RuntimeSocket): { text: string } {
  const all = { text: '' }
  socket.listenToBytes((memory, length) => {
    all.text += memory.toString('utf8', 0, length)
  })
  return all
}

/** Some turns of the event loop, in which whatever is under way on this host comes to an end. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('it is no stream, and writes and reads text in its encodings', async (t) => {
  const port = await serve(t, (socket) => socket.pipe(socket))
  const socket = connectRuntimeSocket('127.0.0.1', port)
  assert.ok(!(socket instanceof Socket))
  await connected(socket)
  const all = received(socket)
  socket.writeText('caf\u00e9 ', 'utf8')
  socket.writeText('plain ', 'latin1')
  socket.writeText('世界', 'utf8')
  while (!all.text.endsWith('世界')) {
    await new Promise(setImmediate)
  }
  assert.equal(all.text, 'café plain 世界')
  socket.destroy()
  await closed(socket)
})

test('what a slow peer does not take at once arrives whole and in order', async (t) => {
  let [bytes, text] = [0, '']
  const port = await serve(t, (socket) => {
    socket.pause()
    socket.on('data', (chunk) => {
      bytes += chunk.length
      text += chunk.toString('latin1')
    })
    setTimeout(() => socket.resume(), 200)
  })
  const socket = connectRuntimeSocket('127.0.0.1', port)
  await connected(socket)
  const long = Array.from({ length: 700_000 }, (_, index) => `${index % 10}bcdefghi`).join('')
  socket.writeText('head ', 'latin1')
  socket.writeText(long, 'utf8')
  socket.writeText(' tail', 'latin1')
  while (bytes < long.length + 10) {
    await new Promise(setImmediate)
  }
  assert.ok(text === `head ${long} tail`)
  socket.destroy()
  await closed(socket)
})

test('a connection that is refused is an error as Node.js’s own, and closed', async (t) => {
  const port = await serve(t, () => {})
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  assert.notEqual(free, port)
  const [own, nodes] = await Promise.all(
    [connectRuntimeSocket('127.0.0.1', free), new Socket().connect(free, '127.0.0.1')].map(async (socket) => {
      const events = record(socket as RuntimeSocket)
      const isClosed = closed(socket as RuntimeSocket)
      const [error] = await once(socket as Socket, 'error')
      await isClosed
      assert.equal((socket as RuntimeSocket).errored, error)
      return { events, message: error.message, code: error.code, errno: error.errno, syscall: error.syscall }
    }),
  )
  assert.deepEqual(own, nodes)
  assert.equal(own?.code, 'ECONNREFUSED')
})

test('an address that nothing can be connected to is an error, not an exception', async () => {
  for (const host of ['999.1.1.1', '255.255.255.255']) {
    const socket = connectRuntimeSocket(host, 1)
    const events = record(socket)
    await closed(socket)
    assert.match(events[0] ?? '', /^error connect E\w+ /, host)
  }
})

test('the end of the peer is told, and closes', async (t) => {
  const port = await serve(t, (socket) => socket.end('last words'))
  const socket = connectRuntimeSocket('127.0.0.1', port)
  const events = record(socket)
  const all = received(socket)
  await closed(socket)
  assert.deepEqual(events, ['connect', 'end', 'close'])
  assert.equal(all.text, 'last words')
  assert.equal(socket.errored, null)
})

test('a peer that resets is an error, and closes', async (t) => {
  const port = await serve(t, (socket) => socket.on('data', () => socket.resetAndDestroy()))
  const socket = connectRuntimeSocket('127.0.0.1', port)
  const events = record(socket)
  await connected(socket)
  socket.writeText('x', 'latin1')
  await closed(socket)
  assert.deepEqual(events, ['connect', 'error read ECONNRESET', 'close'])
})

test('writing to a peer that is gone is an error, and after the end nothing', async (t) => {
  const port = await serve(t, (socket) => socket.on('data', () => socket.resetAndDestroy()))
  const socket = connectRuntimeSocket('127.0.0.1', port)
  const events = record(socket)
  await connected(socket)
  const many = setInterval(() => socket.writeText('x'.repeat(100_000), 'latin1'), 1)
  await closed(socket)
  socket.writeText('more', 'latin1')
  await turns()
  clearInterval(many)
  assert.match(events.join(), /^connect,error (read ECONNRESET|write EPIPE|write ECONNRESET),close$/)
})

test('what destroys it is told once, with writes under way or none', async (t) => {
  const port = await serve(t, (socket) => socket.pause())
  for (const text of ['', 'x'.repeat(50_000_000)]) {
    const socket = connectRuntimeSocket('127.0.0.1', port)
    const events = record(socket)
    await connected(socket)
    socket.writeText(text, 'latin1')
    const error = new Error('given up')
    socket.destroy(error).destroy(new Error('again'))
    assert.ok(socket.destroyed)
    assert.deepEqual(events, ['connect'])
    await closed(socket)
    assert.deepEqual(events, ['connect', 'error given up', 'close'])
    assert.equal(socket.errored, error)
    socket.ref().unref()
  }
})

test('one that is destroyed before it is connected only closes', async (t) => {
  const port = await serve(t, () => {})
  const socket = connectRuntimeSocket('127.0.0.1', port)
  const events = record(socket)
  socket.destroy()
  await closed(socket)
  await turns()
  assert.deepEqual(events, ['close'])
})

test('there is a descriptor while the connection is open', async (t) => {
  const port = await serve(t, () => {})
  for (const host of ['127.0.0.1', 'localhost']) {
    const socket = connectRuntimeSocket(host, port)
    socket.on('error', () => {})
    assert.equal(socket.openDescriptor(), -1)
    await connected(socket)
    assert.ok(socket.openDescriptor() > 2, host)
    socket.destroy()
    assert.equal(socket.openDescriptor(), -1)
    await closed(socket)
  }
})

test('where there is no IPv4 address, or no handle, it is a socket of node:net', async (t) => {
  const port = await serve(t, (socket) => socket.pipe(socket))
  const binding = Reflect.get(process, 'binding')
  t.after(() => Reflect.set(process, 'binding', binding))
  const refusal = () => {
    throw new Error('Access to this API has been restricted')
  }
  for (const [host, ofProcess] of [
    ['localhost', binding],
    ['127.0.0.1', undefined],
    ['127.0.0.1', refusal],
    ['127.0.0.1', () => ({})],
  ] as const) {
    Reflect.set(process, 'binding', ofProcess)
    const socket = socketConnector()(host, port)
    assert.ok(socket instanceof Socket)
    await connected(socket)
    const all = received(socket)
    const long = 'y'.repeat(1_000_000)
    socket.writeText('ab', 'latin1')
    socket.writeText(long, 'latin1')
    socket.writeText('ç', 'utf8')
    while (all.text.length < long.length + 3) {
      await new Promise(setImmediate)
    }
    assert.ok(all.text === `ab${long}ç`)
    socket.destroy()
    await closed(socket)
  }
})

test('no warning comes of it, and the process’s own settings stay', (t) => {
  const warned = t.mock.method(process, 'emitWarning')
  assert.equal(Object.hasOwn(process, 'noDeprecation'), false)
  connectRuntimeSocket('127.0.0.1', 1)
    .on('error', () => {})
    .destroy()
  assert.equal(Object.hasOwn(process, 'noDeprecation'), false)
  assert.equal(warned.mock.callCount(), 0)
})
