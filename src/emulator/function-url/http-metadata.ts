/**
 * Status, headers and cookies of a function's HTTP response, out of what the function said: payload format 2.0, or the
 * prelude of a streamed response.
 *
 * Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", response payload format.
 */

import type { OutgoingHttpHeaders } from 'node:http'

export interface HttpMetadata {
  status: number
  headers: OutgoingHttpHeaders
}

/** The function's response is not what a function URL can answer with. */
export class HttpMetadataError extends Error {
  override name = 'HttpMetadataError'
}

/** Of the connection, not of the response: the server sets them itself. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

/** Throws an HttpMetadataError. `document` is an object with any members. */
export function httpMetadata(document: Readonly<Record<string, unknown>>, contentType: string): HttpMetadata {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(object(document.headers, 'headers'))) {
    setHeader(headers, name, value)
  }
  const cookies = document.cookies ?? []
  if (
    !Array.isArray(cookies) ||
    !cookies.every((cookie) => typeof cookie === 'string' && isHeaderText(cookie))
  ) {
    throw new HttpMetadataError(
      `expected cookies to be a list of strings, but got ${shown(cookies)}; correct them`,
    )
  }
  if (cookies.length > 0) {
    headers['set-cookie'] = cookies
  }
  return {
    status: status(document.statusCode ?? 200),
    headers: { 'content-type': contentType, ...headers },
  }
}

function status(value: unknown): number {
  const code = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  if (!Number.isInteger(code) || Number(code) < 200 || Number(code) > 599) {
    throw new HttpMetadataError(`expected a statusCode from 200 to 599, but got ${shown(value)}; correct it`)
  }
  return Number(code)
}

function setHeader(headers: OutgoingHttpHeaders, name: string, value: unknown): void {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || typeof text !== 'string' || !isHeaderText(text)) {
    throw new HttpMetadataError(
      `expected headers with names and values that HTTP takes, but got ${shown({ [name]: value })}; correct them`,
    )
  }
  if (!CONNECTION_HEADERS.has(name.toLowerCase())) {
    headers[name.toLowerCase()] = text
  }
}

function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

function object(value: unknown, member: string): Record<string, unknown> {
  if (value === undefined || value === null) {
    return {}
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new HttpMetadataError(`expected ${member} to be an object, but got ${shown(value)}; correct it`)
  }
  return value as Record<string, unknown>
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? String(value)
}
