import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asStub, readStubFile, StubFileError } from '../../src/stubs/stub-file.ts'
import { type AskedRequest, findAnswer } from '../../src/stubs/stubbed-requests.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const asked = (
  method: string,
  url: string,
  body = '',
  headers: Record<string, string> = {},
): AskedRequest => ({
  method,
  url,
  headers,
  body: Buffer.from(body),
})
const answerIn = (t: Parameters<typeof temporaryFiles>[0], yaml: string, request: AskedRequest) => {
  const folder = temporaryFiles(t, { 'stubs.yaml': yaml })
  const answer = findAnswer(readStubFile(`${folder}/stubs.yaml`), request)
  return answer && { ...answer, body: Buffer.from(answer.body, 'base64').toString() }
}
const FILE = `
- request: POST https://dynamodb.*.amazonaws.com
  headers: { X-Amz-Target: '*.GetItem' }
  body: { Key: { id: { S: a } } }
  response: { body: { Item: {} } }
- request: https://api.example.com/orders/*
  response: { status: 204 }
- request: GET https://api.example.com/search?q=*
  response: { headers: { x-found: 3 }, body: found }
- request: http://one.example
  response:
`

for (const [what, request, expected] of [
  [
    'method, header and the JSON of its body',
    asked('POST', 'https://dynamodb.eu-west-1.amazonaws.com/', '{"Key":{"id":{"S":"a"}},"TableName":"t"}', {
      'x-amz-target': 'DynamoDB_20120810.GetItem',
    }),
    { status: 200, headers: { 'content-type': 'application/json' }, body: '{"Item":{}}' },
  ],
  [
    'any method, and a query that is not asked for',
    asked('PUT', 'https://api.example.com/orders/7?a=1'),
    { status: 204, headers: {}, body: '' },
  ],
  [
    'a query',
    asked('GET', 'https://api.example.com/search?q=x'),
    { status: 200, headers: { 'x-found': '3' }, body: 'found' },
  ],
  ['a host alone', asked('GET', 'http://one.example/any/path'), { status: 200, headers: {}, body: '' }],
  [
    'nothing: another header',
    asked('POST', 'https://dynamodb.eu-west-1.amazonaws.com/', '{"Key":{"id":{"S":"a"}}}', {
      'x-amz-target': 'DynamoDB_20120810.PutItem',
    }),
    undefined,
  ],
  [
    'nothing: another body',
    asked('POST', 'https://dynamodb.eu-west-1.amazonaws.com/', '{"Key":{"id":{"S":"b"}}}', {
      'x-amz-target': 'DynamoDB_20120810.GetItem',
    }),
    undefined,
  ],
  ['nothing: another scheme', asked('GET', 'https://one.example/'), undefined],
  ['nothing: another path', asked('GET', 'https://api.example.com/users'), undefined],
] as const) {
  test(`a request is answered by what fits it: ${what}`, (t) => {
    assert.deepEqual(answerIn(t, FILE, request), expected)
  })
}

test('a request without an answer is written as a file of stubs has it, and then finds one', (t) => {
  const target = 'DynamoDB_20120810.Query'
  const request = asked('POST', 'https://dynamodb.us-east-1.amazonaws.com/', '{"a":1}', {
    'x-amz-target': target,
  })
  const written = asStub(request)
  assert.match(
    written,
    /^- request: POST https:\/\/dynamodb\.us-east-1\.amazonaws\.com\/\n {2}headers: \{ x-amz-target: "DynamoDB_20120810\.Query" \}/,
  )
  assert.deepEqual(answerIn(t, written, request)?.body, '{}')
  const other = asked('POST', 'https://dynamodb.us-east-1.amazonaws.com/', '', { 'x-amz-target': 'Other' })
  assert.equal(answerIn(t, written, other), undefined)
})

test('a body may be in a file, as it is', (t) => {
  const bytes = Buffer.from([0, 255, 10])
  const folder = temporaryFiles(t, {
    'stubs.json': '[{"request":"https://a.example","response":{"bodyFile":"answer.bin"}}]',
    'answer.bin': bytes,
  })
  const [stub] = readStubFile(`${folder}/stubs.json`)
  assert.deepEqual(Buffer.from(stub?.response.body ?? '', 'base64'), bytes)
})

for (const [what, yaml, expected] of [
  ['no list', 'request: GET https://a.example', /should be a list of requests .* and is \{"request"/],
  ['no YAML', '- request: [', /neither YAML nor JSON/],
  [
    'no URL',
    '- request: GET orders',
    /request 1 of .*stubs\.yaml should name a method and a URL, as in .* and got "GET orders"/,
  ],
  [
    'a member that nothing knows',
    '- { request: "https://a.example", responce: {} }',
    /has responce, which nothing knows; expected are request, headers, body, response/,
  ],
  [
    'a status that is none',
    '- { request: "https://a.example", response: { status: 99 } }',
    /status of request 1 .* 200 to 599, and is 99/,
  ],
  [
    'a file that is not there',
    '- { request: "https://a.example", response: { bodyFile: no.json } }',
    /no\.json, cannot be read/,
  ],
] as const) {
  test(`a file with ${what} is refused in a sentence`, (t) => {
    const folder = temporaryFiles(t, { 'stubs.yaml': yaml })
    assert.throws(
      () => readStubFile(`${folder}/stubs.yaml`),
      (error) => error instanceof StubFileError && expected.test(error.message),
    )
  })
}

test('an empty file answers nothing, and one that is not there is refused', (t) => {
  const folder = temporaryFiles(t, { 'stubs.yaml': '# none yet\n' })
  assert.deepEqual(readStubFile(`${folder}/stubs.yaml`), [])
  assert.throws(() => readStubFile(`${folder}/no.yaml`), /no\.yaml cannot be read/)
})
