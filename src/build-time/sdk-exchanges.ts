/**
 * Finds out what clients of the AWS SDK can be primed with, by doing it: which of a client's commands comes to an answer, what it
 * cannot do without, and what kind of answer it reads. What they run so is in the function's code cache.
 */

import type { SdkAnswer, SdkExchange } from '../executable/priming-settings.ts'
import type { SdkRegistry } from '../executable/sdk-registry.ts'
import { type ExchangeOutcome, exchangeBySdk } from '../runtime/prime/sdk-exchange.ts'

/** Each takes some milliseconds of a start. */
const MOST_CLIENTS = 3
/** Of a client's commands, to find one that can be sent. */
const MOST_COMMANDS = 4
const MOST_REQUIRED = 5
const ANSWERS: readonly SdkAnswer[] = ['json', 'xml', 'cbor']
/** What is told of a member that is a part of the request's URL, and is missing. */
const MISSING_LABEL = /HTTP label: (\w+)/
/** As good a value as any, for names of buckets, too. */
const SOME_VALUE = 'lambdabin'
/** So that what makes items of values is primed, too. */
const KNOWN_INPUT: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  DynamoDBDocumentClient: { TableName: SOME_VALUE, Key: { id: '1' }, Item: { id: '1' } },
}
/** With it, a client of DynamoDB's documents sends what it wraps. */
const WRAPPERS: Readonly<Record<string, string>> = { DynamoDBDocumentClient: 'DynamoDBClient' }

/** Milliseconds for a request: there is nothing to wait for. */
const TIMEOUT_MS = 3000

/** Never rejects. */
export async function findSdkExchanges(registry: SdkRegistry): Promise<readonly SdkExchange[]> {
  // As on Lambda, so that a client finds them where it will find them there.
  process.env.AWS_ACCESS_KEY_ID ??= 'AKIDEXAMPLE'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'placeholder'
  const found: SdkExchange[] = []
  for (const client of clientsToPrime(registry)) {
    const exchange = await findExchange(registry, client)
    if (exchange !== undefined) {
      found.push(exchange)
    }
  }
  return found
}

/** Those with commands; none that is primed by another. */
function clientsToPrime(registry: SdkRegistry): string[] {
  const named = [...registry.clients.keys()].filter((client) => registry.commandsOf(client).length > 0)
  const wrapped = new Set(named.map((client) => WRAPPERS[client]))
  return named.filter((client) => !wrapped.has(client)).slice(0, MOST_CLIENTS)
}

async function findExchange(registry: SdkRegistry, client: string): Promise<SdkExchange | undefined> {
  for (const command of registry.commandsOf(client).slice(0, MOST_COMMANDS)) {
    const exchange = await tryCommand(registry, client, command)
    if (exchange !== undefined) {
      return exchange
    }
  }
  return undefined
}

async function tryCommand(
  registry: SdkRegistry,
  client: string,
  command: string,
): Promise<SdkExchange | undefined> {
  const input: Record<string, unknown> = { ...KNOWN_INPUT[client] }
  for (let tries = 0; tries < MOST_REQUIRED + ANSWERS.length; tries++) {
    const isKnown = Object.keys(input).length
    for (const answer of ANSWERS) {
      const { isSent, error } = await inTime(exchangeBySdk(registry, { client, command, input, answer }))
      if (error === undefined) {
        return { client, command, input, answer }
      }
      const [, missing] = MISSING_LABEL.exec(error instanceof Error ? error.message : '') ?? []
      if (!isSent && missing !== undefined) {
        input[missing] = SOME_VALUE
        break
      }
      if (!isSent) {
        return undefined
      }
    }
    if (Object.keys(input).length === isKnown) {
      return undefined
    }
  }
  return undefined
}

async function inTime(exchange: Promise<ExchangeOutcome>): Promise<ExchangeOutcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<ExchangeOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ isSent: false, error: new Error('it hangs') }), TIMEOUT_MS)
  })
  try {
    return await Promise.race([exchange, late])
  } finally {
    clearTimeout(timer)
  }
}
