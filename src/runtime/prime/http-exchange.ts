/** A request and its response, through Node.js's own agent, parser and TLS, as SDKs make them. */

import type { Agent, IncomingMessage, RequestOptions } from 'node:http'
import { type Connection, connectPlain, connectSecure, SERVER_TRUST } from './in-memory-server.ts'

const BODY = '{}'

export async function exchange(): Promise<void> {
  const { Agent } = process.getBuiltinModule('node:http')
  // In the place of what would connect to somebody.
  const connection = connectPlain()
  const agent = new Agent({ keepAlive: true })
  Object.assign(agent, { createConnection: () => connection.socket })
  await request(connection, agent, { protocol: 'http:' })
}

export async function exchangeSecurely(): Promise<void> {
  const { Agent } = process.getBuiltinModule('node:https')
  const connection = connectSecure()
  // Given a socket, Node.js makes no connection of its own.
  const secure = { socket: connection.socket, ...SERVER_TRUST }
  await request(connection, new Agent({ keepAlive: true }), {
    protocol: 'https:',
    defaultPort: 443,
    ...secure,
  })
}

/** TLS alone, as clients of databases have it. */
export async function shakeHands(): Promise<void> {
  const { connect } = process.getBuiltinModule('node:tls')
  const connection = connectSecure()
  const socket = connect({ socket: connection.socket, servername: 'localhost', ...SERVER_TRUST })
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  } finally {
    socket.destroy()
    await connection.close()
  }
}

async function request(connection: Connection, agent: Agent, options: RequestOptions): Promise<void> {
  // Not http.request, which a library that was loaded before may have patched.
  const { ClientRequest } = process.getBuiltinModule('node:http')
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': String(BODY.length),
    host: 'localhost',
  }
  const target = { ...options, agent, headers, host: 'localhost', path: '/', method: 'POST' }
  try {
    await new Promise<void>((resolve, reject) => {
      const sent = new ClientRequest(target, (response) => readAll(response).then(resolve, reject))
      sent.on('error', reject)
      sent.end(BODY)
    })
  } finally {
    agent.destroy()
    await connection.close()
  }
}

async function readAll(response: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = []
  response.on('data', (chunk) => chunks.push(chunk))
  await new Promise((resolve, reject) => response.on('end', resolve).on('error', reject))
  JSON.parse(Buffer.concat(chunks).toString())
}
