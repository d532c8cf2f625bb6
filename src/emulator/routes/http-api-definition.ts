/** An HTTP API, wherever it is described: its routes, who may call them, and which pages. */

import type { CorsConfiguration } from '../functions/function-configuration.ts'
import type { Route } from './route-table.ts'

export interface HttpApiDefinition {
  routes: readonly Route[]
  cors?: CorsConfiguration | undefined
  /** What answers preflights by itself, of REST APIs. */
  preflights?: readonly Preflight[]
  authorizers: Readonly<Record<string, Authorizer>>
  /** The functions that a template has, with the handler that it names for each. */
  functions?: readonly TemplateFunction[]
}

export interface TemplateFunction {
  /** Names that it may have here, the likeliest first. */
  readonly names: readonly string[]
  /** As it is written: `src/index.lambdaHandler`. */
  readonly handler: string
  readonly settings: TemplateSettings
}

/** How a template has a function run, as far as it says so itself: what it refers to, most of it, is known to a deployment only. */
export interface TemplateSettings {
  /** Seconds. */
  readonly timeout?: number
  /** MB. */
  readonly memorySize?: number
  /** Those with values of the template's own. */
  readonly environment: Readonly<Record<string, string>>
}

export type Authorizer = JwtAuthorizer | LambdaAuthorizer

export interface JwtAuthorizer {
  kind: 'jwt'
  issuer: string
  audience: readonly string[]
  /** Of the token: `$request.header.Authorization`. */
  identitySource: string
  /** Where the issuer's keys are; undefined to ask the issuer. A URL, or the path of a file. */
  keys?: string | undefined
}

export interface LambdaAuthorizer {
  kind: 'lambda'
  functionNames: readonly string[]
  payload: '1.0' | '2.0'
  /** What has to be there: `$request.header.Authorization` and the like. */
  identitySources: readonly string[]
  /** Whether it answers `{isAuthorized}` instead of a policy. */
  isSimple: boolean
}

/** An answer that no function has a part in. */
export interface MockAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Those that the API names in a script beside the first one: the answer has the page's own where it is among them. */
  readonly origins: readonly string[]
}

export interface Preflight {
  /** Of the route: `OPTIONS /orders/{id}`. */
  readonly key: string
  readonly answer: MockAnswer
}

/** What is wrong with a description. The message is one sentence for its author. */
export class HttpApiError extends Error {
  override name = 'HttpApiError'
}
