/** undici's client with lambdabin's connections in it, as executables have the two. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RuntimeRequest } from '../../../src/runtime/connection/requests.ts'
import type { Reply, RuntimeConnection } from '../../../src/runtime/connection/runtime-connection.ts'
import { bundleShipped, loadShipped } from '../../support/projects/shipped-module.ts'

type Connection = InstanceType<typeof RuntimeConnection>

let folder: string
let bundle: string
let shipped: { RuntimeConnection: new (runtimeApi: string) => Connection }

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  bundle = await bundleShipped('src/runtime/connection/runtime-connection.ts', folder)
  shipped = loadShipped(bundle)
})
after(() => rmSync(folder, { recursive: true }))

const NEXT: RuntimeRequest = { method: 'GET', path: '/next', headers: [], body: null }
const post = (body: string): RuntimeRequest => ({
  method: 'POST',
  path: '/response',
  headers: ['x-name', 'value'],
  body,
})
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** A server that has `answer` called with each piece that arrives, and how many connections there were before. */
async function withServer(
  answer: (socket: Socket, text: string, connection: number) => void,
  work: (connection: Connection, sockets: Socket[], server: Server) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const number = sockets.push(socket) - 1
    socket.on('error', () => {})
    socket.setEncoding('utf8').on('data', (text: string) => answer(socket, text, number))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    await work(new shipped.RuntimeConnection(`127.0.0.1:${port}`), sockets, server)
  } finally {
    for (const socket of sockets) {
      socket.destroy()
    }
    server.close()
  }
}

const text = ({ body }: Reply): string => body.text

test('a request is a head as HTTP/1.1 has it, with host and length, and headers in their order', async () => {
  const arrived: string[] = []
  await withServer(
    (socket, request) => {
      arrived.push(request)
      socket.write(OK)
    },
    async (connection, _sockets, server) => {
      assert.equal(text(await connection.send(NEXT)), 'ok')
      assert.equal(text(await connection.send(post('{"text":"é"}'))), 'ok')
      const { port } = server.address() as { port: number }
      assert.deepEqual(arrived, [
        `GET /next HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\n\r\n`,
        `POST /response HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\nx-name: value\r\n` +
          'content-length: 13\r\n\r\n{"text":"é"}',
      ])
    },
  )
})

test('bodies of all lengths arrive whole, in one write or in two', async () => {
  let received = ''
  await withServer(
    (socket, piece) => {
      received += piece
      const [head = '', body = ''] = received.split('\r\n\r\n')
      if (Buffer.byteLength(body) === Number(/content-length: (\d+)/.exec(head)?.[1])) {
        socket.write(OK)
      }
    },
    async (connection, sockets) => {
      for (const length of [0, 1, 15 * 1024 - 1, 15 * 1024, 15 * 1024 + 1, 300_000]) {
        for (const letter of ['x', 'é']) {
          received = ''
          const body = letter.repeat(length)
          assert.equal((await connection.send(post(body))).status, 200)
          assert.ok(received.endsWith(`\r\n\r\n${body}`), `${length} of ${letter}`)
        }
      }
      assert.equal(sockets.length, 1)
    },
  )
})

test('hundreds of requests, also made at once, are answered in turn over one connection', async () => {
  await withServer(
    (socket, request) => socket.write(OK.replace('ok', request.includes('/next') ? 'ne' : 're')),
    async (connection, sockets) => {
      for (let round = 0; round < 300; round++) {
        assert.equal(text(await connection.send(NEXT)), 'ne')
      }
      const both = await Promise.all([
        connection.send(NEXT),
        connection.send(post('1')),
        connection.send(NEXT),
      ])
      assert.deepEqual(both.map(text), ['ne', 're', 'ne'])
      assert.equal(sockets.length, 1)
    },
  )
})

test('a connection that the server closes, or says it will, is opened anew by the next request', async () => {
  await withServer(
    (socket, _request, number) => {
      if (number === 0) {
        socket.end(OK)
      } else {
        socket.write(OK.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'))
      }
    },
    async (connection, sockets) => {
      assert.equal(text(await connection.send(NEXT)), 'ok')
      await once(sockets[0] as Socket, 'close')
      assert.equal(text(await connection.send(NEXT)), 'ok')
      assert.equal(text(await connection.send(NEXT)), 'ok')
      assert.equal(sockets.length, 3)
    },
  )
})

for (const [what, reply, cut] of [
  ['nothing', '', undefined],
  ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le', undefined],
  ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 'half'],
  ['half a chunked body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n', 'half'],
] as const) {
  test(`a connection that ends after ${what} fails that request alone`, async () => {
    await withServer(
      (socket, _request, number) => (number === 0 ? socket.end(reply) : socket.write(OK)),
      async (connection) => {
        const sent = connection.send(NEXT)
        if (cut === undefined) {
          await assert.rejects(sent, { code: 'UND_ERR_SOCKET' })
        } else {
          const { body, cutShort } = await sent
          assert.equal(body.text, cut)
          assert.ok(cutShort)
        }
        assert.equal(text(await connection.send(NEXT)), 'ok')
      },
    )
  })
}

test('a body of no stated length ends with its connection', async () => {
  await withServer(
    (socket, _request, number) =>
      number === 0 ? socket.end('HTTP/1.1 200 OK\r\n\r\nall of it') : socket.write(OK),
    async (connection) => {
      const reply = await connection.send(NEXT)
      assert.equal(text(reply), 'all of it')
      assert.equal(reply.cutShort, undefined)
      assert.equal(text(await connection.send(NEXT)), 'ok')
    },
  )
})

test('what is no HTTP, and what nobody asked for, ends the connection and not the process', async () => {
  await withServer(
    (socket, _request, number) =>
      number === 0 ? socket.write('SSH-2.0-OpenSSH_9.2\r\n') : socket.write(number === 1 ? `${OK}${OK}` : OK),
    async (connection, sockets) => {
      await assert.rejects(connection.send(NEXT), { name: 'MalformedResponse' })
      assert.equal(text(await connection.send(NEXT)), 'ok')
      await once(sockets[1] as Socket, 'close')
      assert.equal(text(await connection.send(NEXT)), 'ok')
      assert.equal(sockets.length, 3)
    },
  )
})

test('nobody listens: the request fails, and a later one is tried anew', async () => {
  let port = 0
  await withServer(
    () => {},
    async (_connection, _sockets, server) => {
      port = (server.address() as { port: number }).port
    },
  )
  const connection = new shipped.RuntimeConnection(`127.0.0.1:${port}`)
  await assert.rejects(connection.send(NEXT), { code: 'ECONNREFUSED' })
  const server = createServer((socket) => socket.on('data', () => socket.end(OK)))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  assert.equal(text(await connection.send(NEXT)), 'ok')
  server.close()
})

test('a request keeps the process alive, and an idle connection does not', async () => {
  const program = `
    const { RuntimeConnection } = require(${JSON.stringify(bundle)})
    const { createServer } = require('node:net')
    const server = createServer((socket) => {
      socket.unref()
      socket.on('data', () => setTimeout(() => socket.write(${JSON.stringify(OK)}), 100).unref())
    })
    server.listen(0, '127.0.0.1', () => {
      const connection = new RuntimeConnection('127.0.0.1:' + server.address().port)
      server.unref()
      connection.send({ method: 'GET', path: '/', headers: [], body: null }).then(({ body }) => console.log(body.text))
    })`
  const { status, stdout } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.deepEqual([status, stdout], [0, 'ok\n'])
})
