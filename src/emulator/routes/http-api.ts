/** An HTTP API in front of several functions, as API Gateway has them: routes, CORS and authorizers. */

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_EVENT_BYTES, MAX_RESPONSE_BYTES } from '../../runtime-api/contract.ts'
import { createTraceId } from '../../runtime-api/invocation.ts'
import { wholeOutcome } from '../../runtime-api/whole-outcome.ts'
import { corsHeaders, isAllowedPage, isPreflight, preflightHeaders } from '../function-url/cross-origin.ts'
import { checkEventSize } from '../function-url/function-url.ts'
import { answerStreamed, answerWhole } from '../function-url/http-answer.ts'
import type { HttpEventSource } from '../function-url/http-event.ts'
import { HttpMetadataError } from '../function-url/http-metadata.ts'
import { answerDocument } from '../http/api-answer.ts'
import { readBytes } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import { AccessDeniedException } from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import { type Authorization, authorizeByFunction, identity, JwtAuthorization } from './authorizers.ts'
import { type HttpApiDefinition, HttpApiError } from './http-api-definition.ts'
import { answerProxyResult } from './proxy-answer.ts'
import { type AuthorizerContext, routeEvent } from './proxy-event.ts'
import { allowsPage, answerMock, PreflightTable } from './rest-api.ts'
import { type RouteMatch, RouteTable } from './route-table.ts'
import { parseRoutesFile } from './routes-file.ts'
import { parseSamTemplate } from './sam-template.ts'

const MESSAGES = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
} as const

/** Reads a file of routes, or a template of SAM's or CloudFormation's, as CDK writes. Rejects with an HttpApiError. */
export async function readHttpApi(path: string): Promise<HttpApiDefinition> {
  const written = await readFile(path, 'utf8').catch((error) => {
    throw new HttpApiError(`expected a file with routes, but cannot read ${path}; check the path`, {
      cause: error,
    })
  })
  const text = written.replace(/^\uFEFF/, '') // Some editors put this byte order mark there.
  return /\.ya?ml$/i.test(path) || /"?AWSTemplateFormatVersion|"Resources"\s*:\s*\{/.test(text)
    ? parseSamTemplate(text, path)
    : parseRoutesFile(text, path)
}

export class HttpApi {
  readonly #lambda: LocalLambda
  readonly #definition: HttpApiDefinition
  readonly #table: RouteTable
  readonly #preflights: PreflightTable
  readonly #tokens = new Map<string, JwtAuthorization>()
  readonly #onNotice: (message: string) => void

  /** Throws an HttpApiError for what cannot be served. */
  constructor(lambda: LocalLambda, definition: HttpApiDefinition, onNotice: (message: string) => void) {
    this.#lambda = lambda
    this.#definition = definition
    this.#onNotice = onNotice
    try {
      this.#table = new RouteTable(definition.routes)
      this.#preflights = new PreflightTable(definition.preflights ?? [])
    } catch (error) {
      throw new HttpApiError(error instanceof Error ? error.message : String(error), { cause: error })
    }
    for (const { key, authorizer } of definition.routes) {
      if (authorizer !== undefined && definition.authorizers[authorizer] === undefined) {
        throw new HttpApiError(
          `the route ${key} names the authorizer ${authorizer}, which is not there; describe it, or take the name away`,
        )
      }
    }
  }

  get routes(): HttpApiDefinition['routes'] {
    return this.#definition.routes
  }

