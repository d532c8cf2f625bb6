/**
 * A Runtime API server that trusts nobody: it reads requests byte by byte off raw sockets, holds them against the
 * protocol, records them, counts answers per invocation, and can misbehave at any step.
 *
 * What breaks a rule goes into `violations`; a test ends by asserting that there are none.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type HttpRequest, RequestParser } from './request-parser.ts'

export interface Exchange extends HttpRequest {
  /** Counts the connections of this server from 1. */
  readonly connection: number
}

/** What to do instead of answering a request as the platform would. */
export interface Fault {
  status?: number
  body?: string
  headers?: Record<string, string>
  /** Closes the connection: without a word, after the status line, in mid-body, or after the whole answer. */
  close?: 'before' | 'after-head' | 'mid-body' | 'after'
  /** Sends the answer in segments of this many bytes. */
  segment?: number
  /** Waits so long before it answers. */
  delayMs?: number
  /** Writes header names in capitals. */
  shout?: boolean
  /** Whether an answer that this fault hits counts as taken by the platform; by default when its status is 2xx. */
  accepted?: boolean
}

export interface InvocationOptions {
  event?: string | Buffer
  requestId?: string
  headers?: Record<string, string | undefined>
  /** One for each time the runtime is given this invocation. */
  next?: Fault
  /** One for each answer to this invocation in turn. */
  answers?: Fault[]
}

export interface Answer {
  readonly kind: 'response' | 'error'
  readonly requestId: string
  readonly request: Exchange
  /** The body as JSON. */
  json<T = unknown>(): T
}

interface Queued {
  readonly requestId: string
  readonly options: InvocationOptions
  readonly answers: Answer[]
  readonly faults: Fault[]
  readonly done: PromiseWithResolvers<Answer>
  given: boolean
  /** Whether the last answer's status cannot have reached the runtime. */
  replyLost: boolean
  attempted: boolean
}

interface Waiting {
  readonly socket: Socket
  readonly answered: () => void
}

const PREFIX = '/2018-06-01/runtime/'
const ANSWER_PATH = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/

