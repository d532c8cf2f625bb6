/** A standard `Response` as what each kind of event is to be answered with. */

import { type EncodedBody, encodeBody } from './http-body.ts'
import type { HttpEventKind } from './http-event.ts'

export interface HttpMetadata {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
}

export interface HttpResult extends EncodedBody {
  readonly statusCode: number
  readonly statusDescription?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly cookies?: readonly string[]
}

/** Headers about the connection that a response came over, or would go over: here is none. */
const CONNECTION_HEADERS = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']
/** What `fetch` decodes by itself, and leaves in the header. */
const DECODED = /^(?:(?:x-)?gzip|deflate|br)$/

/** The result that answers an event of `kind`. Reads the body; to HEAD, `hasBody` false, there is none. */
export async function toResult(
  response: Response,
  kind: HttpEventKind,
  hasBody: boolean,
): Promise<HttpResult> {
  const { statusCode, headers, cookies = [] } = toMetadata(response)
  const body = await encodeBody(hasBody ? response : withoutBody(response), headers)
  switch (kind) {
    case 'payload 2.0':
      return { statusCode, headers, ...(cookies.length > 0 && { cookies }), ...body }
    case 'payload 1.0':
      return {
        statusCode,
        headers,
        ...(cookies.length > 0 && { multiValueHeaders: { 'set-cookie': cookies } }),
        ...body,
      }
    case 'ALB': {
      const all = { ...headers, ...spelledApart('set-cookie', cookies) }
      return { statusCode, statusDescription: statusDescription(response), headers: all, ...body }
    }
    case 'ALB with multi-value headers': {
      const multiValueHeaders: Record<string, readonly string[]> = {}
      for (const [name, value] of Object.entries(headers)) {
        multiValueHeaders[name] = [value]
      }
      if (cookies.length > 0) {
        multiValueHeaders['set-cookie'] = cookies
      }
      return { statusCode, statusDescription: statusDescription(response), multiValueHeaders, ...body }
    }
  }
}

/** What stands in front of a streamed body. Repeated headers are joined by commas, but cookies, which cannot be. */
export function toMetadata(response: Response): HttpMetadata {
  const headers: Record<string, string> = {}
  response.headers.forEach((value, name) => {
    if (name !== 'set-cookie' && !CONNECTION_HEADERS.includes(name)) {
      headers[name] = value
    }
  })
  if (isDecoded(response)) {
    delete headers['content-encoding']
    delete headers['content-length']
  }
  const cookies = response.headers.getSetCookie()
  return { statusCode: response.status, headers, ...(cookies.length > 0 && { cookies }) }
}

/** Whether this is what `fetch` got from another server, passed on, with a body that is not encoded any more. */
function isDecoded(response: Response): boolean {
  if (!response.url || !response.body) {
    return false
  }
  const codings = response.headers.get('content-encoding')?.toLowerCase().split(',') ?? []
  return codings.length > 0 && codings.every((coding) => DECODED.test(coding.trim()))
}

function withoutBody(response: Response): undefined {
  response.body?.cancel().catch(() => {})
}

/** In single-value mode a name can stand there only once: spelled otherwise it is, for the load balancer, another one. */
function spelledApart(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [caseVariant(name, index), value]))
}

/** Names that differ in case for each index: 512 of them for a name of nine letters. */
function caseVariant(name: string, index: number): string {
  let bits = index
  return name.replace(/[a-z]/g, (letter) => {
    const isUpper = bits & 1
    bits >>= 1
    return isUpper ? letter.toUpperCase() : letter
  })
}

/** As in `404 Not Found`. */
function statusDescription({ status, statusText }: Response): string {
  // Loaded here, as only load balancers are told.
  const text = statusText || process.getBuiltinModule('node:http').STATUS_CODES[status] || ''
  return `${status} ${text}`.trimEnd()
}
