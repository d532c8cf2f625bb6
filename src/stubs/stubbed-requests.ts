/**
 * Which requests are answered in the place of those who would answer them, and how: what a file of stubs comes to, and how a request
 * finds its answer. It is plain data, so that an executable can carry it.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request of a function's, whole. */
export interface AskedRequest {
  readonly method: string
  /** `https://dynamodb.eu-west-1.amazonaws.com/`, with the port where that is not the scheme's own. */
  readonly url: string
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface StubbedRequest {
  /** Upper case; undefined for any. */
  readonly method?: string | undefined
  /** With `*` for any characters. Without a path it is any path, and without a query any query. */
  readonly url: string
  /** Those that a request must have; names are in lower case, and in values `*` is any characters. */
  readonly headers: Readonly<Record<string, string>>
  /** Text that its body must have in it, or what its JSON must have in it. */
  readonly body?: unknown
  readonly response: StubbedResponse
}

export interface StubbedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** In base64. */
  readonly body: string
}

/** The answer to a request: that of the first stub that fits. Undefined where none does. */
export function findAnswer(
  stubs: readonly StubbedRequest[],
  request: AskedRequest,
): StubbedResponse | undefined {
  return stubs.find((stub) => fits(stub, request))?.response
}

function fits(stub: StubbedRequest, { method, url, headers, body }: AskedRequest): boolean {
  return (
    (stub.method === undefined || stub.method === method) &&
    fitsUrl(stub.url, url) &&
    Object.entries(stub.headers).every(([name, value]) => fitsPattern(value, headers[name] ?? '')) &&
    fitsBody(stub.body, body)
  )
}

function fitsUrl(pattern: string, url: string): boolean {
  const hasPath = /^[^/]*\/\/[^/]+\//.test(pattern)
  const asked = pattern.includes('?') ? url : url.replace(/\?.*$/s, '')
  return fitsPattern(hasPath ? pattern : `${pattern}/*`, asked)
}

/** `*` stands for any characters, and every other for itself, whatever its case. */
function fitsPattern(pattern: string, text: string): boolean {
  const literal = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('.*')}$`, 'is').test(text)
}

function fitsBody(wanted: unknown, body: Buffer): boolean {
  if (wanted === undefined) {
    return true
  }
  const text = body.toString()
  if (typeof wanted === 'string') {
    return text.includes(wanted)
  }
  try {
    return isWithin(wanted, JSON.parse(text))
  } catch {
    return false
  }
}

/** Whether `value` has all in it that `wanted` has: of objects, the same members and maybe more. */
function isWithin(wanted: unknown, value: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) {
    return wanted === value
  }
  if (typeof value !== 'object' || value === null || Array.isArray(wanted) !== Array.isArray(value)) {
    return false
  }
  return Object.entries(wanted).every(([key, item]) =>
    isWithin(item, (value as Record<string, unknown>)[key]),
  )
}

/** What a server got, `body` with it. `scheme` is `http` or `https`. */
export function readAsked(scheme: string, request: IncomingMessage, body: Buffer): AskedRequest {
  const { method = 'GET', url = '/', headers } = request
  const host = String(headers[':authority'] ?? headers.host ?? 'localhost')
  const plainHost = host.replace(scheme === 'https' ? /:443$/ : /:80$/, '')
  return {
    method,
    url: url.startsWith('/') ? `${scheme}://${plainHost}${url}` : url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : `${value}`,
      ]),
    ),
    body,
  }
}

/** What is said to a request that has no answer. An SDK does not try again after it. */
const UNANSWERED: StubbedResponse = {
  status: 404,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('There is no answer to this request in the file of stubs.').toString('base64'),
}
/** Those that a server sets by itself, or that HTTP/2 does not have. */
const OWN_HEADERS = /^(connection|transfer-encoding|keep-alive|content-length)$/i
/** Responses that have no body. */
const WITHOUT_BODY = [204, 304]

export function sendAnswer(answer: StubbedResponse | undefined, response: ServerResponse): void {
  const { status, headers, body } = answer ?? UNANSWERED
  const own = Object.entries(headers).filter(([name]) => !OWN_HEADERS.test(name))
  const bytes = Buffer.from(body, 'base64')
  const length = WITHOUT_BODY.includes(status) ? {} : { 'content-length': bytes.length }
  response.writeHead(status, { ...Object.fromEntries(own), ...length })
  response.end(bytes)
}
