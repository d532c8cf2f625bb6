/** The API's operations on how asynchronous invocations are retried, and where their records go. */

import type { EventInvokeConfiguration } from '../functions/function-configuration.ts'
import { readFunctionReference } from '../functions/function-reference.ts'
import { LATEST } from '../functions/function-version.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, qualifiedFunction, readDocument } from '../http/api-request.ts'
import { InvalidParameterValueException, ResourceNotFoundException } from '../lambda-error.ts'
import { readInteger, readObject, readString } from './members.ts'
import { page } from './pages.ts'

type Document = Readonly<Record<string, unknown>>

const MAX_BODY_BYTES = 64 * 1024
const LEAST_AGE_SECONDS = 60
const MOST_AGE_SECONDS = 21_600
const DESTINATION = /^(|arn:aws[a-zA-Z-]*:[a-zA-Z0-9-]+:[a-z0-9-]*:(\d{12})?:.+)$/

export async function putEventInvokeConfig(call: ApiRequest): Promise<void> {
  await change(call, 'PutFunctionEventInvokeConfig', () => ({}))
}

export async function updateEventInvokeConfig(call: ApiRequest): Promise<void> {
  await change(call, 'UpdateFunctionEventInvokeConfig', (before) => {
    if (before === undefined) {
      throw missing(call)
    }
    return before
  })
}

export function getEventInvokeConfig(call: ApiRequest): void {
  const { name, qualifier, found } = qualifiedFunction(call)
  const configuration = found.settings.get(qualifier)?.eventInvoke
  if (configuration === undefined) {
    throw missing(call)
  }
  answerDocument(call.response, 200, describe(call, name, qualifier, configuration))
}

export async function deleteEventInvokeConfig(call: ApiRequest): Promise<void> {
  const { name, qualifier } = qualifiedFunction(call)
  await call.lambda.changes.update(name, (changed) => {
    if (changed.settings.get(qualifier)?.eventInvoke === undefined) {
      throw missing(call)
    }
    changed.change(qualifier, { eventInvoke: undefined })
  })
  answerNothing(call.response, 204)
}

export function listEventInvokeConfigs(call: ApiRequest): void {
  const name = functionName(call)
  const configurations = [...call.lambda.find(name).settings].flatMap(([qualifier, { eventInvoke }]) =>
    eventInvoke === undefined ? [] : [describe(call, name, qualifier, eventInvoke)],
  )
  const { items, next } = page(configurations, ({ FunctionArn }) => FunctionArn, call.query)
  answerDocument(call.response, 200, {
    FunctionEventInvokeConfigs: items,
    ...(next !== undefined && { NextMarker: next }),
  })
}

async function change(
  call: ApiRequest,
  operation: string,
  base: (before: EventInvokeConfiguration | undefined) => Partial<EventInvokeConfiguration>,
): Promise<void> {
  const document = await readDocument(call.request, MAX_BODY_BYTES, operation)
  const { name, qualifier } = qualifiedFunction(call)
  const asked = readConfiguration(call, document)
  const { settings } = await call.lambda.changes.update(name, (changed) => {
    const before = changed.settings.get(qualifier)?.eventInvoke
    const eventInvoke = { ...base(before), ...asked, LastModified: Date.now() / 1000 }
    changed.change(qualifier, { eventInvoke })
  })
  const configuration = settings.get(qualifier)?.eventInvoke as EventInvokeConfiguration
  answerDocument(call.response, 200, describe(call, name, qualifier, configuration))
}

function readConfiguration(call: ApiRequest, document: Document): Partial<EventInvokeConfiguration> {
  const attempts = readInteger(document, 'MaximumRetryAttempts', 0, 2)
  const age = readInteger(document, 'MaximumEventAgeInSeconds', LEAST_AGE_SECONDS, MOST_AGE_SECONDS)
  const destinations = readObject(document, 'DestinationConfig')
  return {
    ...(attempts !== undefined && { MaximumRetryAttempts: attempts }),
    ...(age !== undefined && { MaximumEventAgeInSeconds: age }),
    ...(destinations !== undefined && {
      DestinationConfig: {
        ...readDestination(call, destinations, 'OnSuccess'),
        ...readDestination(call, destinations, 'OnFailure'),
      },
    }),
  }
}

function readDestination(
  call: ApiRequest,
  destinations: Document,
  member: 'OnSuccess' | 'OnFailure',
): object {
  const given = readObject(destinations, member)
  const destination =
    given &&
    readString(given, 'Destination', DESTINATION, 'the ARN of a function, a queue, a topic or a bucket')
  if (destination === undefined) {
    return given === undefined ? {} : { [member]: {} }
  }
  if (destination.includes(':function:')) {
    // It has to be one of this emulator's.
    const { name, qualifier } = readFunctionReference(destination, null, call.lambda)
    if (!call.lambda.has(name)) {
      throw new InvalidParameterValueException(
        `The destination ARN ${destination} is invalid: there is no such function here`,
      )
    }
    call.lambda.find(name, qualifier)
  }
  return { [member]: { Destination: destination } }
}

function describe(
  { lambda }: ApiRequest,
  name: string,
  qualifier: string,
  configuration: EventInvokeConfiguration,
): EventInvokeConfiguration & { FunctionArn: string } {
  return {
    DestinationConfig: { OnSuccess: {}, OnFailure: {} },
    ...configuration,
    FunctionArn: lambda.arn(name, qualifier),
  }
}

function missing(call: ApiRequest): ResourceNotFoundException {
  const { name, qualifier = LATEST } = qualifiedFunction(call)
  return new ResourceNotFoundException(
    `The function ${call.lambda.arn(name, qualifier)} doesn't have an EventInvokeConfig`,
  )
}
