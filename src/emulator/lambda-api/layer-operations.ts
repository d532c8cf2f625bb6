/** The API's operations on layers. */

import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { modifiedAt } from '../functions/function-configuration.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, readDocument } from '../http/api-request.ts'
import { InvalidParameterValueException, ValidationException } from '../lambda-error.ts'
import type { LayerDescription } from '../layers/layer-store.ts'
import { MAX_CODE_REQUEST_BYTES, readCode } from './code-members.ts'
import { readObject, readString, readStrings } from './members.ts'
import { page } from './pages.ts'
import { answerPolicy, readPrincipal, withoutStatement, withStatement } from './policy-operations.ts'

const MAX_BODY_BYTES = 64 * 1024
/** A name, or the ARN of a layer of this account. */
const LAYER = /^(?:arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:layer:)?([a-zA-Z0-9_-]{1,140})$/

export async function publishLayerVersion(call: ApiRequest): Promise<void> {
  const { lambda, request, response, buckets } = call
  const name = layerName(call)
  const document = await readDocument(request, MAX_CODE_REQUEST_BYTES, 'PublishLayerVersion')
  const content = readObject(document, 'Content')
  if (content === undefined) {
    throw new InvalidParameterValueException('expected Content with a ZipFile, but got none; add the zip')
  }
  const layer = {
    name,
    description: readString(document, 'Description', /^[\s\S]{0,256}$/, '256 characters at most') ?? '',
    createdDate: modifiedAt(new Date()),
    compatibleRuntimes: readStrings(document, 'CompatibleRuntimes') ?? [],
    compatibleArchitectures: readStrings(document, 'CompatibleArchitectures') ?? [],
    licenseInfo: readString(document, 'LicenseInfo', /^[\s\S]{0,512}$/, '512 characters at most'),
  }
  const published = await lambda.layers.publish(layer, await readCode(content, buckets))
  answerDocument(response, 201, layerDocument(call, published))
}

export function getLayerVersion(call: ApiRequest): void {
  answerDocument(call.response, 200, layerDocument(call, existing(call)))
}

/** `GET /layers?find=LayerVersion` has an ARN; without it, the latest of each layer is listed. */
export function listLayers(call: ApiRequest): void {
  const { lambda, response, query } = call
  if (query.get('find') === 'LayerVersion') {
    const layer = lambda.layers.byArn(query.get('Arn') ?? '')
    answerDocument(response, 200, layerDocument(call, layer))
    return
  }
  const matching = lambda.layers.latest.filter((layer) => fits(layer, query))
  const { items, next } = page(matching, ({ name }) => name, query)
  answerDocument(response, 200, {
    Layers: items.map((layer) => ({
      LayerName: layer.name,
      LayerArn: lambda.layers.arn(layer),
      LatestMatchingVersion: listedVersion(call, layer),
    })),
    ...(next !== undefined && { NextMarker: next }),
  })
}

export function listLayerVersions(call: ApiRequest): void {
  const { lambda, response, query } = call
  const matching = lambda.layers.versions(layerName(call)).filter((layer) => fits(layer, query))
  const { items, next } = page(matching, ({ version }) => String(version), query)
  answerDocument(response, 200, {
    LayerVersions: items.map((layer) => listedVersion(call, layer)),
    ...(next !== undefined && { NextMarker: next }),
  })
}

/** It answers the same whether there was one. */
export async function deleteLayerVersion(call: ApiRequest): Promise<void> {
  await call.lambda.layers.delete(layerName(call), layerVersion(call))
  answerNothing(call.response, 204)
}

export async function addLayerVersionPermission(call: ApiRequest): Promise<void> {
  const document = await readDocument(call.request, MAX_BODY_BYTES, 'AddLayerVersionPermission')
  const layer = existing(call)
  const statement = {
    Sid: readString(document, 'StatementId') ?? '',
    Effect: 'Allow',
    Principal: readPrincipal(readString(document, 'Principal') ?? '*'),
    Action: readString(document, 'Action') ?? 'lambda:GetLayerVersion',
    Resource: call.lambda.layers.versionArn(layer),
  }
  const revisionId = call.query.get('RevisionId') ?? undefined
  const policy = withStatement(layer.policy, statement, { RevisionId: revisionId })
  await call.lambda.layers.save({ ...layer, policy })
  answerDocument(call.response, 201, {
    Statement: JSON.stringify(statement),
    RevisionId: policy.revisionId,
  })
}

export function getLayerVersionPolicy(call: ApiRequest): void {
  answerPolicy(call, existing(call).policy)
}

export async function removeLayerVersionPermission(call: ApiRequest): Promise<void> {
  const layer = existing(call)
  const [, , statementId = ''] = call.parameters
  const policy = withoutStatement(layer.policy, statementId, call.query.get('RevisionId'))
  await call.lambda.layers.save({ ...layer, policy })
  answerNothing(call.response, 204)
}

/** Not Lambda's: what GetLayerVersion's `Content.Location` names. */
export async function downloadLayer(call: ApiRequest): Promise<void> {
  const layer = existing(call)
  call.response.writeHead(200, { 'Content-Type': 'application/zip', 'Content-Length': layer.codeSize })
  await pipeline(createReadStream(call.lambda.layers.zip(layer)), call.response)
}

function existing(call: ApiRequest): LayerDescription {
  return call.lambda.layers.find(layerName(call), layerVersion(call))
}

function layerName({ parameters }: ApiRequest): string {
  const [, name] = LAYER.exec(parameters[0] ?? '') ?? []
  if (name === undefined) {
    throw new ValidationException(
      `1 validation error detected: Value ${JSON.stringify(parameters[0])} at 'layerName' failed to satisfy constraint: ` +
        'expected a name of 1 to 140 letters, digits, hyphens and underscores, or an ARN with such a name',
    )
  }
  return name
}

function layerVersion({ parameters }: ApiRequest): number {
  const version = parameters[1] ?? ''
  if (!/^\d{1,15}$/.test(version)) {
    throw new ValidationException(
      `1 validation error detected: Value ${JSON.stringify(version)} at 'versionNumber' failed to satisfy constraint: expected a number`,
    )
  }
  return Number(version)
}

function fits(layer: LayerDescription, query: URLSearchParams): boolean {
  const runtime = query.get('CompatibleRuntime')
  const architecture = query.get('CompatibleArchitecture')
  return (
    (!runtime || layer.compatibleRuntimes.includes(runtime)) &&
    (!architecture || layer.compatibleArchitectures.includes(architecture))
  )
}

function layerDocument(call: ApiRequest, layer: LayerDescription): object {
  const { lambda, endpoint } = call
  return {
    Content: {
      Location: `${endpoint}/lambdabin/layer/${layer.name}/${layer.version}`,
      CodeSha256: layer.codeSha256,
      CodeSize: layer.codeSize,
    },
    LayerArn: lambda.layers.arn(layer),
    ...listedVersion(call, layer),
  }
}

function listedVersion({ lambda }: ApiRequest, layer: LayerDescription): object {
  return {
    LayerVersionArn: lambda.layers.versionArn(layer),
    Version: layer.version,
    Description: layer.description,
    CreatedDate: layer.createdDate,
    ...(layer.compatibleRuntimes.length > 0 && { CompatibleRuntimes: layer.compatibleRuntimes }),
    ...(layer.compatibleArchitectures.length > 0 && {
      CompatibleArchitectures: layer.compatibleArchitectures,
    }),
    ...(layer.licenseInfo !== undefined && { LicenseInfo: layer.licenseInfo }),
  }
}
