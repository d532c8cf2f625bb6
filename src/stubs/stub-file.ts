/**
 * Files of stubs, which people write: YAML or JSON, a list of requests, each with what answers it.
 *
 *     - request: POST https://dynamodb.*.amazonaws.com
 *       headers: { x-amz-target: DynamoDB_20120810.GetItem }
 *       response:
 *         body: { Item: { id: { S: o-1842 }, total: { N: "44" } } }
 *
 * A request is a method, or none for any, and a URL in which `*` stands for any characters. `headers` and `body` narrow it: what the
 * body's JSON has in it, or a text that is in it. A response has a `status` (200), `headers`, and a `body`, a text or what
 * becomes JSON, or `bodyFile`, a path from the file of stubs on. The first that fits answers.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { AskedRequest, StubbedRequest, StubbedResponse } from './stubbed-requests.ts'

/** A file of stubs is not as it should be. */
export class StubFileError extends Error {
  override readonly name = 'StubFileError'
}

/** Headers by which AWS's services tell requests of one URL apart. */
const TELLING_HEADERS = ['x-amz-target', 'amz-sdk-operation', 'soapaction']
/** Characters of a body that are shown at most. */
const LONGEST_BODY = 200

/** A request and what answers it, as a file of stubs has them. */
export interface Stub {
  /** A method, or none for any, and a URL: `GET https://api.example.com/orders/*`. `*` stands for any characters. */
  readonly request: string
  /** Those that the request must have. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** What its JSON must have in it, or a text that must be in it. */
  readonly body?: unknown
  readonly response?:
    | {
        /** By default 200. */
        readonly status?: number | undefined
        readonly headers?: Readonly<Record<string, string>> | undefined
        /** A text, or what becomes JSON. */
        readonly body?: unknown
        /** In the place of `body`, the path of a file. */
        readonly bodyFile?: string | undefined
      }
    | undefined
}

type Members = Readonly<Record<string, unknown>>

/** Throws a {@link StubFileError} that says what is expected, and where. */
export function readStubFile(file: string): readonly StubbedRequest[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '') // Some editors put this byte order mark there.
  } catch (cause) {
    throw new StubFileError(`${file} cannot be read; check the path`, { cause })
  }
  let content: unknown
  try {
    content = parseYaml(text)
  } catch (cause) {
    const [why] = String(cause instanceof Error ? cause.message : cause).split('\n')
    throw new StubFileError(`${file} is neither YAML nor JSON (${why}); mend it`, { cause })
  }
  return readStubs(content, file, dirname(file))
}

/** The same of what such a file holds. `place` is what holds it, and relative paths start at `folder`. */
export function readStubs(content: unknown, place: string, folder: string): readonly StubbedRequest[] {
  if (content === null || content === undefined) {
    return []
  }
  if (!Array.isArray(content)) {
    throw new StubFileError(
      `${place} should be a list of requests with their responses, and is ${kindOf(content)}`,
    )
  }
  return content.map((item, index) => readStub(item, `request ${index + 1} of ${place}`, folder))
}

/** Its parser is loaded here: each command knows of this option, and few builds have stubs. */
function parseYaml(text: string): unknown {
  const { parse }: typeof import('yaml') = createRequire(import.meta.url)('yaml')
  return parse(text)
}

function readStub(written: unknown, where: string, folder: string): StubbedRequest {
  const { request, headers, body, response } = readMembers(written, where, [
    'request',
    'headers',
    'body',
    'response',
  ])
  const [, method, url] =
    /^\s*(?:([A-Za-z]+)\s+)?(\S+)\s*$/.exec(typeof request === 'string' ? request : '') ?? []
  if (url === undefined || !/^(https?|\*):\/\/[^/?]+/i.test(url)) {
    throw new StubFileError(
      `${where} should name a method and a URL, as in request: GET https://api.example.com/orders/*, and got ${kindOf(request)}`,
    )
  }
  return {
    ...(method !== undefined && { method: method.toUpperCase() }),
    url,
    headers: readHeaders(headers, where),
    ...(body !== undefined && { body }),
    response: readResponse(response, where, folder),
  }
}

function readResponse(written: unknown, where: string, folder: string): StubbedResponse {
  const known = ['status', 'headers', 'body', 'bodyFile']
  const {
    status = 200,
    headers,
    body,
    bodyFile,
  } = readMembers(written ?? {}, `the response of ${where}`, known)
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new StubFileError(
      `the status of ${where} should be a number from 200 to 599, and is ${kindOf(status)}`,
    )
  }
  const isText = body === undefined || typeof body === 'string'
  const type = isText ? {} : { 'content-type': 'application/json' }
  return {
    status,
    headers: { ...type, ...readHeaders(headers, where) },
    body: (bodyFile === undefined
      ? Buffer.from(isText ? (body ?? '') : JSON.stringify(body))
      : readBodyFile(bodyFile, where, folder)
    ).toString('base64'),
  }
}

function readBodyFile(written: unknown, where: string, folder: string): Buffer {
  try {
    return readFileSync(resolve(folder, String(written)))
  } catch (cause) {
    throw new StubFileError(`the bodyFile of ${where}, ${written}, cannot be read; check the path`, { cause })
  }
}

function readHeaders(written: unknown, where: string): Record<string, string> {
  const members = written === undefined ? {} : readMembers(written, `the headers of ${where}`)
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
}

function readMembers(written: unknown, where: string, known?: readonly string[]): Members {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw new StubFileError(`${where} should have members, as in name: value, and is ${kindOf(written)}`)
  }
  const unknown = Object.keys(written).find((key) => known?.includes(key) === false)
  if (unknown !== undefined) {
    throw new StubFileError(`${where} has ${unknown}, which nothing knows; expected are ${known?.join(', ')}`)
  }
  return written as Members
}

function kindOf(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** A request as a file of stubs has it, with room for its response: to be pasted into one. */
export function asStub({ method, url, headers, body }: AskedRequest): string {
  const telling = TELLING_HEADERS.filter((name) => headers[name] !== undefined)
  const text = body.toString()
  const isShown = text !== '' && text.length <= LONGEST_BODY && /^[\x20-\x7e]*$/.test(text)
  return [
    `- request: ${method} ${url.replace(/\?.*$/s, '')}`,
    ...telling.map((name) => `  headers: { ${name}: ${JSON.stringify(headers[name])} }`).slice(0, 1),
    ...(isShown ? [`  # its body: ${text}`] : []),
    '  response:',
    '    body: {}',
  ].join('\n')
}

/** `2 requests of the function have no answer in stubs.yaml`. */
export function countUnanswered(count: number, place: string): string {
  return `${count === 1 ? '1 request of the function has' : `${count} requests of the function have`} no answer in ${place}`
}
