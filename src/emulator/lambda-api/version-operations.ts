/** The API's operations on versions and aliases. */

import { randomUUID } from 'node:crypto'
import type { Alias } from '../functions/function-configuration.ts'
import { isVersion, type LocalFunction } from '../functions/local-function.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, readDocument } from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  PreconditionFailedException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { configurationDocument } from './configuration-document.ts'
import { checkRevision } from './function-operations.ts'
import { readObject, readString } from './members.ts'
import { page } from './pages.ts'

type Document = Readonly<Record<string, unknown>>

const MAX_BODY_BYTES = 64 * 1024
/** Not a number: that would be a version. */
const ALIAS = /^(?!^[0-9]+$)([a-zA-Z0-9-_]{1,128})$/

export async function publishVersion(call: ApiRequest): Promise<void> {
  const { lambda, response } = call
  const name = functionName(call)
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'PublishVersion')
  const { latest } = lambda.find(name)
  checkRevision(latest.configuration, document)
  const expected = readString(document, 'CodeSha256')
  if (expected !== undefined && expected !== latest.description.codeSha256) {
    throw new PreconditionFailedException(
      `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${latest.description.codeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
    )
  }
  const description = readString(document, 'Description', /^[\s\S]{0,256}$/, '256 characters at most')
  const published = await lambda.changes.publish(name, description)
  answerDocument(response, 201, configurationDocument(lambda, published))
}

export function listVersionsByFunction(call: ApiRequest): void {
  const { lambda, response, query } = call
  const { allVersions } = lambda.find(functionName(call))
  const { items, next } = page(allVersions, ({ version }) => version, query)
  answerDocument(response, 200, {
    Versions: items.map((each) => configurationDocument(lambda, each, { qualifier: each.version })),
    ...(next !== undefined && { NextMarker: next }),
  })
}

export async function createAlias(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_BODY_BYTES, 'CreateAlias')
  const found = lambda.find(name)
  const aliasName = readString(document, 'Name', ALIAS, 'letters, digits, - and _, and not a number')
  const functionVersion = readString(document, 'FunctionVersion')
  if (aliasName === undefined || functionVersion === undefined) {
    throw new InvalidParameterValueException('expected Name and FunctionVersion of the alias; set both')
  }
  if (found.aliases.has(aliasName)) {
    throw new ResourceConflictException(`Alias already exists: ${lambda.arn(name, aliasName)}`)
  }
  const alias: Alias = {
    name: aliasName,
    functionVersion,
    description: readDescription(document) ?? '',
    weights: readWeights(document) ?? {},
    revisionId: randomUUID(),
  }
  checkAlias(call, found, alias)
  await lambda.changes.saveAlias(name, alias)
  answerDocument(response, 201, aliasDocument(call, name, alias))
}

export function getAlias(call: ApiRequest): void {
  const { name, alias } = existing(call)
  answerDocument(call.response, 200, aliasDocument(call, name, alias))
}

export async function updateAlias(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const { name, found, alias } = existing(call)
  const document = await readDocument(request, MAX_BODY_BYTES, 'UpdateAlias')
  checkRevision(alias, document)
  const updated: Alias = {
    ...alias,
    functionVersion: readString(document, 'FunctionVersion') ?? alias.functionVersion,
    description: readDescription(document) ?? alias.description,
    weights: readWeights(document) ?? alias.weights,
    revisionId: randomUUID(),
  }
  checkAlias(call, found, updated)
  await lambda.changes.saveAlias(name, updated)
  answerDocument(response, 200, aliasDocument(call, name, updated))
}

/** It answers the same whether there was one. */
export async function deleteAlias(call: ApiRequest): Promise<void> {
  const name = functionName(call)
  call.lambda.find(name)
  await call.lambda.changes.deleteAlias(name, call.parameters[1] ?? '')
  answerNothing(call.response, 204)
}

export function listAliases(call: ApiRequest): void {
  const { lambda, response, query } = call
  const name = functionName(call)
  const version = query.get('FunctionVersion')
  const all = [...lambda.find(name).aliases.values()]
    .filter(({ functionVersion, weights }) => !version || functionVersion === version || version in weights)
    .sort((left, right) => (left.name < right.name ? -1 : 1))
  const { items, next } = page(all, (alias) => alias.name, query)
  answerDocument(response, 200, {
    Aliases: items.map((alias) => aliasDocument(call, name, alias)),
    ...(next !== undefined && { NextMarker: next }),
  })
}

function existing(call: ApiRequest): { name: string; found: LocalFunction; alias: Alias } {
  const name = functionName(call)
  const found = call.lambda.find(name)
  const aliasName = call.parameters[1] ?? ''
  const alias = found.aliases.get(aliasName)
  if (alias === undefined) {
    throw new ResourceNotFoundException(`Cannot find alias arn: ${call.lambda.arn(name, aliasName)}`)
  }
  return { name, found, alias }
}

function checkAlias({ lambda }: ApiRequest, found: LocalFunction, alias: Alias): void {
  const arn = lambda.arn(found.name)
  if (!isVersion(alias.functionVersion)) {
    throw new InvalidParameterValueException(
      `expected FunctionVersion to be $LATEST or the number of a version, but got ${JSON.stringify(alias.functionVersion)}; correct it`,
    )
  }
  found.version(alias.functionVersion, arn)
  const weights = Object.entries(alias.weights)
  for (const [version, weight] of weights) {
    found.version(version, arn)
    if (typeof weight !== 'number' || !(weight >= 0 && weight <= 1)) {
      throw new InvalidParameterValueException(
        `expected a weight from 0 to 1 for the version ${version}, but got ${JSON.stringify(weight)}; correct it`,
      )
    }
    if (version === alias.functionVersion) {
      throw new InvalidParameterValueException(
        `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
      )
    }
  }
  if (weights.length > 1) {
    throw new InvalidParameterValueException(
      `Number of items in AdditionalVersionWeights cannot be greater than 1, but is ${weights.length}`,
    )
  }
  if (weights.length > 0 && alias.functionVersion === '$LATEST') {
    throw new InvalidParameterValueException(
      '$LATEST is not supported for an alias pointing to more than 1 version',
    )
  }
}

function readDescription(document: Document): string | undefined {
  return readString(document, 'Description', /^[\s\S]{0,256}$/, '256 characters at most')
}

function readWeights(document: Document): Record<string, number> | undefined {
  const routing = readObject(document, 'RoutingConfig')
  return routing && ((readObject(routing, 'AdditionalVersionWeights') ?? {}) as Record<string, number>)
}

function aliasDocument({ lambda }: ApiRequest, functionName: string, alias: Alias): object {
  return {
    AliasArn: lambda.arn(functionName, alias.name),
    Name: alias.name,
    FunctionVersion: alias.functionVersion,
    Description: alias.description,
    ...(Object.keys(alias.weights).length > 0 && {
      RoutingConfig: { AdditionalVersionWeights: alias.weights },
    }),
    RevisionId: alias.revisionId,
  }
}
