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
import { readFunctionReference } from '../functions/function-reference.ts'
import { type FunctionVersion, LATEST } from '../functions/function-version.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import {
  type ApiRequest,
  functionName,
  functionReference,
  qualifiedFunction,
  readDocument,
} from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  PreconditionFailedException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { MAX_CODE_REQUEST_BYTES, readCode } from './code-members.ts'
import { configurationDocument } from './configuration-document.ts'
import { readConfigurationChange } from './configuration-members.ts'
import { readBoolean, readChoice, readString, readStrings } from './members.ts'
import { page } from './pages.ts'
import { readTags } from './tag-operations.ts'

type Document = Readonly<Record<string, unknown>>

const MAX_CONFIGURATION_BYTES = 1024 * 1024
const ARCHITECTURES = ['x86_64', 'arm64'] as const

export async function createFunction(call: ApiRequest): Promise<void> {
  const { lambda, request, response, buckets } = call
  const document = await readDocument(request, MAX_CODE_REQUEST_BYTES, 'CreateFunction')
  const configuration = newConfiguration(call, document)
  const code = document.Code
  if (typeof code !== 'object' || code === null) {
    throw new InvalidParameterValueException('expected Code with a ZipFile, but got none; add the zip')
  }
  const publishes = readBoolean(document, 'Publish') ?? false
  const created = await lambda.changes.create(configuration, await readCode(code as Document, buckets))
  const version = publishes ? await lambda.changes.publish(created.name, undefined) : created.latest
  answerDocument(response, 201, configurationDocument(lambda, version, { progress: 'created' }))
}

export function getFunction(call: ApiRequest): void {
  const { lambda, response, endpoint } = call
  const { version, qualifier, found } = described(call)
  const { tags, reservedConcurrency } = found.configuration
  const query = version.version === LATEST ? '' : `?Qualifier=${version.version}`
  answerDocument(response, 200, {
    Configuration: configurationDocument(lambda, version, { qualifier }),
    Code: {
      RepositoryType: 'lambdabin',
      ...(version.code.zip !== undefined && {
        Location: `${endpoint}/lambdabin/code/${found.name}${query}`,
      }),
    },
    ...(Object.keys(tags).length > 0 && { Tags: tags }),
    ...(reservedConcurrency !== undefined && {
      Concurrency: { ReservedConcurrentExecutions: reservedConcurrency },
    }),
  })
}

export function getFunctionConfiguration(call: ApiRequest): void {
  const { version, qualifier } = described(call)
  answerDocument(call.response, 200, configurationDocument(call.lambda, version, { qualifier }))
}

export function listFunctions({ lambda, response, query }: ApiRequest): void {
  const wanted = readChoice({ FunctionVersion: query.get('FunctionVersion') }, 'FunctionVersion', ['ALL'])
  const versions = lambda.functions.flatMap((each) => (wanted === 'ALL' ? each.allVersions : [each.latest]))
  const { items, next } = page(versions, nameOf, query)
  answerDocument(response, 200, {
    Functions: items.map((each) => configurationDocument(lambda, each)),
    ...(next !== undefined && { NextMarker: next }),
  })
}

export async function updateFunctionCode(call: ApiRequest): Promise<void> {
  const { lambda, request, response, buckets } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_CODE_REQUEST_BYTES, 'UpdateFunctionCode')
  const found = lambda.find(name)
  const publishes = readBoolean(document, 'Publish') ?? false
  const zip = await readCode(document, buckets)
  const architecture = readArchitecture(document)
  if (readBoolean(document, 'DryRun')) {
    answerDocument(response, 200, configurationDocument(lambda, found.latest))
    return
  }
  const updated = await lambda.changes.updateCode(name, zip, (configuration) => ({
    ...revised(configuration, document),
    ...(architecture !== undefined && { architecture }),
  }))
  const version = publishes ? await lambda.changes.publish(name, undefined) : updated.latest
  answerDocument(response, 200, configurationDocument(lambda, version, { progress: 'updated' }))
}

export async function updateFunctionConfiguration(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_CONFIGURATION_BYTES, 'UpdateFunctionConfiguration')
  lambda.find(name)
  const change = readConfigurationChange(document, lambda)
  const { latest } = await lambda.changes.updateConfiguration(name, (configuration) => ({
    ...revised(configuration, document),
    ...change,
    others: { ...configuration.others, ...change.others },
  }))
  answerDocument(response, 200, configurationDocument(lambda, latest, { progress: 'updated' }))
}

export async function deleteFunction(call: ApiRequest): Promise<void> {
  const { name, qualifier } = functionReference(call)
  if (qualifier === LATEST) {
    throw new InvalidParameterValueException(
      '$LATEST version cannot be deleted without deleting the function.',
    )
  }
  if (qualifier === undefined) {
    await call.lambda.changes.delete(name)
  } else {
    await call.lambda.changes.deleteVersion(name, qualifier)
  }
  answerNothing(call.response, 204)
}

/** Not Lambda's: what GetFunction's `Code.Location` names. */
export async function downloadCode(call: ApiRequest): Promise<void> {
  const { code } = described(call).version
  if (code.zip === undefined) {
    throw new ResourceNotFoundException('the code of this function was not uploaded as a zip')
  }
  call.response.writeHead(200, {
    'Content-Type': 'application/zip',
    'Content-Length': code.description.codeSize,
  })
  await pipeline(createReadStream(code.zip), call.response)
}

/** The version that is meant: an alias describes its first. */
function described(call: ApiRequest) {
  const { name, qualifier, found } = qualifiedFunction(call)
  const alias = found.aliases.get(qualifier)
  const version = found.version(alias?.functionVersion ?? qualifier, call.lambda.arn(name))
  return { found, version, qualifier: functionReference(call).qualifier }
}

function nameOf({ configuration, version }: FunctionVersion): string {
  return version === LATEST ? configuration.functionName : `${configuration.functionName}:${version}`
}

function newConfiguration({ lambda }: ApiRequest, document: Document): FunctionConfiguration {
  const { name } = readFunctionReference(readString(document, 'FunctionName') ?? '', null, lambda)
  const change = readConfigurationChange(document, lambda)
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
    tags: readTags(document) ?? {},
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
  checkRevision(configuration, document)
  return { ...configuration, lastModified: modifiedAt(new Date()), revisionId: randomUUID() }
}

/** Throws a PreconditionFailedException when the caller has seen another revision. */
export function checkRevision({ revisionId }: { revisionId: string }, document: Document): void {
  const expected = readString(document, 'RevisionId')
  if (expected !== undefined && expected !== revisionId) {
    throw new PreconditionFailedException(
      'The RevisionId provided does not match the latest RevisionId; read the function again and repeat the change',
    )
  }
}

function required(value: string | undefined, member: string, example: string): string {
  if (value === undefined) {
    throw new InvalidParameterValueException(
      `expected ${member}, but got none; set it, to ${example} for instance`,
    )
  }
  return value
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
