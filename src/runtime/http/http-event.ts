/**
 * The events that carry an HTTP request, read into what they have in common.
 *
 * | payload | sent by | headers | query |
 * |---|---|---|---|
 * | 1.0 | API Gateway's REST APIs, and HTTP APIs that ask for it | single and multi-value | decoded |
 * | 2.0 | API Gateway's HTTP APIs, and function URLs | joined by commas; cookies apart | raw |
 * | ALB | Application Load Balancers | single or multi-value, by a setting of the target group | raw |
 *
 * Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Lambda proxy
 * integrations in API Gateway"; Elastic Load Balancing, "Use Lambda functions as targets".
 */

import { UnknownHttpEvent } from './http-errors.ts'

/** How the answer to an event is to be written. */
export type HttpEventKind = 'payload 1.0' | 'payload 2.0' | 'ALB' | 'ALB with multi-value headers'

export interface HttpEvent {
  readonly kind: HttpEventKind
  readonly method: string
  /** Without a host: the path and the query, as they stand in a URL. */
  readonly target: string
  /** Where the request was sent to, as the platform says; undefined when it does not say. */
  readonly domainName: string | undefined
  /** Names as they came; a repeated header is there as often as it was sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | undefined
}

type Fields = Readonly<Record<string, unknown>>

const MAX_KEYS_TOLD = 20
const MAX_KEY_LENGTH = 64

/** Throws `UnknownHttpEvent`, which says what arrived instead. */
export function readHttpEvent(event: unknown): HttpEvent {
  const fields = asFields(event)
  const requestContext = asFields(fields.requestContext)
  const http = asFields(requestContext.http)
  if (typeof http.method === 'string' && typeof fields.rawPath === 'string') {
    return readPayload2(fields, requestContext, http.method, fields.rawPath)
  }
  const { httpMethod: method, path } = fields
  if (typeof method === 'string' && typeof path === 'string') {
    return 'elb' in requestContext
      ? readLoadBalancer(fields, method, path)
      : readPayload1(fields, requestContext, method, path)
  }
  throw new UnknownHttpEvent(
    'A fetch handler takes the events of API Gateway (payload 1.0 and 2.0), function URLs and Application Load ' +
      `Balancers, and ${describe(event)} arrived; invoke it through one of these, or export a handler function.`,
  )
}

function readPayload1(fields: Fields, requestContext: Fields, method: string, path: string): HttpEvent {
  const multiValue = asFields(fields.multiValueQueryStringParameters)
  const single = asFields(fields.queryStringParameters)
  const parameters = [
    ...listPairs(multiValue),
    ...pairs(single).filter(([name]) => !Object.hasOwn(multiValue, name)),
  ]
  const query = parameters.map((parameter) => parameter.map(encode).join('=')).join('&')
  // Only HTTP APIs say their version, and put the stage into the path. A REST API's path is without it already.
  const stage = fields.version === undefined ? undefined : requestContext.stage
  return {
    kind: 'payload 1.0',
    method,
    target: target(withoutStage(path, stage), query),
    domainName: asString(requestContext.domainName),
    headers: readHeaders(fields),
    body: readBody(fields),
  }
}

function readPayload2(fields: Fields, requestContext: Fields, method: string, rawPath: string): HttpEvent {
  const headers = pairs(asFields(fields.headers))
  const { cookies } = fields
  return {
    kind: 'payload 2.0',
    method,
    target: target(withoutStage(rawPath, requestContext.stage), asString(fields.rawQueryString) ?? ''),
    domainName: asString(requestContext.domainName),
    headers:
      Array.isArray(cookies) && cookies.length > 0
        ? [...headers.filter(([name]) => name.toLowerCase() !== 'cookie'), ['cookie', cookies.join('; ')]]
        : headers,
    body: readBody(fields),
  }
}

function readLoadBalancer(fields: Fields, method: string, path: string): HttpEvent {
  const isMultiValue = isObject(fields.multiValueHeaders)
  // As the client wrote them: a load balancer decodes nothing.
  const parameters = isObject(fields.multiValueQueryStringParameters)
    ? listPairs(asFields(fields.multiValueQueryStringParameters))
    : pairs(asFields(fields.queryStringParameters))
  return {
    kind: isMultiValue ? 'ALB with multi-value headers' : 'ALB',
    method,
    target: target(path, parameters.map((parameter) => parameter.join('=')).join('&')),
    domainName: undefined,
    headers: readHeaders(fields),
    body: readBody(fields),
  }
}

/** Multi-value headers, and those that stand among the single-value ones alone. */
function readHeaders(fields: Fields): [string, string][] {
  const repeated = listPairs(asFields(fields.multiValueHeaders))
  const names = new Set(repeated.map(([name]) => name.toLowerCase()))
  const single = pairs(asFields(fields.headers)).filter(([name]) => !names.has(name.toLowerCase()))
  return [...repeated, ...single]
}

function readBody({ body, isBase64Encoded }: Fields): Uint8Array | undefined {
  if (typeof body !== 'string' || body === '') {
    return undefined
  }
  return Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8')
}

/** A named stage stands in front of the path, with a custom domain, too; the application's own routes know nothing of it. */
function withoutStage(path: string, stage: unknown): string {
  if (typeof stage !== 'string' || stage === '' || stage === '$default') {
    return path
  }
  const prefix = `/${stage}`
  return path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
}

/** Some gateways decode the path: what would end it, or be taken for a separator, in a URL is encoded again. */
function target(path: string, query: string): string {
  const safePath = path.replace(/[?#\\\t\r\n]/g, encodeURIComponent)
  const absolute = safePath.startsWith('/') ? safePath : `/${safePath}`
  return query === '' ? absolute : `${absolute}?${query.replaceAll('#', '%23')}`
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function pairs(fields: Fields): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) => (isPresent(value) ? [[name, String(value)]] : []))
}

function listPairs(fields: Fields): [string, string][] {
  return Object.entries(fields).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values])
      .filter(isPresent)
      .map((value): [string, string] => [name, String(value)]),
  )
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function asFields(value: unknown): Fields {
  return isObject(value) ? (value as Fields) : {}
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function describe(event: unknown): string {
  if (event === null) {
    return 'null'
  }
  if (Array.isArray(event)) {
    return 'a list'
  }
  if (typeof event !== 'object') {
    return `a ${typeof event}`
  }
  const keys = Object.keys(event).map((key) => key.slice(0, MAX_KEY_LENGTH))
  if (keys.length === 0) {
    return 'an empty object'
  }
  const told = keys.slice(0, MAX_KEYS_TOLD).join(', ')
  return `an object with ${told}${keys.length > MAX_KEYS_TOLD ? ` and ${keys.length - MAX_KEYS_TOLD} more keys` : ''}`
}
