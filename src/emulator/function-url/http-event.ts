/**
 * An HTTP request as the event of a function URL: payload format 2.0.
 *
 * Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", request payload format.
 */

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** What an event tells of a request. */
export type HttpRequestFacts = Pick<IncomingMessage, 'method' | 'httpVersion' | 'rawHeaders' | 'headers'> & {
  socket: Pick<Socket, 'localPort' | 'remoteAddress'>
}

export interface HttpEventSource<Request extends HttpRequestFacts = IncomingMessage> {
  request: Request
  body: Buffer
  /** With its leading slash, percent-encoded as it came. */
  rawPath: string
  /** Without the question mark. */
  rawQuery: string
  requestId: string
  traceId: string
  now: Date
  /** What the URL is called: `orders`. */
  apiId?: string
}

// Form data is not among them: on Lambda it comes in base64.
/** What came without a type may be anything. */
const TEXT = /^(text\/|application\/(json|javascript|xml)\b|application\/[^;]+\+(json|xml)\b)/i
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function httpEvent(source: HttpEventSource<HttpRequestFacts>): object {
  const { request, body, rawPath, rawQuery, requestId, traceId, now, apiId = 'local' } = source
  const { cookie, ...others } = joinedHeaders(request)
  const headers = { ...others, ...forwardedHeaders(request, traceId) }
  const host = headers.host ?? ''
  const query = queryParameters(rawQuery)
  const isBase64Encoded = body.length > 0 && !isText(headers['content-type'] ?? '')
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: rawQuery,
    ...(cookie !== undefined && { cookies: cookie.split(/;\s*/).filter(Boolean) }),
    headers,
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    requestContext: {
      accountId: 'anonymous',
      apiId,
      domainName: host,
      domainPrefix: domainPrefix(host),
      http: {
        method: request.method ?? 'GET',
        path: decodedPath(rawPath),
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: sourceIp(request),
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  }
}

export function isText(contentType: string): boolean {
  return TEXT.test(contentType)
}

/** Names in lower case. Values of one that came several times are joined by a comma, those of `cookie` by a semicolon. */
export function joinedHeaders({ rawHeaders }: Pick<HttpRequestFacts, 'rawHeaders'>): Record<string, string> {
  // A header may be called `constructor`, too.
  const result = new Map<string, string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    const before = result.get(name)
    result.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ','}${value}`)
  }
  return Object.fromEntries(result)
}

/** What AWS's front adds: how and from where the request came. */
export function forwardedHeaders(request: HttpRequestFacts, traceId: string): Record<string, string> {
  const before = request.headers['x-forwarded-for']
  const [root = ''] = traceId.split(';')
  return {
    'x-forwarded-for': before === undefined ? sourceIp(request) : `${before}, ${sourceIp(request)}`,
    'x-forwarded-port': String(request.socket.localPort ?? ''),
    'x-forwarded-proto': 'http',
    'x-amzn-trace-id': root,
  }
}

/** Without the prefix of an IPv4 address that came over an IPv6 socket. */
export function sourceIp({ socket }: Pick<HttpRequestFacts, 'socket'>): string {
  return (socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '')
}

export function domainPrefix(host: string): string {
  return host.split(/[.:]/)[0] ?? ''
}

function queryParameters(rawQuery: string): Record<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    const before = parameters.get(name)
    parameters.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(parameters)
}

export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** `23/Nov/2026:16:41:30 +0000` */
export function commonLogTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(now.getUTCDate())}/${MONTHS[now.getUTCMonth()]}/${now.getUTCFullYear()}`
  const time = [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()].map(two).join(':')
  return `${day}:${time} +0000`
}
