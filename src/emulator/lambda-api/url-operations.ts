/** The API's operations on function URLs. */

import type { CorsConfiguration, FunctionUrlConfiguration } from '../functions/function-configuration.ts'
import { LATEST } from '../functions/function-version.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, qualifiedFunction, readDocument } from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { readBoolean, readChoice, readInteger, readObject, readStrings } from './members.ts'
import { page } from './pages.ts'

type Document = Readonly<Record<string, unknown>>

const MAX_BODY_BYTES = 64 * 1024
const MAX_AGE_SECONDS = 86_400

export async function createFunctionUrlConfig(call: ApiRequest): Promise<void> {
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'CreateFunctionUrlConfig')
  const target = urlTarget(call)
  const change = readUrl(document)
  if (change.authType === undefined) {
    throw new InvalidParameterValueException('expected AuthType, but got none; set it to NONE or AWS_IAM')
  }
  const { authType } = change
  await changeUrl(call, target, (url) => {
    if (url?.isImplicit === false) {
      throw new ResourceConflictException(
        `Failed to create function url config for [functionArn = ${call.lambda.arn(target.name)}]. ` +
          'Error message: FunctionUrlConfig exists for this Lambda function',
      )
    }
    const now = new Date().toISOString()
    const times = { creationTime: now, lastModifiedTime: now }
    return { isImplicit: false, invokeMode: 'BUFFERED' as const, ...change, authType, ...times }
  })
  answerDocument(call.response, 201, urlDocument(call, target))
}

export function getFunctionUrlConfig(call: ApiRequest): void {
  answerDocument(call.response, 200, urlDocument(call, urlTarget(call)))
}

export function listFunctionUrlConfigs(call: ApiRequest): void {
  const name = functionName(call)
  const found = call.lambda.find(name)
  const qualifiers = [LATEST, ...found.aliases.keys()].filter((qualifier) => found.url(qualifier))
  const { items, next } = page(qualifiers, (qualifier) => qualifier, call.query)
  answerDocument(call.response, 200, {
    FunctionUrlConfigs: items.map((qualifier) => urlDocument(call, { name, qualifier })),
    ...(next !== undefined && { NextMarker: next }),
  })
}

export async function updateFunctionUrlConfig(call: ApiRequest): Promise<void> {
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'UpdateFunctionUrlConfig')
  const target = urlTarget(call)
  const change = readUrl(document)
  await changeUrl(call, target, (url) => ({
    ...existing(url, call, target),
    ...change,
    isImplicit: false,
    lastModifiedTime: new Date().toISOString(),
  }))
  answerDocument(call.response, 200, urlDocument(call, target))
}

export async function deleteFunctionUrlConfig(call: ApiRequest): Promise<void> {
  const target = urlTarget(call)
  await changeUrl(call, target, (url) => {
    existing(url, call, target)
    return undefined
  })
  answerNothing(call.response, 204)
}

interface UrlTarget {
  name: string
  /** `$LATEST` or an alias. */
  qualifier: string
}

function urlTarget(call: ApiRequest): UrlTarget {
  const { name, qualifier, found } = qualifiedFunction(call)
  if (qualifier !== LATEST && !found.aliases.has(qualifier)) {
    throw new InvalidParameterValueException(
      'a function URL is of $LATEST or of an alias, and cannot be of a version; leave the qualifier out, or name an alias',
    )
  }
  return { name, qualifier }
}

async function changeUrl(
  { lambda }: ApiRequest,
  { name, qualifier }: UrlTarget,
  change: (url: FunctionUrlConfiguration | undefined) => FunctionUrlConfiguration | undefined,
): Promise<void> {
  await lambda.changes.update(name, (changed) => {
    const url = change(changed.url(qualifier))
    if (qualifier === LATEST) {
      const { url: _, ...rest } = changed.configuration
      changed.configuration = url === undefined ? rest : { ...rest, url }
    } else {
      changed.change(qualifier, { url })
    }
  })
}

function readUrl(document: Document): Partial<FunctionUrlConfiguration> {
  const authType = readChoice(document, 'AuthType', ['NONE', 'AWS_IAM'])
  const invokeMode = readChoice(document, 'InvokeMode', ['BUFFERED', 'RESPONSE_STREAM'])
  const cors = readObject(document, 'Cors')
  return {
    ...(authType !== undefined && { authType }),
    ...(invokeMode !== undefined && { invokeMode }),
    ...(cors !== undefined && { cors: readCors(cors) }),
  }
}

function readCors(cors: Document): CorsConfiguration {
  const members = {
    AllowCredentials: readBoolean(cors, 'AllowCredentials'),
    AllowHeaders: readStrings(cors, 'AllowHeaders'),
    AllowMethods: readStrings(cors, 'AllowMethods'),
    AllowOrigins: readStrings(cors, 'AllowOrigins'),
    ExposeHeaders: readStrings(cors, 'ExposeHeaders'),
    MaxAge: readInteger(cors, 'MaxAge', 0, MAX_AGE_SECONDS),
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** An alias has a URL of its own, with its name behind the function's. */
function urlDocument(call: ApiRequest, target: UrlTarget): object {
  const { name, qualifier } = target
  const url = existing(call.lambda.find(name).url(qualifier), call, target)
  const place = qualifier === LATEST ? name : `${name}:${qualifier}`
  return {
    FunctionUrl: `${call.endpoint}/url/${place}/`,
    FunctionArn: call.lambda.arn(name, qualifier === LATEST ? undefined : qualifier),
    AuthType: url.authType,
    ...(url.cors !== undefined && { Cors: url.cors }),
    CreationTime: url.creationTime,
    LastModifiedTime: url.lastModifiedTime,
    InvokeMode: url.invokeMode,
  }
}

function existing(
  url: FunctionUrlConfiguration | undefined,
  { lambda }: ApiRequest,
  { name }: UrlTarget,
): FunctionUrlConfiguration {
  if (url === undefined) {
    throw new ResourceNotFoundException(
      `The function ${lambda.arn(name)} has no function URL; create one with create-function-url-config`,
    )
  }
  return url
}
