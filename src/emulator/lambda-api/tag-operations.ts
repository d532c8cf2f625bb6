/** The API's operations on tags of functions. */

import { readFunctionReference } from '../functions/function-reference.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, readDocument } from '../http/api-request.ts'
import { InvalidParameterValueException } from '../lambda-error.ts'
import { readStringMap } from './members.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_TAGS = 50
const MAX_KEY_LENGTH = 128
const MAX_VALUE_LENGTH = 256

export async function tagResource(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = taggedFunction(call)
  const document = await readDocument(request, MAX_BODY_BYTES, 'TagResource')
  const tags = readTags(document)
  if (tags === undefined) {
    throw new InvalidParameterValueException('expected Tags, but got none; name some')
  }
  await lambda.changes.updateConfiguration(name, (configuration) => {
    const all = { ...configuration.tags, ...tags }
    checkCount(all)
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

/** Those of a request; undefined for none. Source: the API reference's data type Tags, and "Tag restrictions". */
export function readTags(document: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const tags = readStringMap(document, 'Tags')
  for (const [key, value] of Object.entries(tags ?? {})) {
    const isKey = key.length > 0 && key.length <= MAX_KEY_LENGTH && !/^aws:/i.test(key)
    if (!isKey || value.length > MAX_VALUE_LENGTH) {
      throw new InvalidParameterValueException(
        `expected a tag's key of 1 to ${MAX_KEY_LENGTH} characters that does not start with aws:, and a value of ` +
          `${MAX_VALUE_LENGTH} at most, as Lambda does, but got ${JSON.stringify({ [key]: value }).slice(0, 100)}; change it`,
      )
    }
  }
  checkCount(tags ?? {})
  return tags
}

function checkCount(tags: Readonly<Record<string, string>>): void {
  const count = Object.keys(tags).length
  if (count > MAX_TAGS) {
    throw new InvalidParameterValueException(
      `expected ${MAX_TAGS} tags at most, but there would be ${count}; remove some`,
    )
  }
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
