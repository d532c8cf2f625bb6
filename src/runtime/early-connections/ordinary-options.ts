/**
 * Tells connections that are made as Node.js makes them by default from all others. Only the former may be a connection that was
 * opened early: so with any option that says with whom, how or by which certificates TLS is spoken, a caller gets its own.
 */

import type { ConnectionOptions } from 'node:tls'

/** What Node.js's `fetch` asks for. Its agents ask for no protocol, and speak this one. */
export const PROTOCOLS = ['http/1.1']

/**
 * Options of `tls.connect`, `tls.createSecureContext` and `net.connect` that make a connection another one. Those that set a
 * socket up, such as `noDelay`, can be set later, and are not among them; nor is `session`, which makes a handshake shorter.
 */
export const DISTINCTIVE = [
  ...['ALPNCallback', 'allowHalfOpen', 'allowPartialTrustChain', 'blockList', 'ca', 'cert'],
  ...['certificateCompression', 'ciphers', 'clientCertEngine', 'credentials', 'crl', 'dhparam', 'ecdhCurve'],
  ...['enableTrace', 'family', 'fd', 'handle', 'hints', 'honorCipherOrder', 'key', 'localAddress'],
  ...['localPort', 'lookup', 'maxVersion', 'minDHSize', 'minVersion', 'objectMode', 'onread', 'passphrase'],
  ...['path', 'pauseOnConnect', 'pfx', 'privateKeyEngine', 'privateKeyIdentifier', 'pskCallback'],
  ...['requestOCSP', 'secureContext', 'secureOptions', 'secureProtocol', 'sessionIdContext'],
  ...['sessionTimeout', 'sigalgs', 'signal', 'socket', 'socketPath', 'ticketKeys', 'typeOfService'],
]

/** What connections are made by where their options do not say. */
const DEFAULTS = [
  ...['DEFAULT_CIPHERS', 'DEFAULT_ECDH_CURVE', 'DEFAULT_MAX_VERSION', 'DEFAULT_MIN_VERSION'],
  ...['checkServerIdentity', 'createSecureContext'],
] as const

export interface Place {
  readonly host: string
  readonly port: number
}

/** Where a connection with these options leads to; undefined unless it is made as by default. */
export function ordinaryPlace(options: unknown): Place | undefined {
  if (typeof options !== 'object' || options === null) {
    return undefined
  }
  const all = options as ConnectionOptions & Record<string, unknown>
  const { host, port, servername, rejectUnauthorized, checkServerIdentity } = all
  const { checkServerIdentity: check } = process.getBuiltinModule('node:tls')
  const { isIP } = process.getBuiltinModule('node:net')
  const isOrdinary =
    typeof host === 'string' &&
    // An address is no server name.
    (servername ? servername === host : isIP(host) !== 0) &&
    (rejectUnauthorized ?? true) === true &&
    (!checkServerIdentity || checkServerIdentity === check) &&
    isForHttp(all) &&
    !DISTINCTIVE.some((name) => all[name])
  return isOrdinary ? { host: host.toLowerCase(), port: Number(port) } : undefined
}

function isForHttp({ ALPNProtocols: protocols, _agentKey: key }: Readonly<Record<string, unknown>>): boolean {
  return protocols
    ? Array.isArray(protocols) && protocols.join() === PROTOCOLS.join()
    : // Node.js's agents give it, and nobody else.
      typeof key === 'string'
}

/** What tells whether Node.js's defaults are those that they were. */
export function currentDefaults(): readonly unknown[] {
  const tls = process.getBuiltinModule('node:tls')
  return DEFAULTS.map((name) => tls[name])
}
