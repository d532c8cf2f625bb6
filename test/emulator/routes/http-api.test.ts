import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { readHttpApi } from '../../../src/emulator/routes/http-api.ts'
import { RouteTable } from '../../../src/emulator/routes/route-table.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { createFixture, startEmulator } from '../../support/emulator/local-emulator.ts'
import { writeFiles } from '../../support/projects/files.ts'

async function start(context: TestContext, file: string, content: string) {
  const path = join(temporaryFolder(context), file)
  writeFileSync(path, content)
  const emulator = await startEmulator(context, { routes: await readHttpApi(path) })
  await createFixture(emulator.client(), 'orders')
  return emulator
}

async function event(
  answer: Response,
): Promise<Record<string, unknown> & { requestContext: Record<string, unknown> }> {
  assert.equal(answer.status, 200, await answer.clone().text())
  return (await answer.json()) as never
}

test('the most specific route counts', () => {
  const keys = [
    '$default',
    'ANY /{proxy+}',
    'GET /orders/{id}',
    'ANY /orders/{id}',
    'GET /orders/all',
    'GET /orders',
  ]
  const table = new RouteTable(keys.map((key) => ({ key, functionNames: [key], payload: '2.0' })))
  for (const [method, path, key, pathParameters] of [
    ['GET', '/orders/all', 'GET /orders/all', {}],
    ['GET', '/orders/7', 'GET /orders/{id}', { id: '7' }],
    ['PUT', '/orders/a%20b', 'ANY /orders/{id}', { id: 'a b' }],
    ['GET', '/orders', 'GET /orders', {}],
    ['GET', '/x/y/z', 'ANY /{proxy+}', { proxy: 'x/y/z' }],
    ['GET', '/', '$default', {}],
  ] as const) {
    const match = table.find(method, path)
    assert.equal(match?.route.key, key, `${method} ${path}`)
    assert.deepEqual(match?.pathParameters, pathParameters)
  }
  for (const key of ['orders', 'GET orders', 'GET /{a+}/b', 'GET /{a', 'FETCH /x']) {
    assert.throws(() => new RouteTable([{ key, functionNames: ['f'], payload: '2.0' }]), /expected/, key)
  }
})

test('a route hands a request to its function, in payload format 2.0', async (context) => {
  const { endpoint } = await start(context, 'routes.json', '{"GET /orders/{id}": "orders"}')
  const got = await event(await fetch(`${endpoint}/orders/7?x=1&x=2`))
  assert.equal(got.version, '2.0')
  assert.equal(got.routeKey, 'GET /orders/{id}')
  assert.deepEqual(got.pathParameters, { id: '7' })
  assert.deepEqual(got.queryStringParameters, { x: '1,2' })
  const none = await fetch(`${endpoint}/nowhere`)
  assert.equal(none.status, 404)
  assert.deepEqual(await none.json(), { message: 'Not Found' })
  assert.equal((await fetch(`${endpoint}/2015-03-31/functions`)).status, 200, 'the API is there, too')
})

test('payload format 1.0 has what REST APIs have, and needs a statusCode', async (context) => {
  const routes = { routes: { 'POST /orders/{id}': { function: 'orders', payload: '1.0' } } }
  const { endpoint, client } = await start(context, 'routes.json', JSON.stringify(routes))
  assert.ok(client)
  const post = (answer: unknown) =>
    fetch(`${endpoint}/orders/7?x=1&x=2`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ answer }),
    })
  const full = await post({ statusCode: 201, body: 'made', multiValueHeaders: { 'x-many': ['a', 'b'] } })
  assert.equal(full.status, 201)
  assert.equal(full.headers.get('x-many'), 'a, b')
  assert.equal(await full.text(), 'made')
  const bare = await post({ ordered: 1 })
  assert.equal(bare.status, 500)
  assert.deepEqual(await bare.json(), { message: 'Internal Server Error' })
})