export class StrictRuntimeApi {
  readonly violations: string[] = []
  readonly requests: Exchange[] = []
  /** The body of `init/error`, as JSON, of each time it was posted. */
  readonly initErrors: Exchange[] = []
  /** What to answer to `init/error`. */
  initErrorFault: Fault | undefined
  /** What to answer to each `next` in turn before any invocation is given. */
  readonly nextFaults: Fault[] = []
  /** What extensions registered with, as JSON. */
  readonly registrations: Exchange[] = []
  /** What was posted to `restore/error`. */
  readonly restoreErrors: Exchange[] = []
  /** Holds back the answer to `restore/next` until it resolves. */
  restored: Promise<void> = Promise.resolve()
  /** When reading pauses: how a slow Runtime API is played. */
  isReading = true
  readonly #events = new Map<string, () => void>()
  readonly #seen: { needle: string; resolve: () => void }[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #queue: Queued[] = []
  readonly #all = new Map<string, Queued>()
  readonly #waiting: Waiting[] = []
  readonly #nextWatchers: (() => void)[] = []
  #connections = 0
  #ids = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#accept(socket))
  }

  static async start(): Promise<StrictRuntimeApi> {
    const server = createServer()
    const api = new StrictRuntimeApi(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return api
  }

  /** Host and port, as in `AWS_LAMBDA_RUNTIME_API`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get connections(): number {
    return this.#connections
  }

  /** Queues an invocation. Resolves to its first accepted answer. */
  invoke(event: unknown, options: Omit<InvocationOptions, 'event'> = {}): Promise<Answer> {
    return this.invokeRaw({ ...options, event: JSON.stringify(event) })
  }

  /** Queues an invocation whose event is sent as it is. */
  invokeRaw(options: InvocationOptions): Promise<Answer> {
    const requestId = options.requestId ?? `request-${++this.#ids}`
    const queued: Queued = {
      requestId,
      options,
      answers: [],
      faults: [...(options.answers ?? [])],
      done: Promise.withResolvers<Answer>(),
      given: false,
      replyLost: false,
      attempted: false,
    }
    this.#all.set(requestId, queued)
    this.#queue.push(queued)
    this.#giveSoon()
    return queued.done.promise
  }

  /** The accepted answers to an invocation. */
  answersTo(requestId: string): readonly Answer[] {
    return this.#all.get(requestId)?.answers ?? []
  }

  /** Resolves when the runtime is given this invocation. */
  given(requestId: string): Promise<void> {
    return this.#when(`given ${requestId}`)
  }

  /** Resolves when an answer to this invocation arrives, whether it is accepted or not. */
  answerAttempt(requestId: string): Promise<void> {
    return this.#all.get(requestId)?.attempted ? Promise.resolve() : this.#when(`answered ${requestId}`)
  }

  /** Forgets an invocation and all requests so far, for tests with many. */
  forget(requestId: string): void {
    this.#all.delete(requestId)
    this.requests.length = 0
  }

  #when(event: string): Promise<void> {
    return new Promise((resolve) => this.#events.set(event, resolve))
  }

  #happened(event: string): void {
    this.#events.get(event)?.()
    this.#events.delete(event)
  }

  /** How often each path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length
  }

  /** Resolves when the runtime waits for its next invocation. */
  async idle(): Promise<void> {
    if (this.#waiting.length > 0) {
      return
    }
    await new Promise<void>((resolve) => this.#nextWatchers.push(resolve))
  }

  /** Resolves when these bytes have arrived, as part of a request that need not be whole. */
  sees(needle: string): Promise<void> {
    return new Promise((resolve) => this.#seen.push({ needle, resolve }))
  }

  /** Reads on after `isReading` was false. */
  resume(): void {
    this.isReading = true
    for (const socket of this.#sockets) {
      socket.resume()
    }
  }

  /** Closes every connection, as a Runtime API does that restarts. */
  dropConnections(): void {
    this.#waiting.length = 0
    for (const socket of this.#sockets) {
      socket.destroy()
    }
  }

  async stop(): Promise<void> {
    this.dropConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    const connection = ++this.#connections
    const parser = new RequestParser()
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    const waitsNoLonger = (): void => {
      const waiting = this.#waiting.findIndex((entry) => entry.socket === socket)
      if (waiting !== -1) {
        this.#waiting.splice(waiting, 1)
      }
    }
    socket.on('end', waitsNoLonger)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      waitsNoLonger()
    })
    let busy = false
    socket.on('data', (bytes: Buffer) => {
      if (!this.isReading) {
        socket.pause()
      }
      for (const watcher of this.#seen.filter(({ needle }) => bytes.includes(needle))) {
        this.#seen.splice(this.#seen.indexOf(watcher), 1)
        watcher.resolve()
      }
      if (busy) {
        this.violations.push('bytes arrived before the answer to the request before them')
      }
      const request = parser.push(bytes)
      for (const problem of parser.problems.splice(0)) {
        this.violations.push(problem)
      }
      if (request === undefined) {
        return
      }
      busy = true
      const exchange: Exchange = { ...request, connection }
      this.requests.push(exchange)
      if (exchange.header('host') !== this.address) {
        this.violations.push(`Host is ${exchange.header('host')}`)
      }
      this.#route(socket, exchange, () => {
        busy = false
      })
    })
  }

  #route(socket: Socket, exchange: Exchange, answered: () => void): void {
    const answer = (status: number, body: string, fault: Fault | undefined, headers = {}): void => {
      answered()
      void send(socket, { status, body, headers, ...fault })
    }
    const { method, path } = exchange
    if (method === 'GET' && path === `${PREFIX}invocation/next`) {
      const fault = this.nextFaults.shift()
      if (fault) {
        answer(fault.status ?? 200, fault.body ?? '', fault)
      } else if (socket.writable) {
        // One that this side has closed already cannot be given anything.
        this.#waiting.push({ socket, answered })
        for (const watcher of this.#nextWatchers.splice(0)) {
          watcher()
        }
        this.#giveSoon()
      }
      return
    }
    if (method === 'POST' && path === `${PREFIX}init/error`) {
      this.initErrors.push(exchange)
      answer(202, '{"status":"OK"}', this.initErrorFault)
      return
    }
    if (method === 'POST' && path === '/2020-01-01/extension/register') {
      this.registrations.push(exchange)
      answer(200, '{}', undefined, { 'Lambda-Extension-Identifier': 'the-extension' })
      return
    }
    if (method === 'GET' && path === '/2020-01-01/extension/event/next') {
      return // Never: it has no events.
    }
    if (method === 'GET' && path === `${PREFIX}restore/next`) {
      this.restored.then(() => answer(200, '', undefined))
      return
    }
    if (method === 'POST' && path === `${PREFIX}restore/error`) {
      this.restoreErrors.push(exchange)
      answer(202, '', undefined)
      return
    }
    const match = ANSWER_PATH.exec(path)
    if (method === 'POST' && match) {
      this.#take(
        exchange,
        decodeURIComponent(match[1] as string),
        match[2] as Answer['kind'],
        socket.writable,
        answer,
      )
      return
    }
    this.violations.push(`${method} ${path} is no call of the Runtime API`)
    answer(404, '', undefined)
  }

  #take(
    request: Exchange,
    requestId: string,
    kind: Answer['kind'],
    isHeard: boolean,
    answer: (status: number, body: string, fault: Fault | undefined) => void,
  ): void {
    const queued = this.#all.get(requestId)
    if (queued === undefined || !queued.given) {
      this.violations.push(`an answer to ${JSON.stringify(requestId)}, which was not given`)
      answer(400, '{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}', undefined)
      return
    }
    queued.attempted = true
    this.#happened(`answered ${requestId}`)
    const fault = queued.faults.shift()
    const status = fault?.status ?? 202
    const accepted = fault?.accepted ?? (status < 300 && fault?.close !== 'before')
    if (queued.answers.length > 0) {
      // A second answer is refused, as the platform does; it is no violation where the runtime could not know of the first.
      if (!queued.replyLost) {
        this.violations.push(`a second answer to ${requestId}`)
      }
      answer(
        403,
        '{"errorType":"InvalidStateTransition","errorMessage":"State transition is not allowed"}',
        fault,
      )
      return
    }
    if (accepted) {
      const taken: Answer = { kind, requestId, request, json: () => JSON.parse(request.body.toString()) }
      queued.answers.push(taken)
      queued.done.resolve(taken)
    }
    queued.replyLost = !isHeard || fault?.close !== undefined
    answer(status, '{"status":"OK"}', fault)
  }

  /**
   * Gives what is queued to whoever waits, once it is known who still does: of a process that a test has stopped,
   * the last `next` may be read before its end is, which one more turn of the event loop reads.
   */
  #giveSoon(): void {
    setImmediate(() => setImmediate(() => this.#give()))
  }

  #give(): void {
    while (this.#queue.length > 0 && this.#waiting.length > 0) {
      const queued = this.#queue.shift() as Queued
      const { socket, answered } = this.#waiting.shift() as Waiting
      answered()
      queued.given = true
      this.#happened(`given ${queued.requestId}`)
      const { event = '{}', headers = {}, next } = queued.options
      void send(socket, {
        status: 200,
        body: event,
        ...next,
        headers: {
          'Lambda-Runtime-Aws-Request-Id': queued.requestId,
          'Lambda-Runtime-Deadline-Ms': String(Date.now() + 30_000),
          'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:eu-central-1:123456789012:function:test',
          'Lambda-Runtime-Trace-Id':
            'Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0',
          'Content-Type': 'application/json',
          ...headers,
          ...next?.headers,
        },
      })
    }
  }
}

