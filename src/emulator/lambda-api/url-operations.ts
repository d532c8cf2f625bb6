/** The API's operations on function URLs. */

import type { CorsConfiguration, FunctionUrlConfiguration } from '../functions/function-configuration.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, readDocument } from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { readBoolean, readChoice, readInteger, readObject, readStrings } from './members.ts'

type Document = Readonly<Record<string, unknown>>

const MAX_BODY_BYTES = 64 * 1024
const MAX_AGE_SECONDS = 86_400

export async function createFunctionUrlConfig(call: ApiRequest): Promise<void> {
  const name = functionName(call)
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'CreateFunctionUrlConfig')
  const change = readUrl(document)
  if (change.authType === undefined) {
    throw new InvalidParameterValueException('expected AuthType, but got none; set it to NONE or AWS_IAM')
  }
  const { authType } = change
  await call.lambda.updateConfiguration(name, (configuration) => {
    if (configuration.url?.isImplicit === false) {
      throw new ResourceConflictException(
        `Failed to create function url config for [functionArn = ${call.lambda.arn(name)}]. ` +
          'Error message: FunctionUrlConfig exists for this Lambda function',
      )
    }
    const now = new Date().toISOString()
    const times = { creationTime: now, lastModifiedTime: now }
    return {
      ...configuration,
      url: { isImplicit: false, invokeMode: 'BUFFERED' as const, ...change, authType, ...times },
    }
  })
  answerDocument(call.response, 201, urlDocument(call, name))
}

export function getFunctionUrlConfig(call: ApiRequest): void {
  answerDocument(call.response, 200, urlDocument(call, functionName(call)))
}

export function listFunctionUrlConfigs(call: ApiRequest): void {
  const name = functionName(call)
  const { url } = call.lambda.find(name).configuration
  answerDocument(call.response, 200, {
    FunctionUrlConfigs: url === undefined ? [] : [urlDocument(call, name)],
  })
}

export async function updateFunctionUrlConfig(call: ApiRequest): Promise<void> {
  const name = functionName(call)
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'UpdateFunctionUrlConfig')
  const change = readUrl(document)
  await call.lambda.updateConfiguration(name, (configuration) => {
    const url = existing(configuration.url, call, name)
    return {
      ...configuration,
      url: { ...url, ...change, isImplicit: false, lastModifiedTime: new Date().toISOString() },
    }
  })
  answerDocument(call.response, 200, urlDocument(call, name))
}

export async function deleteFunctionUrlConfig(call: ApiRequest): Promise<void> {
  const name = functionName(call)
  await call.lambda.updateConfiguration(name, ({ url, ...rest }) => {
    existing(url, call, name)
    return rest
  })
  answerNothing(call.response, 204)
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

function urlDocument(call: ApiRequest, name: string): object {
  const url = existing(call.lambda.find(name).configuration.url, call, name)
  return {
    FunctionUrl: `${call.endpoint}/url/${name}/`,
    FunctionArn: call.lambda.arn(name),
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
  name: string,
): FunctionUrlConfiguration {
  if (url === undefined) {
    throw new ResourceNotFoundException(
      `The function ${lambda.arn(name)} has no function URL; create one with create-function-url-config`,
    )
  }
  return url
}
