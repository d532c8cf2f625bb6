/**
 * An HTTP request as the event of a function URL: payload format 2.0.
 *
 * Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", request payload format.
 */

import type { IncomingMessage } from 'node:http'

export interface HttpEventSource {
  request: IncomingMessage
  body: Buffer
  /** With its leading slash, percent-encoded as it came. */
  rawPath: string
  /** Without the question mark. */
  rawQuery: string
  requestId: string
  now: Date
}

// Form data is not among them: on Lambda it comes in base64.
const TEXT = /^(text\/|application\/(json|javascript|xml)\b|application\/[^;]+\+(json|xml)\b)/i
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function httpEvent({ request, body, rawPath, rawQuery, requestId, now }: HttpEventSource): object {
  const { cookie, ...others } = request.headers
  const headers = joined(others)
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
      apiId: 'local',
      domainName: host,
      domainPrefix: host.split(/[.:]/)[0] ?? '',
      http: {
        method: request.method ?? 'GET',
        path: decodedPath(rawPath),
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
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

function isText(contentType: string): boolean {
  return contentType === '' || TEXT.test(contentType)
}

/** Values of a header that came several times, with commas between them. */
function joined(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      result[name] = Array.isArray(value) ? value.join(',') : value
    }
  }
  return result
}

function queryParameters(rawQuery: string): Record<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    const before = parameters.get(name)
    parameters.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(parameters)
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** `23/Nov/2026:16:41:30 +0000` */
function commonLogTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(now.getUTCDate())}/${MONTHS[now.getUTCMonth()]}/${now.getUTCFullYear()}`
  const time = [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()].map(two).join(':')
  return `${day}:${time} +0000`
}
