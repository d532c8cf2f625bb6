/**
 * Whether a request of an HTTP API may go on to its function: what a JWT says, or a Lambda authorizer.
 *
 * Source: Amazon API Gateway Developer Guide, "Control access to HTTP APIs with JWT authorizers" and "… with AWS Lambda
 * authorizers".
 */

import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { JWTVerifyGetKey } from 'jose'
import { MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import type { HttpEventSource } from '../function-url/http-event.ts'
import type { LocalLambda } from '../local-lambda.ts'
import type { JwtAuthorizer, LambdaAuthorizer } from './http-api-definition.ts'
import { type AuthorizerContext, routeEvent } from './proxy-event.ts'
import type { Route, RouteMatch } from './route-table.ts'

export type Authorization =
  | { allowed: true; context: AuthorizerContext }
  | { allowed: false; status: 401 | 403 | 500 }

const UNAUTHORIZED: Authorization = { allowed: false, status: 401 }
const FORBIDDEN: Authorization = { allowed: false, status: 403 }
const IDENTITY = /^\$request\.(header|querystring)\.(.+)$/

/** What a request has at `$request.header.NAME` or `$request.querystring.NAME`. */
export function identity(request: IncomingMessage, rawQuery: string, source: string): string | undefined {
  const [, kind, name = ''] = IDENTITY.exec(source) ?? []
  if (kind === 'querystring') {
    return new URLSearchParams(rawQuery).get(name) ?? undefined
  }
  const value = request.headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(',') : value
}

export class JwtAuthorization {
  readonly #authorizer: JwtAuthorizer
  #keys: Promise<JWTVerifyGetKey> | undefined

  constructor(authorizer: JwtAuthorizer) {
    this.#authorizer = authorizer
  }

  async authorize(token: string | undefined, { scopes }: Route): Promise<Authorization> {
    if (token === undefined) {
      return UNAUTHORIZED
    }
    try {
      const { jwtVerify } = await import('jose')
      const { issuer, audience } = this.#authorizer
      const { payload } = await jwtVerify(token.replace(/^Bearer\s+/i, ''), await this.#getKeys(), { issuer })
      const audiences = [payload.aud ?? payload.client_id ?? []].flat().map(String)
      if (audience.length > 0 && !audience.some((expected) => audiences.includes(expected))) {
        return UNAUTHORIZED
      }
      const granted = String(payload.scope ?? payload.scp ?? '').split(' ')
      if (scopes !== undefined && scopes.length > 0 && !scopes.some((scope) => granted.includes(scope))) {
        return FORBIDDEN
      }
      const claims = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, claim(value)]))
      return { allowed: true, context: { jwt: { claims, scopes: scopes ?? null } } }
    } catch {
      // What is wrong with a token is not for its sender to know.
      return UNAUTHORIZED
    }
  }

  async #getKeys(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#findKeys()
    try {
      return await this.#keys
    } catch (error) {
      this.#keys = undefined
      throw error
    }
  }

  async #findKeys(): Promise<JWTVerifyGetKey> {
    const { createLocalJWKSet, createRemoteJWKSet } = await import('jose')
    const { keys, issuer } = this.#authorizer
    if (keys !== undefined && !/^https?:/.test(keys)) {
      return createLocalJWKSet(JSON.parse(await readFile(keys, 'utf8')))
    }
    if (keys !== undefined) {
      return createRemoteJWKSet(new URL(keys))
    }
    const configuration = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const { jwks_uri: location } = (await configuration.json()) as { jwks_uri: string }
    return createRemoteJWKSet(new URL(location))
  }
}

/** As API Gateway hands them on: everything but objects is text. */
function claim(value: unknown): unknown {
  return Array.isArray(value) ? `[${value.join(' ')}]` : typeof value === 'object' ? value : String(value)
}

/** Runs the authorizer's function. */
export async function authorizeByFunction(
  lambda: LocalLambda,
  functionName: string,
  authorizer: LambdaAuthorizer,
  source: HttpEventSource,
  match: RouteMatch,
): Promise<Authorization> {
  const { request, rawQuery } = source
  const identities = authorizer.identitySources.map((each) => identity(request, rawQuery, each))
  if (identities.some((each) => each === undefined || each === '')) {
    return UNAUTHORIZED
  }
  const routeArn = `arn:aws:execute-api:${lambda.region}:${lambda.accountId}:local/$default/${request.method}${source.rawPath}`
  const event = {
    ...routeEvent(source, { ...match, route: { ...match.route, payload: authorizer.payload } }, undefined),
    type: 'REQUEST',
    ...(authorizer.payload === '2.0'
      ? { routeArn, identitySource: identities }
      : { methodArn: routeArn, identitySource: identities.join(','), authorizationToken: identities[0] }),
  }
  const started = await lambda.invoker.invoke(functionName, {
    event: Buffer.from(JSON.stringify(event)),
    source: 'route',
  })
  const outcome = await wholeOutcome(await started.outcome, MAX_RESPONSE_BYTES)
  if (outcome.kind === 'error') {
    return isUnauthorized(outcome.body) ? UNAUTHORIZED : { allowed: false, status: 500 }
  }
  return readAnswer(outcome.body.toString(), authorizer)
}

/** API Gateway takes an error with this very message, and no other, as that the caller is nobody who is known. */
function isUnauthorized(document: Buffer): boolean {
  try {
    return (
      (JSON.parse(document.toString()) as { errorMessage?: unknown } | null)?.errorMessage === 'Unauthorized'
    )
  } catch {
    return false
  }
}

interface AuthorizerAnswer {
  isAuthorized?: unknown
  context?: Record<string, unknown>
  principalId?: string
  policyDocument?: { Statement?: { Effect?: string } | { Effect?: string }[] }
}

function readAnswer(text: string, { isSimple, payload }: LambdaAuthorizer): Authorization {
  try {
    const answer = JSON.parse(text) as AuthorizerAnswer
    const { context = {}, principalId } = answer
    const statements = [answer.policyDocument?.Statement ?? []].flat()
    const isAllowed =
      isSimple || answer.isAuthorized !== undefined
        ? answer.isAuthorized === true
        : statements.some(({ Effect }) => Effect === 'Allow') &&
          !statements.some(({ Effect }) => Effect === 'Deny')
    if (!isAllowed) {
      return FORBIDDEN
    }
    const own = payload === '2.0' ? { lambda: context } : { ...context, principalId }
    return { allowed: true, context: own }
  } catch {
    return { allowed: false, status: 500 }
  }
}
