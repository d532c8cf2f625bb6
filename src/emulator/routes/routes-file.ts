/**
 * Routes in a JSON file:
 *
 *     { "GET /orders/{id}": "orders" }
 *
 * or, with more to say:
 *
 *     {
 *       "routes": { "GET /orders/{id}": { "function": "orders", "payload": "1.0", "authorizer": "users", "scopes": ["read"] } },
 *       "cors": { "AllowOrigins": ["https://shop.example"] },
 *       "authorizers": {
 *         "users": { "type": "jwt", "issuer": "https://issuer.example", "audience": ["shop"], "keys": "keys.json" },
 *         "own": { "type": "lambda", "function": "authorize", "payload": "2.0", "simple": true }
 *       }
 *     }
 */

import type { CorsConfiguration } from '../functions/function-configuration.ts'
import { type Authorizer, type HttpApiDefinition, HttpApiError } from './http-api-definition.ts'
import type { Route } from './route-table.ts'

type Document = Readonly<Record<string, unknown>>

const TOKEN = '$request.header.Authorization'

/** Throws an HttpApiError. */
export function parseRoutesFile(text: string, path: string): HttpApiDefinition {
  const document = parse(text, path)
  const routes = isObject(document.routes) ? document.routes : document
  return {
    routes: Object.entries(routes).map(([key, value]) => readRoute(key, value, path)),
    cors: isObject(document.cors) ? (document.cors as CorsConfiguration) : undefined,
    authorizers: Object.fromEntries(
      Object.entries(isObject(document.authorizers) ? document.authorizers : {}).map(([name, value]) => [
        name,
        readAuthorizer(name, value, path),
      ]),
    ),
  }
}

function readRoute(key: string, value: unknown, path: string): Route {
  const route = typeof value === 'string' ? { function: value } : value
  if (!isObject(route) || typeof route.function !== 'string') {
    throw new HttpApiError(
      `expected the name of a function for the route ${key} in ${path}, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return {
    key,
    functionNames: [route.function],
    payload: readPayload(route.payload, path),
    authorizer: typeof route.authorizer === 'string' ? route.authorizer : undefined,
    scopes: Array.isArray(route.scopes) ? route.scopes.map(String) : undefined,
  }
}

function readAuthorizer(name: string, value: unknown, path: string): Authorizer {
  if (isObject(value) && value.type === 'jwt' && typeof value.issuer === 'string') {
    return {
      kind: 'jwt',
      issuer: value.issuer,
      audience: [value.audience ?? []].flat().map(String),
      identitySource: typeof value.identitySource === 'string' ? value.identitySource : TOKEN,
      keys: typeof value.keys === 'string' ? value.keys : undefined,
    }
  }
  if (isObject(value) && value.type === 'lambda' && typeof value.function === 'string') {
    return {
      kind: 'lambda',
      functionNames: [value.function],
      payload: readPayload(value.payload, path),
      identitySources: [value.identitySource ?? TOKEN].flat().map(String),
      isSimple: value.simple === true,
    }
  }
  throw new HttpApiError(
    `expected the authorizer ${name} in ${path} to have the type jwt and an issuer, or lambda and a function, but got ${JSON.stringify(value)}; correct it`,
  )
}

function readPayload(value: unknown, path: string): '1.0' | '2.0' {
  if (value !== undefined && value !== '1.0' && value !== '2.0') {
    throw new HttpApiError(
      `expected the payload 1.0 or 2.0 in ${path}, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return value ?? '2.0'
}

function parse(text: string, path: string): Document {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new HttpApiError(`expected routes in JSON, but ${path} is not (${reason}); correct it`, {
      cause: error,
    })
  }
  if (!isObject(document)) {
    throw new HttpApiError(
      `expected an object of routes in ${path}, but it is something else; see docs/local-lambda.md`,
    )
  }
  return document
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
