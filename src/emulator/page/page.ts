/**
 * The page: what the local Lambda does, to look at and to try things with, for a browser on this machine.
 *
 * It can run code, so a foreign page or user must not reach it: whoever has not come by the link that the terminal prints,
 * with its token, gets nothing. The link sets a cookie for this address that scripts cannot read and other sites' pages
 * cannot send; requests that change something also have to come from the page itself.
 *
 *     GET  <path>            the page; with ?token=… it sets the cookie
 *     GET  <path>page.js …   what it is made of
 *     GET  <path>state       functions, invocations and events, as they are
 *     GET  <path>changes     what changes of it, as server-sent events: page-changes.ts
 *     GET  <path>invocation  all of one invocation: ?requestId=…
 *     GET  <path>search      request ids of those that have a text in them: ?text=…
 *     POST <path>invoke      runs a function: {functionName, qualifier?, event}, and answers as the response comes
 *     POST <path>rerun       puts a queued or failed event at the front: {requestId}
 *     GET  <path>event       the event of an invocation, to be saved: ?requestId=…
 */

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { MAX_EVENT_BYTES } from '../../runtime-api/contract.ts'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { readDocument } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import { writeAtPace } from '../http/slow-reader.ts'
import type { InvocationEntry, InvocationHistory } from '../invocation-history.ts'
import {
  AccessDeniedException,
  InvalidParameterValueException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import { PageChanges } from './page-changes.ts'
import { describeState, readFailedEvent } from './page-state.ts'

export interface PageOptions {
  lambda: LocalLambda
  queue: EventQueue
  history: InvocationHistory
  /** Where events lie that failed for good. */
  failedFolder: string
  /** Where the page is, with a slash at both ends. */
  path: string
}

type Handler = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void>

const FILES = [
  'page.html',
  'page.css',
  'page.js',
  'page-connection.js',
  'page-list.js',
  'page-view.js',
  'samples.js',
]
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}
const COOKIE = 'lambdabin-page'

export class Page {
  readonly #options: PageOptions
  readonly #token = randomBytes(24).toString('base64url')
  readonly #changes: PageChanges
  readonly #handlers: Readonly<Record<string, Handler>>

  constructor(options: PageOptions) {
    this.#options = options
    this.#changes = new PageChanges(options)
    this.#handlers = {
      'GET state': async (_, response) => answerDocument(response, 200, await describeState(options)),
      'GET changes': async (_, response) => this.#changes.follow(response),
      'GET invocation': async (_, response, query) => answerDocument(response, 200, this.#entry(query)),
      'GET search': async (_, response, query) => {
        answerDocument(response, 200, { requestIds: options.history.search(query.get('text') ?? '') })
      },
      'GET event': (_, response, query) => this.#sendEvent(response, query),
      'POST invoke': (request, response) => this.#invoke(request, response),
      'POST rerun': (request, response) => this.#rerun(request, response),
    }
  }

  /** What the terminal prints. */
  link(endpoint: string): string {
    return `${endpoint}${this.#options.path}?token=${this.#token}`
  }

  close(): void {
    this.#changes.close()
  }

