/** What REST APIs of templates do and HTTP APIs do not: text, preflights that mocks answer, and streamed responses. */
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { readHttpApi } from '../../../src/emulator/routes/http-api.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { createFixture, startEmulator } from '../../support/emulator/local-emulator.ts'
import { writeFiles } from '../../support/projects/files.ts'

const FORM = 'application/x-www-form-urlencoded'

async function start(context: TestContext, template: string, functions = ['orders']) {
  const folder = writeFiles(temporaryFolder(context), { 'template.yaml': template })
  const routes = await readHttpApi(join(folder, 'template.yaml'))
  const emulator = await startEmulator(context, { routes })
  for (const name of functions) {
    await createFixture(emulator.client(), name)
  }
  return emulator
}

/** Of what a function answers whose body is an order to answer so; in base64 it is none, and the event is answered as it is. */
async function statusOf(url: string, type: string, answer: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type },
    body: JSON.stringify({ answer }),
  })
  return response.status
}

function send(url: string, method: string, headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      const request = httpRequest(url, { method, headers, agent: false }, async (response) =>
        resolve({ status: response.statusCode, headers: response.headers, body: await text(response) }),
      )
      request.on('error', reject).end()
    },
  )
}

const REST = `
Resources:
  Orders: { Type: AWS::Lambda::Function, Properties: { Handler: orders } }
  Rest: { Type: AWS::ApiGateway::RestApi, Properties: { BinaryMediaTypes: [image/png] } }
  Things: { Type: AWS::ApiGateway::Resource, Properties: { RestApiId: !Ref Rest, ParentId: !GetAtt Rest.RootResourceId, PathPart: things } }
  Post:
    Type: AWS::ApiGateway::Method
    Properties: { HttpMethod: POST, ResourceId: !Ref Things, RestApiId: !Ref Rest, Integration: { Type: AWS_PROXY, Uri: !GetAtt Orders.Arn } }
  Put:
    Type: AWS::ApiGateway::Method
    Properties:
      HttpMethod: PUT
      ResourceId: !Ref Things
      RestApiId: !Ref Rest
      Integration:
        Type: AWS_PROXY
        Uri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/\${Orders.Arn}/response-streaming-invocations
  Options:
    Type: AWS::ApiGateway::Method
    Properties:
      HttpMethod: OPTIONS
      ResourceId: !Ref Things
      RestApiId: !Ref Rest
      Integration:
        Type: MOCK
        IntegrationResponses:
          - StatusCode: '204'
            ResponseParameters:
              method.response.header.Access-Control-Allow-Origin: "'https://shop.example'"
              method.response.header.Access-Control-Allow-Methods: "'POST,PUT'"
              method.response.header.X-Asked: integration.response.header.X-Asked
            ResponseTemplates:
              application/json: '#if($origin.matches("https://other.example")) #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin) #end'
`

test('a body is text in a REST API, and in base64 where its type is one of the binary ones', async (context) => {
  const { endpoint } = await start(context, REST)
  const made = { statusCode: 201 }
  assert.equal(await statusOf(`${endpoint}/things`, FORM, made), 201)
  // In base64, it is no order, and the event is no answer of a REST API.
  assert.equal(await statusOf(`${endpoint}/things`, 'image/png', made), 500)
})

test('so is that of an event `Api` of SAM’s, by what its API or the globals say', async (context) => {
  const { endpoint } = await start(
    context,
    `
Globals: { Api: { BinaryMediaTypes: [image~1png] } }
Resources:
  OrdersFunction:
    Type: AWS::Serverless::Function
    Properties: { Handler: orders, Events: { Made: { Type: Api, Properties: { Path: /things, Method: post } } } }
`,
  )
  assert.equal(await statusOf(`${endpoint}/things`, FORM, { statusCode: 201 }), 201)
  assert.equal(await statusOf(`${endpoint}/things`, 'image/png', { statusCode: 201 }), 500)
})

test('the mock of a preflight answers it, and its pages may call the API', async (context) => {
  const { endpoint } = await start(context, REST)
  const things = `${endpoint}/things`
  const page = (origin: string) => ({ Origin: origin, 'Sec-Fetch-Site': 'cross-site' })
  const first = await send(things, 'OPTIONS', page('https://shop.example'))
  assert.deepEqual(
    [
      first.status,
      first.headers['access-control-allow-origin'],
      first.headers['access-control-allow-methods'],
    ],
    [204, 'https://shop.example', 'POST,PUT'],
  )
  assert.equal(first.headers['x-asked'], undefined)
  const other = await send(things, 'OPTIONS', page('https://other.example'))
  assert.equal(other.headers['access-control-allow-origin'], 'https://other.example')
  assert.equal((await send(things, 'OPTIONS', page('https://else.example'))).status, 403)
  assert.equal((await send(`${endpoint}/no`, 'OPTIONS', page('https://shop.example'))).status, 403)
})

test('a streamed response of a REST API has the status and headers of its prelude', async (context) => {
  const { endpoint } = await start(context, REST)
  const put = () =>
    fetch(`${endpoint}/things`, { method: 'PUT', body: JSON.stringify({ do: 'stream HTTP' }) })
  const [streamed, url] = [
    await put(),
    await fetch(`${endpoint}/url/orders/`, { method: 'POST', body: '{"do":"stream HTTP"}' }),
  ]
  assert.equal(streamed.status, url.status)
  assert.equal(await streamed.text(), 'firstsecond')
})

test('an authorizer that fails with Unauthorized has the caller told to sign in, and another error is one', async (context) => {
  const template = `
Resources:
  Orders: { Type: AWS::Lambda::Function, Properties: { Handler: orders } }
  Guard: { Type: AWS::Lambda::Function, Properties: { Handler: guard } }
  Rest: { Type: AWS::ApiGateway::RestApi }
  Tokens: { Type: AWS::ApiGateway::Authorizer, Properties: { Type: TOKEN, AuthorizerUri: !GetAtt Guard.Arn, IdentitySource: method.request.header.Authorization } }
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      HttpMethod: POST
      ResourceId: !GetAtt Rest.RootResourceId
      RestApiId: !Ref Rest
      AuthorizerId: !Ref Tokens
      Integration: { Type: AWS_PROXY, Uri: !GetAtt Orders.Arn }
`
  const { endpoint } = await start(context, template, ['orders', 'guard'])
  const post = async (order: string) => {
    const body = JSON.stringify({ do: order })
    const response = await fetch(endpoint, { method: 'POST', headers: { authorization: 'x' }, body })
    return [response.status, await response.json()]
  }
  assert.deepEqual(await post('refuse the caller'), [401, { message: 'Unauthorized' }])
  assert.deepEqual(await post('post an error'), [500, { message: 'Internal Server Error' }])
})
