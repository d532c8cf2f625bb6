/**
 * Certificates for servers on this machine that answer in the place of others: an authority that is made for one run, and
 * what it vouches for.
 *
 * Node.js reads certificates but makes none. These are X.509, version 3 (RFC 5280), in DER (ITU-T X.690), with keys on the
 * curve P-256 and signatures by ECDSA and SHA-256 (RFC 5758), or with RSA keys of 2,048 bits as Amazon's own servers have.
 */

import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** Whatever a test has put in the place of `Date`: who is given the certificate has a clock of its own. */
const { now: timeOfDay } = Date

export type KeyKind = 'ec' | 'rsa'

/** A certificate with its key, both as PEM. */
export interface Certificate {
  readonly key: string
  /** The certificate, and behind it those of the authorities between it and the root. */
  readonly chain: string
}

interface Issuer {
  readonly name: Buffer
  readonly key: KeyObject
}

/** What DER calls the kinds of values, where they are used here. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

const OID = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const

/** Bits of a key's usage: DER counts them from the left, and leaves out zeros at the end. */
const KEY_CERT_SIGN = Buffer.from([2, 0b0000_0100])
const DAY_MS = 86_400_000

/** An authority of its own, which nobody trusts but who is told to. */
export class CertificateAuthority {
  /** The root's certificate, as PEM: what is to be trusted. */
  readonly certificate: string
  readonly #kind: KeyKind
  readonly #issuer: Issuer
  /** The certificates that come behind those that are issued. */
  readonly #between: string

  constructor(name: string, kind: KeyKind = 'ec') {
    const root = { name: commonName(`${name} root`), key: newKey(kind) }
    this.#kind = kind
    this.#issuer = { name: commonName(name), key: newKey(kind) }
    this.certificate = pem('CERTIFICATE', certificate(root.name, root, root.key, authorityExtensions()))
    this.#between = pem(
      'CERTIFICATE',
      certificate(this.#issuer.name, root, this.#issuer.key, authorityExtensions()),
    )
  }

  /** For a server of these names and addresses. */
  issue(hosts: readonly string[]): Certificate {
    const key = newKey(this.#kind)
    const names = extension(OID.subjectAltName, sequence(...hosts.map(generalName)))
    const own = certificate(commonName(hosts[0] ?? 'nobody'), this.#issuer, key, [names])
    return {
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
      chain: pem('CERTIFICATE', own) + this.#between,
    }
  }
}

function newKey(kind: KeyKind): KeyObject {
  const { privateKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey
}

function certificate(subject: Buffer, issuer: Issuer, key: KeyObject, extensions: readonly Buffer[]): Buffer {
  const algorithm = sequence(
    issuer.key.asymmetricKeyType === 'ec' ? oid(OID.ecdsaWithSha256) : oid(OID.rsaWithSha256),
    ...(issuer.key.asymmetricKeyType === 'ec' ? [] : [Buffer.from([0x05, 0])]),
  )
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40 // Positive, and of no fewer bytes.
  const now = timeOfDay()
  const contents = sequence(
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serial),
    algorithm,
    issuer.name,
    // From yesterday: clocks differ.
    sequence(time(now - DAY_MS), time(now + 3650 * DAY_MS)),
    subject,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', contents, issuer.key)
  return sequence(contents, algorithm, bits(0, signature))
}

function authorityExtensions(): Buffer[] {
  return [
    extension(OID.basicConstraints, sequence(der(TAG.boolean, Buffer.from([0xff]))), true),
    extension(OID.keyUsage, der(TAG.bitString, KEY_CERT_SIGN), true),
  ]
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [der(TAG.boolean, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...critical, der(TAG.octetString, value))
}

/** A DNS name or an IP address. */
function generalName(host: string): Buffer {
  const family = isIP(host)
  if (family === 0) {
    return der(0x82, Buffer.from(host, 'latin1'))
  }
  return der(0x87, family === 4 ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host))
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  }
  return bytes
}

function commonName(name: string): Buffer {
  return sequence(der(TAG.set, sequence(oid(OID.commonName), der(TAG.utf8, Buffer.from(name.slice(0, 64))))))
}

/** As 260131235959Z, and from 2050 on as 20500131235959Z. */
function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '')
  const isShort = text < '2050'
  return der(
    isShort ? TAG.utcTime : TAG.generalizedTime,
    Buffer.from(isShort ? text.slice(2) : text, 'latin1'),
  )
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** Seven bits in a byte, the eighth says that there are more. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) {
    bytes.unshift((left & 0x7f) | 0x80)
  }
  return bytes
}

function bits(unused: number, value: Buffer): Buffer {
  return der(TAG.bitString, Buffer.concat([Buffer.from([unused]), value]))
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(TAG.sequence, Buffer.concat(items))
}

/** A value with its kind and its length before it. */
function der(tag: number, value: Buffer): Buffer {
  const { length } = value
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), value])
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
