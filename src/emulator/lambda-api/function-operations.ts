/** The API's operations on functions, but for running them. */

import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import {
  DEFAULT_EPHEMERAL_STORAGE_MB,
  DEFAULT_MEMORY_MB,
  DEFAULT_TIMEOUT_SECONDS,
  type FunctionConfiguration,
  implicitUrl,
  modifiedAt,
} from '../functions/function-configuration.ts'
import { functionNameOf } from '../functions/function-reference.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, readDocument } from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  PreconditionFailedException,
  RequestTooLargeException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { configurationDocument } from './configuration-document.ts'
import { readConfigurationChange } from './configuration-members.ts'
import { integerOf, readBoolean, readChoice, readString, readStringMap, readStrings } from './members.ts'

type Document = Readonly<Record<string, unknown>>

/** Lambda's, for the whole request: 50 MB of zip in base64, and some more. */
const MAX_CODE_REQUEST_BYTES = 70_167_211
const MAX_ZIP_BYTES = 50 * 1024 * 1024
const MAX_CONFIGURATION_BYTES = 1024 * 1024
const ARCHITECTURES = ['x86_64', 'arm64'] as const
const PAGE = 50

export async function createFunction(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const document = await readDocument(request, MAX_CODE_REQUEST_BYTES, 'CreateFunction')
  const configuration = newConfiguration(call, document)
  refusePublishing(document)
  const code = document.Code
  if (typeof code !== 'object' || code === null) {
    throw new InvalidParameterValueException('expected Code with a ZipFile, but got none; add the zip')
  }
  const zip = readZip(code as Document)
  const created = await lambda.create(configuration, zip)
  answerDocument(response, 201, configurationDocument(lambda, created))
}

export function getFunction(call: ApiRequest): void {
  const { lambda, response, endpoint } = call
  const found = lambda.find(functionName(call))
  const { tags, reservedConcurrency } = found.configuration
  answerDocument(response, 200, {
    Configuration: configurationDocument(lambda, found),
    Code: {
      RepositoryType: 'lambdabin',
      ...(found.code.zip !== undefined && { Location: `${endpoint}/lambdabin/code/${found.name}` }),
    },
    ...(Object.keys(tags).length > 0 && { Tags: tags }),
    ...(reservedConcurrency !== undefined && {
      Concurrency: { ReservedConcurrentExecutions: reservedConcurrency },
    }),
  })
}

export function getFunctionConfiguration(call: ApiRequest): void {
  const { lambda, response } = call
  answerDocument(response, 200, configurationDocument(lambda, lambda.find(functionName(call))))
}

export function listFunctions({ lambda, response, query }: ApiRequest): void {
  const most = integerOf(query.get('MaxItems'), 'MaxItems', 1, 10_000) ?? PAGE
  const marker = query.get('Marker') ?? ''
  const after = lambda.functions.filter(({ name }) => name > marker)
  const page = after.slice(0, Math.min(most, PAGE))
  answerDocument(response, 200, {
    Functions: page.map((each) => configurationDocument(lambda, each)),
    ...(page.length < after.length && { NextMarker: page.at(-1)?.name }),
  })
}

export async function updateFunctionCode(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_CODE_REQUEST_BYTES, 'UpdateFunctionCode')
  const found = lambda.find(name)
  refusePublishing(document)
  const zip = readZip(document)
  const architecture = readArchitecture(document)
  if (readBoolean(document, 'DryRun')) {
    answerDocument(response, 200, configurationDocument(lambda, found))
    return
  }
  const updated = await lambda.updateCode(name, zip, (configuration) => ({
    ...revised(configuration, document),
    ...(architecture !== undefined && { architecture }),
  }))
  answerDocument(response, 200, configurationDocument(lambda, updated))
}

export async function updateFunctionConfiguration(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_CONFIGURATION_BYTES, 'UpdateFunctionConfiguration')
  lambda.find(name)
  const change = readConfigurationChange(document)
  const updated = await lambda.updateConfiguration(name, (configuration) => ({
    ...revised(configuration, document),
    ...change,
    others: { ...configuration.others, ...change.others },
  }))
  answerDocument(response, 200, configurationDocument(lambda, updated))
}