test('in payload format 1.0, headers and parameters may be called as what objects have', async (context) => {
  const routes = { routes: { 'POST /orders': { function: 'orders', payload: '1.0' } } }
  const { endpoint } = await start(context, 'routes.json', JSON.stringify(routes))
  const answer = await fetch(`${endpoint}/orders?constructor=a&__proto__=b`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', constructor: 'c' } as unknown as Record<string, string>,
    body: JSON.stringify({ answer: { statusCode: 200, body: 'taken' } }),
  })
  assert.deepEqual([answer.status, await answer.text()], [200, 'taken'])
})

test('CORS is answered for the API as a whole', async (context) => {
  const routes = {
    routes: { 'GET /x': 'orders' },
    cors: { AllowOrigins: ['https://shop.example'], AllowMethods: ['GET'] },
  }
  const { endpoint } = await start(context, 'routes.json', JSON.stringify(routes))
  const send = (method: string, headers: Record<string, string>) =>
    new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]> }>(
      (resolve, reject) => {
        const request = httpRequest(`${endpoint}/x`, { method, headers, agent: false }, async (response) => {
          await text(response)
          resolve({ status: response.statusCode, headers: response.headers })
        })
        request.on('error', reject)
        request.end()
      },
    )
  const origin = { Origin: 'https://shop.example', 'Sec-Fetch-Site': 'cross-site' }
  const preflight = await send('OPTIONS', { ...origin, 'Access-Control-Request-Method': 'GET' })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-methods'], 'GET')
  const got = await send('GET', origin)
  assert.equal(got.headers['access-control-allow-origin'], 'https://shop.example')
  assert.equal((await send('GET', { ...origin, Origin: 'https://evil.example' })).status, 403)
})

test('a JWT authorizer lets in whose token is signed, current, for this audience, and has the scope', async (context) => {
  const folder = temporaryFolder(context)
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keys = join(folder, 'keys.json')
  writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }))
  const issuer = 'https://issuer.example'
  const routes = {
    routes: { 'GET /x': { function: 'orders', authorizer: 'users', scopes: ['read', 'all'] } },
    authorizers: { users: { type: 'jwt', issuer, audience: ['shop'], keys } },
  }
  const { endpoint } = await start(context, 'routes.json', JSON.stringify(routes))
  const token = (claims: object, exp = '1h', key = privateKey) =>
    new SignJWT({ iss: issuer, aud: 'shop', scope: 'read write', ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setExpirationTime(exp)
      .sign(key)
  const get = async (authorization?: string) =>
    await fetch(`${endpoint}/x`, authorization === undefined ? {} : { headers: { authorization } })
  const got = await event(await get(`Bearer ${await token({ sub: 'ann' })}`))
  const { jwt } = got.requestContext.authorizer as {
    jwt: { claims: Record<string, string>; scopes: string[] }
  }
  assert.equal(jwt.claims.sub, 'ann')
  assert.deepEqual(jwt.scopes, ['read', 'all'])
  const other = await generateKeyPair('RS256')
  assert.equal((await get()).status, 401)
  assert.equal((await get('Bearer nonsense')).status, 401)
  assert.equal((await get(`Bearer ${await token({ aud: 'other' })}`)).status, 401)
  assert.equal((await get(`Bearer ${await token({ iss: 'https://other.example' })}`)).status, 401)
  assert.equal((await get(`Bearer ${await token({}, '-1h')}`)).status, 401)
  assert.equal((await get(`Bearer ${await token({}, '1h', other.privateKey)}`)).status, 401)
  assert.equal((await get(`Bearer ${await token({ scope: 'write' })}`)).status, 403)
})

