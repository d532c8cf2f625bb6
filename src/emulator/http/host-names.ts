/**
 * Whom a request may be for. A web page can point a name of its own at an address of this machine, and its browser would
 * take the emulator for the page's own server; but then the Host header has the page's name.
 */

import { isIP } from 'node:net'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']
/** What containers call the machine that they run on. */
const CONTAINER_HOST = 'host.docker.internal'
const SUBDOMAIN = /^([a-z0-9_-]{1,64})\.localhost$/

export class HostNames {
  readonly #names: ReadonlySet<string>
  readonly #isReachable: boolean

  /** `address` is the one that the server listens on. */
  constructor(address: string) {
    this.#names = new Set([...LOOPBACK_NAMES, address.toLowerCase()])
    this.#isReachable = !isLoopback(address)
  }

  /**
   * Names of loopback, and those below `localhost`, with any port: it may have been forwarded. Where others can reach the
   * emulator, also addresses, names without a dot, as machines have on a network of their own, and what containers call
   * this machine: no page of the web has such a name.
   */
  has(hostHeader: string): boolean {
    const name = nameOf(hostHeader.toLowerCase())
    return (
      this.#names.has(name) ||
      SUBDOMAIN.test(name) ||
      (this.#isReachable && (isIP(name) !== 0 || /^[a-z0-9_-]+$/.test(name) || name === CONTAINER_HOST))
    )
  }

  /** `orders` of `orders.localhost:9000`; undefined for any other name. */
  subdomain(hostHeader: string): string | undefined {
    return SUBDOMAIN.exec(nameOf(hostHeader.toLowerCase()))?.[1]
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
