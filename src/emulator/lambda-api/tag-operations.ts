/** The API's operations on tags of functions. */

import { readFunctionReference } from '../functions/function-reference.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, readDocument } from '../http/api-request.ts'
import { InvalidParameterValueException } from '../lambda-error.ts'
import { readStringMap } from './members.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_TAGS = 50

export async function tagResource(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = taggedFunction(call)
  const document = await readDocument(request, MAX_BODY_BYTES, 'TagResource')
  const tags = readStringMap(document, 'Tags')
  if (tags === undefined) {
    throw new InvalidParameterValueException('expected Tags, but got none; name some')
  }
  await lambda.changes.updateConfiguration(name, (configuration) => {
    const all = { ...configuration.tags, ...tags }
    if (Object.keys(all).length > MAX_TAGS) {
      throw new InvalidParameterValueException(
        `expected ${MAX_TAGS} tags at most, but there would be ${Object.keys(all).length}; remove some`,
      )
    }
    return { ...configuration, tags: all }
  })
  answerNothing(response, 204)
}

export function listTags(call: ApiRequest): void {
  const { tags } = call.lambda.find(taggedFunction(call)).configuration
  answerDocument(call.response, 200, { Tags: tags })
}

export async function untagResource(call: ApiRequest): Promise<void> {
  const name = taggedFunction(call)
  const keys = call.query.getAll('tagKeys')
  await call.lambda.changes.updateConfiguration(name, (configuration) => ({
    ...configuration,
    tags: Object.fromEntries(Object.entries(configuration.tags).filter(([key]) => !keys.includes(key))),
  }))
  answerNothing(call.response, 204)
}

function taggedFunction({ parameters, lambda }: ApiRequest): string {
  const [arn = ''] = parameters
  const { name, qualifier } = readFunctionReference(arn, null, lambda)
  if (!arn.startsWith('arn:') || qualifier !== undefined) {
    throw new InvalidParameterValueException(
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    )
  }
  lambda.find(name)
  return name
}
