/**
 * A request of an HTTP API as an event: payload format 2.0, or 1.0, which REST APIs have, too.
 *
 * Source: Amazon API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".
 */

import {
  commonLogTime,
  domainPrefix,
  forwardedHeaders,
  type HttpEventSource,
  httpEvent,
  isText,
  joinedHeaders,
  sourceIp,
} from '../function-url/http-event.ts'
import { isBinary } from './rest-api.ts'
import type { Route, RouteMatch } from './route-table.ts'

/** What an authorizer says of the caller. */
export type AuthorizerContext = Readonly<Record<string, unknown>> | undefined

export function routeEvent(
  source: HttpEventSource,
  { route, pathParameters }: RouteMatch,
  authorizer: AuthorizerContext,
): object {
  return route.payload === '1.0'
    ? proxyEvent(source, route, pathParameters, authorizer)
    : httpApiEvent(source, route.key, pathParameters, authorizer)
}

function httpApiEvent(
  source: HttpEventSource,
  routeKey: string,
  pathParameters: Readonly<Record<string, string>>,
  authorizer: AuthorizerContext,
): object {
  const event = httpEvent(source) as { requestContext: object }
  return {
    ...event,
    routeKey,
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: {
      ...event.requestContext,
      accountId: '123456789012',
      routeKey,
      ...(authorizer !== undefined && { authorizer }),
    },
  }
}

function proxyEvent(
  source: HttpEventSource,
  { key: routeKey, binaryTypes }: Route,
  pathParameters: Readonly<Record<string, string>>,
  authorizer: AuthorizerContext,
): object {
  const { request, body, rawPath, rawQuery, requestId, traceId, now } = source
  const headers: Record<string, string> = { ...joinedHeaders(request), ...forwardedHeaders(request, traceId) }
  const host = headers.host ?? ''
  const resource = routeKey === '$default' ? routeKey : (routeKey.split(' ')[1] ?? routeKey)
  const contentType = headers['content-type'] ?? ''
  const isBase64Encoded =
    body.length > 0 && (binaryTypes === undefined ? !isText(contentType) : isBinary(binaryTypes, contentType))
  const query = multiValues([...new URLSearchParams(rawQuery)])
  const path = decodedPath(rawPath)
  const httpMethod = request.method ?? 'GET'
  const multiValueHeaders = multiValues(pairs(request.rawHeaders), headers)
  return {
    version: '1.0',
    resource,
    path,
    httpMethod,
    headers,
    multiValueHeaders,
    queryStringParameters: orNull(lasts(query)),
    multiValueQueryStringParameters: orNull(query),
    pathParameters: orNull(pathParameters),
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'local',
      ...(authorizer !== undefined && { authorizer }),
      domainName: host,
      domainPrefix: domainPrefix(host),
      extendedRequestId: requestId,
      httpMethod,
      identity: { sourceIp: sourceIp(request), userAgent: headers['user-agent'] ?? '' },
      path,
      protocol: `HTTP/${request.httpVersion}`,
      requestId,
      requestTime: commonLogTime(now),
      requestTimeEpoch: now.getTime(),
      resourceId: routeKey,
      resourcePath: resource,
      stage: '$default',
    },
    body: body.length === 0 ? null : body.toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded,
  }
}

/** By name, each with all its values; `more` come last. */
function multiValues(
  entries: readonly (readonly [string, string])[],
  more: Readonly<Record<string, string>> = {},
): Record<string, string[]> {
  const values = new Map<string, string[]>()
  for (const [name, value] of entries) {
    values.set(name, [...(values.get(name) ?? []), value])
  }
  for (const [name, value] of Object.entries(more)) {
    if (!values.has(name)) {
      values.set(name, [value])
    }
  }
  return Object.fromEntries(values)
}

function lasts(values: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, all]) => [name, all.at(-1) ?? '']))
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    result.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  }
  return result
}

function orNull<Value extends object>(value: Value): Value | null {
  return Object.keys(value).length === 0 ? null : value
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
