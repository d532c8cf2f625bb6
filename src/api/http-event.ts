/** An HTTP request as the event of a function URL or an HTTP API, payload format 2.0: for `invoke`, and for tests. */

import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { METHODS, validateHeaderName, validateHeaderValue } from 'node:http'
import { checkCall, checkNames } from '../configuration/call-options.ts'
import { shown } from '../configuration/option.ts'
import { UsageError } from '../configuration/usage-error.ts'
import { httpEvent as eventOf, type HttpRequestFacts } from '../emulator/function-url/http-event.ts'
import { createTraceId } from '../runtime-api/invocation.ts'
import { jsonText } from './event-bytes.ts'

export interface HttpEventOptions {
  /** By default GET, and POST where there is a body. */
  readonly method?: string | undefined
  /** `/orders/7`, with a query if it has one; or a whole URL. */
  readonly path: string
  /** Names and values; a list has a name come several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** Behind what the path has of it. */
  readonly query?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** A text, bytes, or a value that becomes JSON. What no header tells, the content type says of it. */
  readonly body?: unknown
}

const HOST = 'localhost'

/** Throws a {@link UsageError}, whose code is `USAGE`, for what is no request. */
export function httpEvent(options: HttpEventOptions): object {
  checkCall('httpEvent', options)
  checkNames('httpEvent', options, ['method', 'path', 'headers', 'query', 'body'])
  return makeEvent(options)
}

function makeEvent(options: HttpEventOptions): object {
  const url = readUrl(options.path)
  for (const [name, value] of pairs('query', options.query)) {
    url.searchParams.append(name, value)
  }
  const body = bodyOf(options.body)
  const headers = pairs('headers', options.headers)
  headers.forEach(checkHeader)
  const has = (name: string) => headers.some(([known]) => known.toLowerCase() === name)
  const added: [string, string][] = [
    ...(has('host') ? [] : [['host', url.host] as [string, string]]),
    ...(has('user-agent') ? [] : [['user-agent', 'lambdabin'] as [string, string]]),
    ...(body.bytes.length === 0 || has('content-type')
      ? []
      : [['content-type', body.type] as [string, string]]),
    ...(body.bytes.length === 0 || has('content-length')
      ? []
      : [['content-length', String(body.bytes.length)] as [string, string]]),
  ]
  const request: HttpRequestFacts = {
    method: readMethod(options.method ?? (body.bytes.length > 0 ? 'POST' : 'GET')),
    httpVersion: '1.1',
    rawHeaders: [...headers, ...added].flat(),
    headers: Object.fromEntries(
      headers
        .filter(([name]) => /^x-forwarded-for$/i.test(name))
        .map(([, value]) => ['x-forwarded-for', value]),
    ),
    socket: { localPort: Number(url.port) || 80, remoteAddress: '127.0.0.1' },
  }
  return eventOf({
    request,
    body: body.bytes,
    rawPath: url.pathname,
    rawQuery: url.search.slice(1),
    requestId: randomUUID(),
    traceId: createTraceId(Date.now()),
    now: new Date(),
  })
}

function readUrl(path: string): URL {
  try {
    const isWhole = /^https?:\/\//i.test(path)
    if (typeof path === 'string' && (isWhole || path.startsWith('/'))) {
      return new URL(isWhole ? path : `http://${HOST}${path}`)
    }
  } catch {
    // It is said below.
  }
  throw new UsageError(
    `expected the path of an HTTP request, as in /orders/7?page=1, but got ${shown(path)}; begin it with /`,
  )
}

function readMethod(method: string): string {
  const known = String(method).toUpperCase()
  if (!METHODS.includes(known)) {
    throw new UsageError(`expected an HTTP method, as GET or POST, but got ${JSON.stringify(method)}`)
  }
  return known
}

function pairs(option: string, values: HttpEventOptions['headers'] = {}): [string, string][] {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new UsageError(
      `${option} of httpEvent expects an object with names and values, and got ${shown(values)}`,
    )
  }
  return Object.entries(values).flatMap(([name, value]) =>
    [value].flat().map((each: unknown): [string, string] => {
      if (typeof each !== 'string') {
        throw new UsageError(
          `${option} of httpEvent expects a text, or a list of some, for each name, and ${shown(name)} has ${shown(each)}`,
        )
      }
      return [name, each]
    }),
  )
}

function checkHeader([name, value]: [string, string]): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (error) {
    throw new UsageError(
      `headers of httpEvent expects what HTTP takes, and got ${shown(name)}: ${shown(value)}; leave out spaces in names, and line breaks`,
      { cause: error },
    )
  }
}

function bodyOf(body: unknown): { bytes: Buffer; type: string } {
  if (body instanceof Uint8Array) {
    const bytes = Buffer.from(body)
    return { bytes, type: isUtf8(bytes) ? typeOfText(bytes.toString()) : 'application/octet-stream' }
  }
  if (body === undefined) {
    return { bytes: Buffer.alloc(0), type: '' }
  }
  const text = typeof body === 'string' ? body : jsonText(body, (cause) => refuseBody(body, cause))
  return { bytes: Buffer.from(text), type: typeOfText(text) }
}

function refuseBody(body: unknown, cause: unknown): UsageError {
  return new UsageError(
    `body of httpEvent expects a text, bytes, or what can be JSON, and got ${shown(body)}; give another`,
    { cause },
  )
}

function typeOfText(text: string): string {
  try {
    JSON.parse(text)
    return 'application/json'
  } catch {
    return 'text/plain; charset=utf-8'
  }
}
