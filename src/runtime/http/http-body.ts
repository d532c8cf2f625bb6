import { isUtf8 } from 'node:buffer'

/** A body as JSON can hold it: text as it is, anything else in base64. */
export interface EncodedBody {
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** Content types that are text, beside all of `text/`. */
const TEXT =
  /^(?:text\/|(?:application|image|message)\/(?:[\w.!#$&^-]+\+)?(?:json|xml|yaml)$|application\/(?:javascript|ecmascript|x-javascript|x-www-form-urlencoded|graphql|x-ndjson|jsonl|json-seq|sql|toml|x-yaml)$)/
const NO_ENCODING = /^(?:identity)?$/i

/**
 * A response's body for a JSON result, with the headers that go along.
 *
 * The content type says what is text; an encoded body never is. Bytes that are no UTF-8 would not survive as text, and
 * so go in base64, whatever their type says.
 */
export async function encodeBody(
  response: Response | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<EncodedBody> {
  if (!response?.body) {
    return { body: '', isBase64Encoded: false }
  }
  const bytes = Buffer.from(await response.arrayBuffer())
  const isText =
    NO_ENCODING.test(headers['content-encoding'] ?? '') &&
    isTextType(headers['content-type']) &&
    isUtf8(bytes)
  return { body: bytes.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText }
}

function isTextType(contentType: string | undefined): boolean {
  if (contentType === undefined) {
    return true
  }
  const [type = ''] = contentType.split(';')
  return TEXT.test(type.trim().toLowerCase())
}
