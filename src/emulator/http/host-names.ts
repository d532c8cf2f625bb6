/**
 * Whom a request may be for. A web page can point a name of its own at an address of this machine, and its browser would
 * take the emulator for the page's own server; but then the Host header has the page's name.
 */

import { isIP } from 'node:net'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

export class HostNames {
  readonly #names: ReadonlySet<string>
  readonly #isReachable: boolean

  /** `address` is the one that the server listens on. */
  constructor(address: string) {
    this.#names = new Set([...LOOPBACK_NAMES, address.toLowerCase()])
    this.#isReachable = !isLoopback(address)
  }

  /**
   * Names of loopback, with any port: it may have been forwarded. Where others can reach the emulator, also addresses
   * and names without a dot, as machines have on a network of their own: no page of the web has such a name.
   */
  has(hostHeader: string): boolean {
    const name = nameOf(hostHeader.toLowerCase())
    return this.#names.has(name) || (this.#isReachable && (isIP(name) !== 0 || /^[a-z0-9_-]+$/.test(name)))
  }

  toString(): string {
    return [...this.#names].join(' or ')
  }
}

export function isLoopback(address: string): boolean {
  return LOOPBACK_NAMES.includes(address) || /^127(\.\d{1,3}){3}$/.test(address)
}

/** Without the port and the brackets of an IPv6 address. */
function nameOf(hostHeader: string): string {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(hostHeader) ?? []
  return bracketed ?? plain
}