  /** Answers; false where nothing of the page is there, and nothing was answered. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    rawQuery: string,
  ): Promise<boolean> {
    const own = this.#options.path
    const name = path.startsWith(own) ? path.slice(own.length) : undefined
    const handler = this.#handlers[`${request.method} ${name}`]
    const file = name === '' ? 'page.html' : FILES.find((each) => each === name && request.method === 'GET')
    if (name === undefined || (handler === undefined && file === undefined)) {
      return false
    }
    const query = new URLSearchParams(rawQuery)
    if (name === '' && query.has('token')) {
      this.#letIn(request, response, query.get('token') ?? '')
      return true
    }
    this.#checkVisitor(request)
    response.setHeader('Cache-Control', 'no-store')
    if (handler !== undefined) {
      await handler(request, response, query)
    } else if (file !== undefined) {
      await sendFile(response, file)
    }
    return true
  }

  #letIn(request: IncomingMessage, response: ServerResponse, token: string): void {
    if (!this.#isToken(token)) {
      throw new AccessDeniedException(
        'expected the token that lambdabin serve has printed, but got another; open the link in its terminal',
      )
    }
    const cookie = `${COOKIE}=${this.#token}; Path=${this.#options.path}; HttpOnly; SameSite=Strict`
    response.setHeader('Set-Cookie', cookie)
    response.writeHead(request.method === 'HEAD' ? 200 : 303, {
      Location: this.#options.path,
      'Content-Length': 0,
    })
    response.end()
  }

  #checkVisitor(request: IncomingMessage): void {
    const { origin, host, cookie = '', 'sec-fetch-site': site } = request.headers
    const [, token = ''] = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(cookie) ?? []
    if (!this.#isToken(token)) {
      throw new AccessDeniedException(
        'this page is for who started lambdabin serve; open the link that it has printed in its terminal',
      )
    }
    const isForeign = (origin !== undefined && origin !== `http://${host}`) || site === 'cross-site'
    if (isForeign || (request.method === 'POST' && origin === undefined)) {
      throw new AccessDeniedException('expected a request of the page itself, but another page sent this one')
    }
  }

  #isToken(text: string): boolean {
    const [given, expected] = [Buffer.from(text), Buffer.from(this.#token)]
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  /** The response comes as it is written; what becomes of the invocation comes with the changes. */
  async #invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { functionName, qualifier, event } = await readDocument(request, MAX_EVENT_BYTES, 'the page')
    if (typeof functionName !== 'string' || typeof event !== 'string') {
      throw new InvalidParameterValueException('expected functionName and event; send both')
    }
    const started = await this.#options.lambda.invoker.invoke(functionName, {
      event: Buffer.from(event),
      qualifier: typeof qualifier === 'string' ? qualifier : undefined,
      source: 'page',
      signal: departureSignal(response),
    })
    response.setHeader('X-Amzn-RequestId', started.requestId)
    const outcome = await started.outcome
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      ...(outcome.kind === 'error' && { 'X-Amz-Function-Error': outcome.errorType }),
    })
    if (outcome.kind === 'stream') {
      response.flushHeaders()
      for await (const chunk of outcome.body) {
        await writeAtPace(response, chunk)
      }
      const failure = await outcome.failure
      response.end(failure && `\n${failure.body}`)
    } else {
      response.end(outcome.body)
    }
  }

  async #rerun(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { requestId } = await readDocument(request, MAX_EVENT_BYTES, 'the page')
    const { queue, failedFolder } = this.#options
    if (queue.runNow(String(requestId))) {
      answerNothing(response, 202)
      return
    }
    const failed = await readFailedEvent(failedFolder, String(requestId))
    if (failed === undefined) {
      throw new ResourceNotFoundException(`there is no event ${requestId} any more`)
    }
    await queue.add(failed.functionName, { event: failed.event, qualifier: failed.qualifier })
    await failed.remove()
    answerNothing(response, 202)
    this.#changes.announce()
  }

  #entry(query: URLSearchParams): InvocationEntry {
    const requestId = query.get('requestId') ?? ''
    const entry = this.#options.history.find(requestId)
    if (entry === undefined) {
      throw new ResourceNotFoundException(`there is no invocation ${requestId} any more`)
    }
    return entry
  }

  async #sendEvent(response: ServerResponse, query: URLSearchParams): Promise<void> {
    const entry = this.#entry(query)
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Disposition': `attachment; filename="${entry.functionName}-${entry.requestId}.json"`,
      'Content-Length': Buffer.byteLength(entry.event),
    })
    response.end(entry.event)
  }
}

async function sendFile(response: ServerResponse, name: string): Promise<void> {
  const content = await readFile(new URL(`../../../page/${name}`, import.meta.url))
  response.writeHead(200, {
    'Content-Type': TYPES[extname(name)],
    'Content-Length': content.length,
    // Nothing from elsewhere, and nobody around it.
    'Content-Security-Policy':
      "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  })
  response.end(content)
}
