/**
 * Has a client of the AWS SDK make a request and read its answer, in memory: so that its endpoint rules, its signing, its middleware
 * and its parser have run once before there is an invocation.
 *
 * Client and command are made for it, of the SDK's own classes, as `new DynamoDBClient()` and `new GetItemCommand({})`. The function's
 * clients are not touched, and no code of the function's is run. What the client connects with leads to a server in memory, so that
 * nobody is reached.
 */

import type { Agent, ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SdkAnswer, SdkExchange } from '../../executable/priming-settings.ts'
import { DOCUMENT_CLIENT, type SdkRegistry, WRAPPED_CLIENT } from '../../executable/sdk-registry.ts'
import { readSdkSettings } from '../environment.ts'
import {
  type Answer,
  type Connection,
  connectPlain,
  connectSecure,
  SERVER_TRUST,
  type ServerOptions,
} from './in-memory-server.ts'
import { leaveNothing } from './leave-nothing.ts'

/** What is made of the SDK's classes, as far as it is used here. */
interface SdkClient {
  readonly config: { requestHandler?: SdkRequestHandler }
  send(command: unknown): Promise<unknown>
  destroy?(): void
}

/** What clients send requests by. The members that hold its agents are its own, and may not be there. */
interface SdkRequestHandler {
  readonly configProvider?: Promise<SdkAgents | undefined>
}

interface SdkAgents {
  readonly httpsAgent?: SdkAgent
  readonly httpAgent?: SdkAgent
  httpAgentProvider?: () => Promise<SdkAgent>
}

type SdkAgent = Pick<Agent, 'createConnection'> & {
  addRequest(request: ClientRequest, ...more: unknown[]): void
}

/** For what has no credentials of its own to sign with. */
const NO_CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' }
const SOME_REGION = 'us-east-1'

export interface ExchangeOutcome {
  /** Whether it had come so far that it sent something. */
  readonly isSent: boolean
  /** Why there was no result. */
  readonly error?: unknown
}

/** Never rejects. Nothing of it is left when it settles. */
export async function exchangeBySdk(registry: SdkRegistry, exchange: SdkExchange): Promise<ExchangeOutcome> {
  const network = new MemoryNetwork(answerOf(exchange))
  let end = () => {}
  try {
    const Command = registry.command(exchange.client, exchange.command)
    const made = makeClient(registry, exchange.client)
    if (Command === undefined || made === undefined) {
      throw new Error(`there is no ${exchange.client} with ${exchange.command}`)
    }
    end = made.end
    await network.divert(made.client.config)
    await made.client.send(new Command({ ...exchange.input }))
    return { isSent: network.isReached }
  } catch (error) {
    return { isSent: network.isReached, error }
  } finally {
    try {
      end()
    } catch {
      // It has nothing but what is ended below.
    }
    await network.close()
    await leaveNothing()
  }
}

function makeClient(registry: SdkRegistry, name: string): { client: SdkClient; end: () => void } | undefined {
  const Client = registry.clients.get(name === DOCUMENT_CLIENT ? WRAPPED_CLIENT : name)
  const Document = registry.clients.get(DOCUMENT_CLIENT) as
    | { from?: (client: SdkClient) => SdkClient }
    | undefined
  if (Client === undefined) {
    return undefined
  }
  const { hasRegion, hasCredentials } = readSdkSettings()
  // The client looks for what it is not given, as the function's does, and is to look no further than there.
  const client: SdkClient = new Client({
    ...(!hasRegion && { region: SOME_REGION }),
    ...(!hasCredentials && { credentials: NO_CREDENTIALS }),
  })
  const end = () => client.destroy?.()
  return name === DOCUMENT_CLIENT ? Document?.from && { client: Document.from(client), end } : { client, end }
}

/** What a client's connections lead to. */
class MemoryNetwork {
  readonly #answer: Answer
  readonly #connections: Connection[] = []
  /** Whether a request has come. */
  isReached = false

  constructor(answer: Answer) {
    this.#answer = answer
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }

