/**
 * A function's response in payload format 1.0 as HTTP: status, headers, those with several values, and a body.
 *
 * Source: Amazon API Gateway Developer Guide, "Output format of a Lambda function for proxy integration".
 */

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { HttpMetadataError, httpMetadata } from '../function-url/http-metadata.ts'

interface ProxyResult {
  statusCode?: unknown
  headers?: unknown
  multiValueHeaders?: Record<string, unknown>
  body?: unknown
  isBase64Encoded?: unknown
}

/** Throws an HttpMetadataError, before anything is answered, when the response is not of this form. */
export function answerProxyResult(response: ServerResponse, bytes: Buffer): void {
  const result = parse(bytes)
  const { status, headers } = httpMetadata(
    { statusCode: result.statusCode, headers: result.headers },
    'application/json',
  )
  const body =
    typeof result.body === 'string'
      ? Buffer.from(result.body, result.isBase64Encoded === true ? 'base64' : 'utf8')
      : Buffer.alloc(0)
  response.writeHead(status, { ...headers, ...severalValues(result), 'content-length': body.length })
  response.end(body)
}

function severalValues({ multiValueHeaders = {} }: ProxyResult): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [
      name.toLowerCase(),
      [values].flat().map(String),
    ]),
  )
}

function parse(bytes: Buffer): ProxyResult {
  try {
    const result = JSON.parse(bytes.toString()) as ProxyResult | null
    if (typeof result === 'object' && result !== null && result.statusCode !== undefined) {
      return result
    }
  } catch {
    // Said below.
  }
  throw new HttpMetadataError('expected an object with a statusCode, as the payload format 1.0 has it')
}
