/** The API's operations on the account, and on what is kept of a function and changes nothing here. */

import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, qualifiedFunction, readDocument } from '../http/api-request.ts'
import { InvalidParameterValueException } from '../lambda-error.ts'
import { readChoice, readString } from './members.ts'

const MAX_BODY_BYTES = 64 * 1024
const UPDATE_MODES = ['Auto', 'Manual', 'FunctionUpdate']
const GIB = 1024 ** 3

export function getAccountSettings({ lambda, response }: ApiRequest): void {
  const versions = lambda.functions.flatMap(({ allVersions }) => allVersions)
  const layers = lambda.layers.latest.flatMap(({ name }) => lambda.layers.versions(name))
  const bytes = versions.reduce((sum, { description }) => sum + description.codeSize, 0)
  answerDocument(response, 200, {
    AccountLimit: {
      TotalCodeSize: 75 * GIB,
      CodeSizeUnzipped: 250 * 1024 * 1024,
      CodeSizeZipped: 50 * 1024 * 1024,
      ConcurrentExecutions: lambda.pool.concurrency,
      UnreservedConcurrentExecutions: lambda.pool.concurrency - lambda.reservedConcurrency,
    },
    AccountUsage: {
      TotalCodeSize: layers.reduce((sum, { codeSize }) => sum + codeSize, bytes),
      FunctionCount: lambda.functions.length,
    },
  })
}

/** No function here has code signing. */
export function getCodeSigningConfig(call: ApiRequest): void {
  const name = functionName(call)
  call.lambda.find(name)
  answerDocument(call.response, 200, { FunctionName: name, CodeSigningConfigArn: '' })
}

export async function deleteCodeSigningConfig(call: ApiRequest): Promise<void> {
  call.lambda.find(functionName(call))
  answerNothing(call.response, 204)
}

export function putCodeSigningConfig(call: ApiRequest): void {
  call.lambda.find(functionName(call))
  throw new InvalidParameterValueException(
    'code signing has no equivalent in this emulator, so unsigned code would run all the same; leave CodeSigningConfigArn out',
  )
}

export async function putRuntimeManagementConfig(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const document = await readDocument(request, MAX_BODY_BYTES, 'PutRuntimeManagementConfig')
  const { name, qualifier } = qualifiedFunction(call)
  const UpdateRuntimeOn = readChoice(document, 'UpdateRuntimeOn', UPDATE_MODES)
  if (UpdateRuntimeOn === undefined) {
    throw new InvalidParameterValueException('expected UpdateRuntimeOn, but got none; set it to Auto')
  }
  const RuntimeVersionArn = readString(document, 'RuntimeVersionArn')
  if ((UpdateRuntimeOn === 'Manual') !== (RuntimeVersionArn !== undefined)) {
    throw new InvalidParameterValueException(
      'expected RuntimeVersionArn with UpdateRuntimeOn Manual, and only then',
    )
  }
  const runtimeManagement = { UpdateRuntimeOn, ...(RuntimeVersionArn !== undefined && { RuntimeVersionArn }) }
  await lambda.changes.update(name, (changed) => changed.change(qualifier, { runtimeManagement }))
  answerDocument(response, 200, { FunctionArn: lambda.arn(name, qualifier), ...runtimeManagement })
}

export function getRuntimeManagementConfig(call: ApiRequest): void {
  const { name, qualifier, found } = qualifiedFunction(call)
  answerDocument(call.response, 200, {
    FunctionArn: call.lambda.arn(name, qualifier),
    ...(found.settings.get(qualifier)?.runtimeManagement ?? { UpdateRuntimeOn: 'Auto' }),
  })
}

export async function putRecursionConfig(call: ApiRequest): Promise<void> {
  const name = functionName(call)
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'PutFunctionRecursionConfig')
  const loop = readChoice(document, 'RecursiveLoop', ['Allow', 'Terminate'])
  if (loop === undefined) {
    throw new InvalidParameterValueException('expected RecursiveLoop, but got none; set it to Terminate')
  }
  await call.lambda.changes.update(name, (changed) => {
    changed.recursiveLoop = loop
  })
  answerDocument(call.response, 200, { RecursiveLoop: loop })
}

export function getRecursionConfig(call: ApiRequest): void {
  const { recursiveLoop = 'Terminate' } = call.lambda.find(functionName(call))
  answerDocument(call.response, 200, { RecursiveLoop: recursiveLoop })
}
