/**
 * What REST APIs have and HTTP APIs have not: bodies that are text unless their media type is said to be binary, mocks that answer the
 * preflight of pages from elsewhere, as CDK's `defaultCorsPreflightOptions` makes them, and functions whose response is streamed.
 *
 * Source: Amazon API Gateway Developer Guide, "Content type conversions in API Gateway" and "Enabling CORS for a REST API resource".
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MockAnswer, Preflight } from './http-api-definition.ts'
import { RouteTable } from './route-table.ts'
import { type Document, object } from './template-values.ts'

const HEADER = 'method.response.header.'
const ALLOWED_ORIGIN = 'access-control-allow-origin'

/** The media types of an API whose bodies come in base64, in the order that they have; SAM writes `image~1png` for `image/png`. */
export function binaryTypes(types: unknown): string[] {
  return Array.isArray(types) ? types.map((type) => String(type).replaceAll('~1', '/').toLowerCase()) : []
}

/** Whether a body of `contentType` is in base64, in an API with these types. */
export function isBinary(types: readonly string[], contentType: string): boolean {
  const [type = ''] = contentType.toLowerCase().split(';')
  return types.some(
    (each) =>
      each === '*/*' || each === type.trim() || (each.endsWith('/*') && type.startsWith(each.slice(0, -1))),
  )
}

export class PreflightTable {
  readonly #answers: ReadonlyMap<string, MockAnswer>
  readonly #table: RouteTable

  constructor(preflights: readonly Preflight[]) {
    this.#answers = new Map(preflights.map(({ key, answer }) => [key, answer]))
    this.#table = new RouteTable(preflights.map(({ key }) => ({ key, functionNames: [], payload: '1.0' })))
  }

  find(path: string): MockAnswer | undefined {
    return this.#answers.get(this.#table.find('OPTIONS', path)?.route.key ?? '')
  }
}

/** What a method's mock answers; undefined for another integration. Headers that are no fixed text are left out. */
export function mockAnswer(integration: Document): MockAnswer | undefined {
  const [first] = [integration.IntegrationResponses].flat().map(object)
  if (integration.Type !== 'MOCK' || first === undefined) {
    return undefined
  }
  const headers = Object.entries(object(first.ResponseParameters)).flatMap(([name, value]) => {
    const fixed = /^'(.*)'$/s.exec(String(value))?.[1]
    return name.startsWith(HEADER) && fixed !== undefined
      ? [[name.slice(HEADER.length).toLowerCase(), fixed] as const]
      : []
  })
  const scripts = Object.values(object(first.ResponseTemplates)).map(String).join('\n')
  return {
    status: Number(first.StatusCode) || 200,
    headers: Object.fromEntries(headers),
    origins: [...scripts.matchAll(/["'](https?:\/\/[^"']+)["']/g)].map(([, origin]) => origin ?? ''),
  }
}

export function answerMock(request: IncomingMessage, response: ServerResponse, mock: MockAnswer): void {
  const { origin } = request.headers
  const own = origin !== undefined && mock.origins.includes(origin) ? { [ALLOWED_ORIGIN]: origin } : {}
  response.writeHead(mock.status, { ...mock.headers, ...own })
  response.end()
}

/** Whether the preflight of a path allows the page that sends a request. */
export function allowsPage({ headers: { origin } }: IncomingMessage, mock: MockAnswer | undefined): boolean {
  const allowed = mock?.headers[ALLOWED_ORIGIN]
  return (
    origin !== undefined && (allowed === '*' || allowed === origin || mock?.origins.includes(origin) === true)
  )
}

/** Whether the URI of an integration has the function's response streamed. */
export function isStreamed(uri: unknown): boolean {
  return JSON.stringify(uri ?? '').includes('/response-streaming-invocations')
}