export async function deleteFunction(call: ApiRequest): Promise<void> {
  await call.lambda.delete(functionName(call))
  answerNothing(call.response, 204)
}

/** Not Lambda's: what GetFunction's `Code.Location` names. */
export async function downloadCode(call: ApiRequest): Promise<void> {
  const { code } = call.lambda.find(functionName(call))
  if (code.zip === undefined) {
    throw new ResourceNotFoundException('the code of this function was not uploaded as a zip')
  }
  call.response.writeHead(200, {
    'Content-Type': 'application/zip',
    'Content-Length': code.description.codeSize,
  })
  await pipeline(createReadStream(code.zip), call.response)
}

function newConfiguration({ lambda }: ApiRequest, document: Document): FunctionConfiguration {
  const name = functionNameOf(readString(document, 'FunctionName') ?? '', null, (each) => lambda.arn(each))
  const change = readConfigurationChange(document)
  const { runtime, role, handler } = change
  const now = new Date()
  return {
    functionName: name,
    description: '',
    timeout: DEFAULT_TIMEOUT_SECONDS,
    memorySize: DEFAULT_MEMORY_MB,
    environment: {},
    architecture: readArchitecture(document) ?? 'x86_64',
    ephemeralStorage: DEFAULT_EPHEMERAL_STORAGE_MB,
    loggingConfig: {},
    tags: readStringMap(document, 'Tags') ?? {},
    others: {},
    ...change,
    runtime: required(runtime, 'Runtime', 'provided.al2023'),
    role: required(role, 'Role', 'arn:aws:iam::123456789012:role/any'),
    handler: required(handler, 'Handler', 'the name of the executable in the zip'),
    lastModified: modifiedAt(now),
    revisionId: randomUUID(),
    url: implicitUrl(now),
  }
}

function revised(configuration: FunctionConfiguration, document: Document): FunctionConfiguration {
  const expected = readString(document, 'RevisionId')
  if (expected !== undefined && expected !== configuration.revisionId) {
    throw new PreconditionFailedException(
      'The RevisionId provided does not match the latest RevisionId; read the function again and repeat the change',
    )
  }
  return { ...configuration, lastModified: modifiedAt(new Date()), revisionId: randomUUID() }
}

function required(value: string | undefined, member: string, example: string): string {
  if (value === undefined) {
    throw new InvalidParameterValueException(
      `expected ${member}, but got none; set it, to ${example} for instance`,
    )
  }
  return value
}

function readZip(code: Document): Buffer {
  const text = readString(code, 'ZipFile')
  if (text === undefined) {
    throw new InvalidParameterValueException(
      'expected ZipFile with the deployment package, but got none: code in S3 buckets and images is out of reach here; ' +
        'use --zip-file fileb://function.zip',
    )
  }
  const zip = Buffer.from(text, 'base64')
  if (zip.length === 0) {
    throw new InvalidParameterValueException('expected ZipFile with a deployment package, but it is empty')
  }
  if (zip.length > MAX_ZIP_BYTES) {
    throw new RequestTooLargeException(
      `expected a zip of ${MAX_ZIP_BYTES} bytes at most, as Lambda does, but got ${zip.length}; leave some files out`,
    )
  }
  return zip
}

function readArchitecture(document: Document): FunctionConfiguration['architecture'] | undefined {
  const [first, ...others] = readStrings(document, 'Architectures') ?? []
  if (others.length > 0) {
    throw new InvalidParameterValueException('expected one architecture, but got several; name one')
  }
  return first === undefined
    ? undefined
    : readChoice({ Architectures: first }, 'Architectures', ARCHITECTURES)
}

function refusePublishing(document: Document): void {
  if (readBoolean(document, 'Publish')) {
    throw new InvalidParameterValueException('there are no versions here but $LATEST; leave Publish out')
  }
}
