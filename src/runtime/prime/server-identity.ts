/**
 * What a client does with a server's certificate, once it is known to be trusted: reads it, and compares its names with the host's.
 * Servers that share a key with their clients have none.
 */

import { pem } from './in-memory-server.ts'
import { CERTIFICATE_TO_READ } from './own-certificate.ts'

/** The second name of the certificate is a pattern, which this host fits. */
const HOST = 'orders.api.localhost'

let isPrimed = false

export function primeServerIdentity(): void {
  if (isPrimed) {
    return
  }
  isPrimed = true
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const { checkServerIdentity } = process.getBuiltinModule('node:tls')
  const certificate = new X509Certificate(pem('CERTIFICATE', CERTIFICATE_TO_READ)).toLegacyObject()
  const problem = checkServerIdentity(HOST, certificate)
  if (problem !== undefined) {
    throw problem
  }
}
