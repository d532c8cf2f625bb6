/**
 * Finds out what clients of the AWS SDK can be primed with, by doing it: which of a client's commands comes to an answer, what it
 * cannot do without, and what kind of answer it reads. What they run so is in the function's code cache.
 */

import type { SdkAnswer, SdkExchange } from '../executable/priming-settings.ts'
import { DOCUMENT_CLIENT, type SdkRegistry, WRAPPED_CLIENT } from '../executable/sdk-registry.ts'
import { inTime } from '../runtime/prime/in-time.ts'
import { type ExchangeOutcome, exchangeBySdk } from '../runtime/prime/sdk-exchange.ts'

/** Each takes some milliseconds of a start. */
const MOST_CLIENTS = 3
/** Of those, to find some that can be primed. */
const MOST_TRIED = 8
/** Of a client's commands, to find one that can be sent. */
const MOST_COMMANDS = 4
/** What functions send most: an aggregated client has all of a service's commands, in the order of the alphabet. */
const USUAL_COMMAND =
  /^(Get(Item|Object|Parameter|SecretValue)?|Put(Item|Object|Events|Records?|MetricData|LogEvents)?|Query|SendMessage|SendEmail|Publish|Invoke(Model)?|Converse|StartExecution|AssumeRole)Command$/
const MOST_REQUIRED = 5
const ANSWERS: readonly SdkAnswer[] = ['json', 'xml', 'cbor']
/** What is told of a member that is a part of the request's URL, and is missing. */
const MISSING_LABEL = /HTTP label: (\w+)/
/** As good a value as any, for names of buckets, too. */
const SOME_VALUE = 'lambdabin'
/** So that what makes items of values is primed, too. */
const KNOWN_INPUT: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  [DOCUMENT_CLIENT]: { TableName: SOME_VALUE, Key: { id: '1' }, Item: { id: '1' } },
}
/** Clients of older versions have another client at hand, and these of its commands, for the credentials of a role. */
const CLIENT_OF_ROLES = 'STSClient'
const COMMANDS_OF_ROLES = ['AssumeRoleCommand', 'AssumeRoleWithWebIdentityCommand']

/** Milliseconds for a request: there is nothing to wait for. */
const TIMEOUT_MS = 3000
const LATE: ExchangeOutcome = { isSent: false, error: new Error('it hangs') }

/** Never rejects. */
export async function findSdkExchanges(registry: SdkRegistry): Promise<readonly SdkExchange[]> {
  if (registry.areReplaced()) {
    return []
  }
  // As on Lambda, so that a client finds them where it will find them there.
  process.env.AWS_ACCESS_KEY_ID ??= 'AKIDEXAMPLE'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'placeholder'
  const found: SdkExchange[] = []
  for (const client of clientsToPrime(registry)) {
    if (found.length === MOST_CLIENTS) {
      break
    }
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
  const clients = named.includes(DOCUMENT_CLIENT)
    ? named.filter((client) => client !== WRAPPED_CLIENT)
    : named
  const own = clients.filter((client) => !isForCredentials(registry, client))
  return (own.length > 0 ? own : clients).slice(0, MOST_TRIED)
}

function isForCredentials(registry: SdkRegistry, client: string): boolean {
  const commands = registry.commandsOf(client)
  return client === CLIENT_OF_ROLES && commands.toSorted().join() === COMMANDS_OF_ROLES.join()
}

async function findExchange(registry: SdkRegistry, client: string): Promise<SdkExchange | undefined> {
  for (const command of commandsToTry(registry.commandsOf(client))) {
    const exchange = await tryCommand(registry, client, command)
    if (exchange !== undefined) {
      return exchange
    }
  }
  return undefined
}

function commandsToTry(commands: readonly string[]): string[] {
  const isUsual = (command: string) => USUAL_COMMAND.test(command)
  const [usual, others] = [commands.filter(isUsual), commands.filter((command) => !isUsual(command))]
  return [...usual, ...others].slice(0, MOST_COMMANDS)
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
      const exchange = exchangeBySdk(registry, { client, command, input, answer })
      const { isSent, error } = await inTime(exchange, TIMEOUT_MS, LATE)
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