const TEMPLATE = `
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { Timeout: 5 }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: { AllowOrigins: ['https://shop.example'] }
      Auth:
        DefaultAuthorizer: Own
        Authorizers:
          Own:
            FunctionArn: !GetAtt AuthorizeFunction.Arn
            AuthorizerPayloadFormatVersion: '2.0'
            EnableSimpleResponses: true
  OrdersFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: orders
      CodeUri: !Sub "\${AWS::StackName}/dist"
      Events:
        Get:
          Type: HttpApi
          Properties: { Path: '/orders/{id}', Method: get, ApiId: !Ref Api, Auth: { Authorizer: NONE } }
        Guarded:
          Type: HttpApi
          Properties: { Path: /guarded, Method: POST, ApiId: !Ref Api }
        Rest:
          Type: Api
          Properties: { Path: /rest, Method: post }
        Tick:
          Type: Schedule
          Properties: { Schedule: rate(1 minute) }
  AuthorizeFunction:
    Type: AWS::Serverless::Function
    Properties: { FunctionName: authorize, Handler: misbehaving }
`

test('the routes, authorizers and CORS of a SAM template are served', async (context) => {
  const { endpoint, client } = await start(context, 'template.yaml', TEMPLATE)
  await createFixture(client(), 'authorize')
  const got = await event(await fetch(`${endpoint}/orders/7`))
  assert.equal(got.routeKey, 'GET /orders/{id}')
  const rest = await fetch(`${endpoint}/rest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"answer":{"statusCode":202}}',
  })
  assert.equal(rest.status, 202)
  // The authorizer's function is asked with the same body, so it answers what the test says.
  const guarded = (answer: unknown, authorization = 'secret') =>
    fetch(`${endpoint}/guarded`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify({ answer }),
    })
  assert.equal((await guarded({ isAuthorized: true, context: { user: 'ann' } })).status, 200)
  assert.equal((await guarded({ isAuthorized: false })).status, 403)
  assert.equal((await guarded({ isAuthorized: true }, '')).status, 401)
})

test('the routes of nested stacks are served, each template at its own path', async (context) => {
  const folder = temporaryFolder(context)
  const nested = (type: string, property: string, location: string) =>
    `{ Type: ${type}, Properties: { ${property}: ${location} } }`
  const functions = (path: string) => `
  OrdersFunction:
    Type: AWS::Serverless::Function
    Properties: { Handler: orders, Events: { Get: { Type: HttpApi, Properties: { Path: ${path}, Method: get } } } }
`
  writeFiles(folder, {
    'template.yaml': `
Resources:
  Shop: ${nested('AWS::Serverless::Application', 'Location', 'shop/template.yaml')}
  Other: ${nested('AWS::Serverless::Application', 'Location', '{ ApplicationId: a, SemanticVersion: 1.0.0 }')}
  Remote: ${nested('AWS::CloudFormation::Stack', 'TemplateURL', 'https://example.com/template.yaml')}
`,
    'shop/template.yaml': `
Resources:
  Inner: ${nested('AWS::CloudFormation::Stack', 'TemplateURL', '../inner.yaml')}${functions('/shop')}`,
    'inner.yaml': `
Resources:
  Again: ${nested('AWS::Serverless::Application', 'Location', './template.yaml')}${functions('/inner')}`,
    'broken.yaml': `Resources: { Gone: ${nested('AWS::Serverless::Application', 'Location', 'gone.yaml')} }`,
  })
  const routes = await readHttpApi(join(folder, 'template.yaml'))
  assert.deepEqual(
    routes.routes.map(({ key }) => key),
    ['GET /shop', 'GET /inner'],
  )
  const { client, endpoint } = await startEmulator(context, { routes })
  await createFixture(client(), 'orders')
  assert.equal((await event(await fetch(`${endpoint}/inner`))).routeKey, 'GET /inner')
  await assert.rejects(readHttpApi(join(folder, 'broken.yaml')), /nested stack Gone of .*gone\.yaml/)
})

test('routes that a template describes by OpenAPI are served, in it or in a file', async (context) => {
  const folder = temporaryFolder(context)
  const uri = (id: string) =>
    `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${${id}.Arn}/invocations`
  const integration = (written: string, more = '') =>
    `x-amazon-apigateway-integration: { type: aws_proxy, httpMethod: POST, uri: ${written}${more} }`
  writeFiles(folder, {
    'template.yaml': `
Resources:
  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: { DefaultAuthorizer: Own, Authorizers: { Own: { FunctionArn: !GetAtt AuthorizeFunction.Arn } } }
      DefinitionBody:
        openapi: 3.0.1
        paths:
          '/orders/{id}':
            get: { security: [], ${integration(`!Sub '${uri('OrdersFunction')}'`, ", payloadFormatVersion: '2.0'")} }
          /guarded:
            post: { ${integration(`{ Fn::Sub: '${uri('OrdersFunction')}' }`)} }
          /scoped:
            put: { security: [{ Own: [write] }], ${integration('!GetAtt OrdersFunction.Arn')} }
          /said-twice:
            get: { ${integration('!GetAtt OrdersFunction.Arn')} }
          /elsewhere:
            get: { x-amazon-apigateway-integration: { type: http_proxy, uri: 'https://example.com/' } }
  Rest: { Type: AWS::Serverless::Api, Properties: { DefinitionUri: api/rest.json } }
  Included:
    Type: AWS::Serverless::Api
    Properties:
      DefinitionBody: { Fn::Transform: { Name: AWS::Include, Parameters: { Location: api/included.yaml } } }
  Remote: { Type: AWS::Serverless::Api, Properties: { DefinitionUri: 's3://bucket/api.yaml' } }
  OrdersFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: orders
      Events:
        Get: { Type: HttpApi, Properties: { Path: /said-twice, Method: get, Auth: { Authorizer: NONE } } }
  AuthorizeFunction: { Type: AWS::Serverless::Function, Properties: { FunctionName: authorize, Handler: a } }
`,
    'api/rest.json': {
      paths: {
        '/rest': {
          'x-amazon-apigateway-any-method': {
            'x-amazon-apigateway-integration': { uri: { 'Fn::Sub': uri('OrdersFunction') } },
          },
        },
      },
    },
    'api/included.yaml': `paths: { /included: { get: { ${integration(`{ Fn::Sub: '${uri('OrdersFunction')}' }`)} } } }`,
    'broken.yaml':
      'Resources: { Api: { Type: AWS::Serverless::Api, Properties: { DefinitionUri: gone.yaml } } }',
  })
  const routes = await readHttpApi(join(folder, 'template.yaml'))
  assert.deepEqual(
    routes.routes.map(({ key, payload, authorizer, scopes }) => [key, payload, authorizer, scopes]),
    [
      ['GET /said-twice', '2.0', undefined, undefined],
      ['GET /orders/{id}', '2.0', undefined, undefined],
      ['POST /guarded', '1.0', 'Own', undefined],
      ['PUT /scoped', '1.0', 'Own', ['write']],
      ['ANY /rest', '1.0', undefined, undefined],
      ['GET /included', '1.0', undefined, undefined],
    ],
  )
  const { client, endpoint } = await startEmulator(context, { routes })
  await createFixture(client(), 'orders')
  assert.deepEqual((await event(await fetch(`${endpoint}/orders/7`))).pathParameters, { id: '7' })
  await assert.rejects(readHttpApi(join(folder, 'broken.yaml')), /OpenAPI definition of Api, .*gone\.yaml/)
})

test('what is wrong with a file of routes is said in a sentence', async (context) => {
  const folder = temporaryFolder(context)
  for (const [name, content, message] of [
    ['a.json', '{', /is not \(/],
    ['b.json', '{"GET /x": 7}', /expected the name of a function for the route GET \/x/],
    ['c.json', '{"routes":{"GET /x":{"function":"f","payload":"3.0"}}}', /payload 1\.0 or 2\.0/],
    ['d.yaml', 'Resources: {}', /no.*HttpApi or Api events|there are none/],
    ['e.yaml', 'a: [', /cannot be read/],
  ] as const) {
    writeFileSync(join(folder, name), content)
    await assert.rejects(readHttpApi(join(folder, name)), message, name)
  }
  await assert.rejects(readHttpApi(join(folder, 'none.json')), /cannot read/)
})