  /** Answers; false where nothing of the API is there, and nothing was answered. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    rawPath: string,
    rawQuery: string,
  ): Promise<boolean> {
    const { cors } = this.#definition
    const preflight = this.#preflights.find(rawPath)
    if (!isAllowedPage(request, cors) && !allowsPage(request, preflight)) {
      throw new AccessDeniedException(
        'expected a request from this machine, but a web page from elsewhere sent this one; ' +
          "allow the page's origin in the CORS configuration of the API if it may",
      )
    }
    if (preflight !== undefined && request.method === 'OPTIONS') {
      answerMock(request, response, preflight)
      return true
    }
    if (cors !== undefined && isPreflight(request) && this.#table.hasPath(rawPath)) {
      response.writeHead(204, preflightHeaders(request, cors))
      response.end()
      return true
    }
    for (const [name, value] of Object.entries(corsHeaders(request, cors))) {
      response.setHeader(name, value)
    }
    const match = this.#table.find(request.method ?? 'GET', rawPath)
    if (match === undefined) {
      answerMessage(response, 404)
      return true
    }
    await this.#run(match, request, response, rawPath, rawQuery)
    return true
  }

  async #run(
    match: RouteMatch,
    request: IncomingMessage,
    response: ServerResponse,
    rawPath: string,
    rawQuery: string,
  ): Promise<void> {
    const body = await readBytes(request, MAX_EVENT_BYTES, 'the HTTP API')
    const now = new Date()
    const requestId = randomUUID()
    const traceId = createTraceId(now.getTime())
    const source: HttpEventSource = { request, body, rawPath, rawQuery, requestId, traceId, now }
    const authorization = await this.#authorize(source, match)
    if (!authorization.allowed) {
      answerMessage(response, authorization.status)
      return
    }
    await this.#invoke(source, match, authorization.context, response)
  }

  async #authorize(source: HttpEventSource, match: RouteMatch): Promise<Authorization> {
    const { authorizer: name } = match.route
    const authorizer = name === undefined ? undefined : this.#definition.authorizers[name]
    if (name === undefined || authorizer === undefined) {
      return { allowed: true, context: undefined }
    }
    if (authorizer.kind === 'jwt') {
      const tokens = this.#tokens.get(name) ?? new JwtAuthorization(authorizer)
      this.#tokens.set(name, tokens)
      const token = identity(source.request, source.rawQuery, authorizer.identitySource)
      return await tokens.authorize(token, match.route)
    }
    const functionName = this.#functionOf(authorizer.functionNames)
    return functionName === undefined
      ? { allowed: false, status: 500 }
      : await authorizeByFunction(this.#lambda, functionName, authorizer, source, match)
  }

  async #invoke(
    source: HttpEventSource,
    match: RouteMatch,
    context: AuthorizerContext,
    response: ServerResponse,
  ): Promise<void> {
    const functionName = this.#functionOf(match.route.functionNames)
    if (functionName === undefined) {
      answerMessage(response, 500)
      return
    }
    const { requestId, traceId } = source
    const started = await this.#lambda.invoker.invoke(functionName, {
      event: checkEventSize(Buffer.from(JSON.stringify(routeEvent(source, match, context)))),
      ...{ requestId, traceId },
      source: 'route',
      signal: departureSignal(response),
    })
    response.setHeader('x-amzn-RequestId', requestId)
    const got = await started.outcome
    try {
      if (got.kind === 'stream' && match.route.isStreamed) {
        await answerStreamed(response, got)
        return
      }
      const outcome = await wholeOutcome(got, MAX_RESPONSE_BYTES)
      if (outcome.kind === 'error') {
        answerMessage(response, 500)
      } else if (match.route.payload === '1.0') {
        answerProxyResult(response, outcome.body)
      } else {
        answerWhole(response, outcome)
      }
    } catch (error) {
      if (!(error instanceof HttpMetadataError)) {
        throw error
      }
      this.#onNotice(`the response of ${functionName} cannot be answered over HTTP: ${error.message}`)
      answerMessage(response, 500)
    }
  }

  #functionOf(names: readonly string[]): string | undefined {
    const found = names.find((name) => this.#lambda.has(name))
    if (found === undefined) {
      // A template's logical id alone says little where CDK made it, and its handler setting is next.
      const named = [...new Set(names)].slice(0, 2).join(' or ')
      this.#onNotice(`a route is for the function ${named}, which is not there; serve or create it`)
    }
    return found
  }
}

function answerMessage(response: ServerResponse, status: keyof typeof MESSAGES): void {
  answerDocument(response, status, { message: MESSAGES[status] })
}
