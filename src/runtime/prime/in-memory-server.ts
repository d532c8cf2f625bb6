/**
 * A server at the other end of a pair of streams in memory: what Node.js's clients are primed against, with no network, port or
 * file. It answers each request with the same few bytes of JSON, as AWS's services do.
 */

import type { Duplex } from 'node:stream'
import type { SecureContext, TLSSocket } from 'node:tls'
import { OWN_CERTIFICATE, OWN_KEY } from './own-certificate.ts'

/** A connection that leads nowhere: what a client is given as its socket, and both ends of it. */
export interface Connection {
  readonly socket: Duplex
  /** Resolves once nothing of it is left. */
  close(): Promise<void>
}

/** What it answers each request with. */
export interface Answer {
  readonly type: string
  /** Further headers, each with its line's end. */
  readonly headers?: string
  readonly body: string
}

const JSON_ANSWER: Answer = { type: 'application/json', body: '{}' }

export interface ServerOptions {
  readonly answer?: Answer
  /** Is called with each request. One for which it returns false is not answered. */
  readonly onRequest?: () => boolean
}

function responseOf({ type, headers = '', body }: Answer): string {
  const lines = [
    'HTTP/1.1 200 OK',
    'Server: Server',
    'Date: Thu, 01 Jan 1970 00:00:00 GMT',
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Connection: keep-alive',
    'x-amzn-RequestId: 0',
  ]
  return `${lines.join('\r\n')}\r\n${headers}\r\n${body}`
}

/** Of a request's headers; its body comes with them or is not waited for. */
const END_OF_HEADERS = '\r\n\r\n'

let context: SecureContext | undefined

/** Both ends have it: nothing is kept safe by it. */
const SHARED_KEY = new Uint8Array(32)
/** With a shared key, OpenSSL takes this one. */
const CIPHER_OF_SHARED_KEYS = 'TLS_AES_128_GCM_SHA256'

/** What clients are to connect with: nobody vouches for the server, and nobody needs to. */
export const SERVER_TRUST = {
  rejectUnauthorized: false,
  pskCallback: () => ({ psk: SHARED_KEY, identity: 'priming' }),
} as const

/** What Node.js's agent does with each socket, and streams have not; there is no use for it here. */
const METHODS_OF_SOCKETS = ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'] as const

/** A connection to a server that speaks HTTP. */
export function connectPlain(options?: ServerOptions): Connection {
  const [client, server] = process.getBuiltinModule('node:stream').duplexPair()
  const socket = Object.assign(
    client,
    Object.fromEntries(METHODS_OF_SOCKETS.map((name) => [name, () => client])),
  )
  answer(server, options)
  return { socket, close: () => closed(client, server) }
}

/**
 * A connection to a server that speaks HTTP over TLS, with clients that have {@link SERVER_TRUST}. A shared key takes less than a
 * certificate, most of which is the server's own work, reading its key and signing: a first invocation was found no slower.
 */
export function connectSecure(server: ServerOptions = {}): Connection {
  const { createSecureContext, TLSSocket } = process.getBuiltinModule('node:tls')
  const [client, other] = process.getBuiltinModule('node:stream').duplexPair()
  context ??= createSecureContext(canShareKey() ? {} : ownCredentials())
  // Types have `pskCallback` for servers and clients alone, and not for the sockets that these make with it.
  const options = {
    isServer: true,
    secureContext: context,
    pskCallback: () => SHARED_KEY,
    ALPNProtocols: ['http/1.1'],
  }
  const secure = new TLSSocket(other, options)
  answer(secure, server)
  // First what may have something to write: it would make an error of what it cannot.
  return { socket: client, close: () => closed(secure, other, client) }
}

/** Whether Node.js's options leave what a shared key takes. */
function canShareKey(): boolean {
  const { DEFAULT_CIPHERS, DEFAULT_MAX_VERSION } = process.getBuiltinModule('node:tls')
  return DEFAULT_MAX_VERSION === 'TLSv1.3' && DEFAULT_CIPHERS.split(':').includes(CIPHER_OF_SHARED_KEYS)
}

/** Of servers in this process, which nobody is to trust. */
export function ownCredentials(): { readonly key: string; readonly cert: string } {
  return { key: pem('PRIVATE KEY', OWN_KEY), cert: pem('CERTIFICATE', OWN_CERTIFICATE) }
}

function answer(
  server: Duplex | TLSSocket,
  { answer = JSON_ANSWER, onRequest = () => true }: ServerOptions = {},
): void {
  let received = ''
  server.on('error', () => {})
  server.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1')
    if (received.includes(END_OF_HEADERS)) {
      received = ''
      if (onRequest()) {
        server.write(Buffer.from(responseOf(answer), 'latin1'))
      }
    }
  })
}

async function closed(...ends: readonly Duplex[]): Promise<void> {
  for (const end of ends) {
    await new Promise((resolve) => {
      if (end.closed) {
        resolve(undefined)
      } else {
        end.once('close', resolve).destroy()
      }
    })
  }
}

export function pem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}
