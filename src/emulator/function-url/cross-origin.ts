/**
 * Which web pages may call a function URL.
 *
 * A page from this machine may, and so may one whose origin the function's CORS configuration allows. Any other page
 * that a browser shows is refused before the function runs: on Lambda it could reach a public URL only, here it would
 * reach into somebody's machine.
 */

import type { IncomingMessage } from 'node:http'
import type { CorsConfiguration } from '../functions/function-configuration.ts'

const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

export function isAllowedPage(request: IncomingMessage, cors: CorsConfiguration | undefined): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined) {
    return LOOPBACK_ORIGIN.test(origin) || allowsOrigin(cors, origin)
  }
  // A browser says where a request without an origin comes from: `none` is the address bar.
  return site !== 'cross-site'
}

export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
}

/** What a function URL with a CORS configuration adds to every answer to another origin; nothing without one. */
export function corsHeaders(
  request: IncomingMessage,
  cors: CorsConfiguration | undefined,
): Record<string, string> {
  const { origin } = request.headers
  if (cors === undefined || origin === undefined || !allowsOrigin(cors, origin)) {
    return {}
  }
  return withoutEmpty({
    'access-control-allow-origin': origin,
    vary: 'Origin',
    'access-control-allow-credentials': cors.AllowCredentials ? 'true' : '',
    'access-control-expose-headers': (cors.ExposeHeaders ?? []).join(','),
  })
}

export function preflightHeaders(request: IncomingMessage, cors: CorsConfiguration): Record<string, string> {
  return withoutEmpty({
    ...corsHeaders(request, cors),
    'access-control-allow-methods': (cors.AllowMethods ?? []).join(','),
    'access-control-allow-headers': (cors.AllowHeaders ?? []).join(','),
    'access-control-max-age': String(cors.MaxAge ?? ''),
  })
}

function withoutEmpty(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
}

function allowsOrigin(cors: CorsConfiguration | undefined, origin: string): boolean {
  return cors?.AllowOrigins?.some((allowed) => allowed === '*' || allowed === origin) ?? false
}
