import { MalformedHttpEvent } from './http-errors.ts'
import type { HttpEvent } from './http-event.ts'

/** Nobody said which host: what a load balancer's health check is sent to. */
const UNKNOWN_HOST = 'localhost'
/** A name or an address, with a port or without. Anything else could smuggle a path into the URL. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/**
 * The standard `Request` that an event carries. Throws `MalformedHttpEvent` when `Request` refuses it.
 *
 * `signal` aborts the request's own.
 */
export function toRequest(event: HttpEvent, signal: AbortSignal): Request {
  const { method, body } = event
  try {
    return new Request(url(event), {
      method,
      headers: event.headers.map(([name, value]): [string, string] => [name, byteString(value)]),
      signal,
      ...(body && method !== 'GET' && method !== 'HEAD' && { body: body as Uint8Array<ArrayBuffer> }),
    })
  } catch (cause) {
    throw new MalformedHttpEvent(
      `The event should carry an HTTP request and cannot be made into one: ${(cause as Error).message}`,
      { cause },
    )
  }
}

/** Absolute, with the host and the protocol that the client used. */
function url(event: HttpEvent): string {
  return `${protocol(event)}://${host(event)}${event.target}`
}

function protocol(event: HttpEvent): string {
  const forwarded = header(event, 'x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase()
  return forwarded === 'http' ? 'http' : 'https'
}

/**
 * What the platform says, before what the client says, which is the `Host` header, with a port if it is an unusual
 * one. `X-Forwarded-Host` is not asked: no AWS service sets it, so that anybody may.
 */
function host(event: HttpEvent): string {
  const { domainName } = event
  const sent = header(event, 'host')
  const named = domainName && !sent?.startsWith(`${domainName}:`) ? domainName : sent
  return named !== undefined && HOST.test(named) ? named : UNKNOWN_HOST
}

function header({ headers }: HttpEvent, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1]
}

/** Headers are bytes. Where an event has characters beyond, they are the client's UTF-8, decoded. */
function byteString(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of a byte.
  return /[^\x00-\xff]/.test(value) ? Buffer.from(value).toString('latin1') : value
}
