/** The API's operations on reserved and provisioned concurrency. */

import { LATEST } from '../functions/function-version.ts'
import type { LocalFunction } from '../functions/local-function.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, qualifiedFunction, readDocument } from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  ProvisionedConcurrencyConfigNotFoundException,
} from '../lambda-error.ts'
import { readInteger } from './members.ts'
import { page } from './pages.ts'

const MEMBER = 'ReservedConcurrentExecutions'
const PROVISIONED = 'ProvisionedConcurrentExecutions'
const MAX_BODY_BYTES = 64 * 1024

export async function putFunctionConcurrency(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_BODY_BYTES, 'PutFunctionConcurrency')
  lambda.find(name)
  const reserved = readInteger(document, MEMBER, 0, 100_000)
  if (reserved === undefined) {
    throw new InvalidParameterValueException(`expected ${MEMBER}, but got none; set it to 0 or more`)
  }
  await lambda.changes.updateConfiguration(name, (configuration) => {
    checkRoom(call, name, reserved)
    return { ...configuration, reservedConcurrency: reserved }
  })
  answerDocument(response, 200, { [MEMBER]: reserved })
}

export function getFunctionConcurrency(call: ApiRequest): void {
  const { reservedConcurrency } = call.lambda.find(functionName(call)).configuration
  answerDocument(
    call.response,
    200,
    reservedConcurrency === undefined ? {} : { [MEMBER]: reservedConcurrency },
  )
}

export async function deleteFunctionConcurrency(call: ApiRequest): Promise<void> {
  await call.lambda.changes.updateConfiguration(
    functionName(call),
    ({ reservedConcurrency: _, ...rest }) => rest,
  )
  answerNothing(call.response, 204)
}

/** The environments are started at once, and kept. */
export async function putProvisionedConcurrency(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const document = await readDocument(request, MAX_BODY_BYTES, 'PutProvisionedConcurrencyConfig')
  const { name, qualifier } = publishedFunction(call)
  const count = readInteger(document, PROVISIONED, 1, 100_000)
  if (count === undefined) {
    throw new InvalidParameterValueException(`expected ${PROVISIONED}, but got none; set it to 1 or more`)
  }
  if (count > lambda.pool.concurrency) {
    throw new InvalidParameterValueException(
      `Requested Provisioned Concurrency should not be greater than the ${lambda.pool.concurrency} of this emulator, ` +
        `but is ${count}; ask for less, or start it with a larger --concurrency`,
    )
  }
  const found = await lambda.changes.update(name, (changed) => {
    changed.change(qualifier, { provisionedConcurrency: count })
  })
  // Whoever wants to know how far it is asks for it.
  lambda.quietly(lambda.invoker.provision(name, qualifier))
  answerDocument(response, 202, { ...provisioned(call, found, qualifier), Status: 'IN_PROGRESS' })
}

export function getProvisionedConcurrency(call: ApiRequest): void {
  if (call.query.get('List') === 'ALL') {
    listProvisionedConcurrency(call)
    return
  }
  const { qualifier, found } = publishedFunction(call)
  if (found.settings.get(qualifier)?.provisionedConcurrency === undefined) {
    throw new ProvisionedConcurrencyConfigNotFoundException(
      'No Provisioned Concurrency Config found for this function',
    )
  }
  answerDocument(call.response, 200, provisioned(call, found, qualifier))
}

export async function deleteProvisionedConcurrency(call: ApiRequest): Promise<void> {
  const { name, qualifier } = publishedFunction(call)
  await call.lambda.changes.update(name, (changed) => {
    changed.change(qualifier, { provisionedConcurrency: undefined })
  })
  answerNothing(call.response, 204)
}

function listProvisionedConcurrency(call: ApiRequest): void {
  const found = call.lambda.find(functionName(call))
  const all = [...found.settings]
    .filter(([, { provisionedConcurrency }]) => provisionedConcurrency !== undefined)
    .map(([qualifier]) => ({
      FunctionArn: call.lambda.arn(found.name, qualifier),
      ...provisioned(call, found, qualifier),
    }))
  const { items, next } = page(all, ({ FunctionArn }) => FunctionArn, call.query)
  answerDocument(call.response, 200, {
    ProvisionedConcurrencyConfigs: items,
    ...(next !== undefined && { NextMarker: next }),
  })
}

function provisioned({ lambda }: ApiRequest, found: LocalFunction, qualifier: string): object {
  const requested = found.settings.get(qualifier)?.provisionedConcurrency ?? 0
  const { functionVersion = qualifier } = found.aliases.get(qualifier) ?? {}
  const { revisions } = found.version(functionVersion, lambda.arn(found.name))
  const ready = revisions.reduce((sum, revision) => sum + lambda.pool.initialised(revision), 0)
  const available = Math.min(ready, requested)
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: available,
    AllocatedProvisionedConcurrentExecutions: available,
    Status: available < requested ? 'IN_PROGRESS' : 'READY',
    LastModified: found.configuration.lastModified,
  }
}

function publishedFunction(call: ApiRequest) {
  const qualified = qualifiedFunction(call)
  if (qualified.qualifier === LATEST) {
    throw new InvalidParameterValueException(
      'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
    )
  }
  return qualified
}

function checkRoom({ lambda }: ApiRequest, name: string, reserved: number): void {
  const others = lambda.functions.filter((each) => each.name !== name)
  const taken = others.reduce((sum, { configuration }) => sum + (configuration.reservedConcurrency ?? 0), 0)
  const room = lambda.pool.concurrency - taken
  if (reserved > room) {
    throw new InvalidParameterValueException(
      `expected ${MEMBER} of ${room} at most, what is left of the ${lambda.pool.concurrency} of this emulator, ` +
        `but got ${reserved}; reserve less, or start it with a larger --concurrency`,
    )
  }
}