  /** Has what a client sends go there, through Node.js's own agents where it uses them. */
  async divert(config: SdkClient['config']): Promise<void> {
    const agents = await config.requestHandler?.configProvider
    if (!isAgent(agents?.httpsAgent)) {
      config.requestHandler = this.#handler()
      return
    }
    this.#divertAgent(agents.httpsAgent, connectSecure)
    const { httpAgent, httpAgentProvider: provide } = agents
    if (isAgent(httpAgent)) {
      this.#divertAgent(httpAgent, connectPlain)
    }
    if (provide !== undefined) {
      agents.httpAgentProvider = async () => {
        const agent = await provide()
        this.#divertAgent(agent, connectPlain)
        return agent
      }
    }
  }

  #divertAgent(agent: SdkAgent, connect: (server: ServerOptions) => Connection): void {
    const { createConnection, addRequest } = agent
    let request: ClientRequest | undefined
    agent.addRequest = (sent, ...more) => {
      request = sent
      addRequest.call(agent, sent, ...more)
    }
    const onRequest = (): boolean => {
      this.isReached = true
      if (!isMeasured(request)) {
        return true
      }
      // An error without a code, which no client takes for one to try again after.
      request?.destroy(new Error('a PerformanceObserver would be told of the request'))
      return false
    }
    const begin = (): Duplex => {
      const connection = connect({ answer: this.#answer, onRequest })
      this.#connections.push(connection)
      return connection.socket
    }
    agent.createConnection = (options, ...more) =>
      connect === connectPlain
        ? begin()
        : // Given a socket, Node.js makes no connection of its own.
          createConnection.call(
            agent,
            Object.assign({}, options, { socket: begin(), ...SERVER_TRUST }),
            ...more,
          )
  }

  /** In the place of a request handler that has no such agents: for HTTP/2. */
  #handler(): SdkRequestHandler & Record<string, unknown> {
    const { body, type } = this.#answer
    const { Readable } = process.getBuiltinModule('node:stream')
    return {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: async () => {
        this.isReached = true
        const headers = { 'content-type': type, 'smithy-protocol': 'rpc-v2-cbor' }
        return { response: { statusCode: 200, headers, body: Readable.from([Buffer.from(body, 'latin1')]) } }
      },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => {},
      destroy: () => {},
    }
  }
}

/** Whether a PerformanceObserver of the function's would be told of the request once it is answered: Node.js has begun to measure it. */
function isMeasured(request: ClientRequest | undefined): boolean {
  return Object.getOwnPropertySymbols(request ?? {}).some(
    (symbol) =>
      symbol.description === 'ClientRequestStatistics' && Reflect.get(request ?? {}, symbol) !== undefined,
  )
}

function isAgent(agent: SdkAgent | undefined): agent is SdkAgent {
  return typeof agent?.createConnection === 'function'
}

/** What SQS is to have got: the message that there is none of. Its client compares them. */
const MD5_OF_NO_MESSAGE = 'd41d8cd98f00b204e9800998ecf8427e'

/** What most items of DynamoDB have in them. */
const SOME_ITEM = { id: { S: '1' }, count: { N: '1' }, list: { L: [{ M: { id: { S: '1' } } }] } }

/**
 * What clients do not know they leave out: items are DynamoDB's, endpoints are Timestream's, whose client asks where to ask. Those
 * lead to the same memory.
 */
const JSON_BODY = JSON.stringify({
  Item: SOME_ITEM,
  Items: [SOME_ITEM],
  MD5OfMessageBody: MD5_OF_NO_MESSAGE,
  Endpoints: [{ Address: 'lambdabin.invalid', CachePeriodInMinutes: 1 }],
})
/** In the result, where SQS's client of older versions has it. */
const XML_BODY = `<MD5OfMessageBody>${MD5_OF_NO_MESSAGE}</MD5OfMessageBody>`

/** An answer that has next to nothing in it, as the service's protocol has that. */
function answerOf({ answer, command }: { answer: SdkAnswer; command: string }): Answer {
  const operation = command.replace(/Command$/, '')
  switch (answer) {
    case 'json':
      return { type: 'application/x-amz-json-1.0', body: JSON_BODY }
    case 'xml': {
      const result = `<${operation}Result>${XML_BODY}</${operation}Result>`
      return { type: 'text/xml', body: `<${operation}Response>${result}</${operation}Response>` }
    }
    case 'cbor':
      // An empty map.
      return { type: 'application/cbor', headers: 'smithy-protocol: rpc-v2-cbor\r\n', body: '\xa0' }
  }
}