interface Reply extends Omit<Fault, 'body' | 'headers'> {
  status: number
  body: string | Buffer
  headers: Record<string, string | undefined>
}

async function send(socket: Socket, reply: Reply): Promise<void> {
  if (reply.delayMs) {
    await new Promise((resolve) => setTimeout(resolve, reply.delayMs))
  }
  if (reply.close === 'before') {
    socket.destroy()
    return
  }
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body
  const lines = [`HTTP/1.1 ${reply.status} Status`]
  for (const [name, value] of Object.entries({ 'Content-Length': String(body.length), ...reply.headers })) {
    if (value !== undefined) {
      lines.push(`${reply.shout ? name.toUpperCase() : name}: ${value}`)
    }
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const whole = Buffer.concat([head, body])
  const cut = { 'after-head': head.length, 'mid-body': head.length + (body.length >> 1), after: whole.length }
  const bytes = reply.close ? whole.subarray(0, cut[reply.close]) : whole
  if (reply.segment) {
    for (let at = 0; at < bytes.length && !socket.destroyed; at += reply.segment) {
      socket.write(bytes.subarray(at, at + reply.segment))
      await new Promise((resolve) => setImmediate(resolve))
    }
  } else {
    socket.write(bytes)
  }
  if (reply.close) {
    socket.end()
  }
}
