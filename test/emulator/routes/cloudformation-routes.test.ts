/** The routes of templates that CDK writes, and of those that people write with API Gateway's own resources. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readHttpApi } from '../../../src/emulator/routes/http-api.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { createFixture, startEmulator } from '../../support/emulator/local-emulator.ts'
import { writeFiles } from '../../support/projects/files.ts'

const APP = fileURLToPath(new URL('../../fixtures/cdk/shop.mjs', import.meta.url))

/** The path of the template of `test/fixtures/cdk/shop.mjs`, run as CDK's command does. */
function synthesise(context: TestContext): string {
  const outdir = join(temporaryFolder(context), 'cdk.out')
  const CDK_CONTEXT_JSON = JSON.stringify({ 'aws:cdk:enable-asset-metadata': true })
  execFileSync(process.execPath, [APP], { env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON } })
  return join(outdir, 'Shop.template.json')
}

test('the routes, authorizers and CORS of what CDK writes are served', async (context) => {
  const routes = await readHttpApi(synthesise(context))
  assert.deepEqual(routes.routes.map(({ key, payload }) => `${key} ${payload}`).sort(), [
    '$default 2.0',
    'ANY /live 2.0',
    'GET /orders/{id} 2.0',
    'GET /signed 2.0',
    'GET /things 1.0',
    'GET /token 2.0',
    'POST /guarded 2.0',
    'PUT /things/{id} 1.0',
  ])
  const { client, endpoint, notices } = await startEmulator(context, { routes })
  await createFixture(client(), 'orders')
  const missing = await fetch(`${endpoint}/guarded`, { method: 'POST', headers: { authorization: 'secret' } })
  assert.equal(missing.status, 500)
  assert.match(notices.join('\n'), /a route is for the function Guard\w+ or authorize, which is not there/)
  await createFixture(client(), 'authorize')

  const got = await fetch(`${endpoint}/orders/7`, { headers: { origin: 'https://shop.example' } })
  assert.equal(got.headers.get('access-control-allow-origin'), 'https://shop.example')
  const event = (await got.json()) as { routeKey: string; pathParameters: object }
  assert.deepEqual([event.routeKey, event.pathParameters], ['GET /orders/{id}', { id: '7' }])
  assert.equal((await fetch(`${endpoint}/live`, { method: 'DELETE' })).status, 200)
  assert.equal((await fetch(`${endpoint}/signed`)).status, 200)
  assert.equal((await fetch(`${endpoint}/token`)).status, 401)
  // The function of the authorizer is asked with the same body, so it answers what the test says.
  const guarded = (isAuthorized: boolean) =>
    fetch(`${endpoint}/guarded`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'secret' },
      body: JSON.stringify({ answer: { isAuthorized } }),
    })
  assert.equal((await guarded(true)).status, 200)
  assert.equal((await guarded(false)).status, 403)
  assert.equal((await fetch(`${endpoint}/things/7`, { method: 'PUT' })).status, 401)
})

test('a template that somebody wrote has its routes read, with the short forms of CloudFormation', async (context) => {
  const folder = temporaryFolder(context)
  writeFiles(folder, {
    'template.yaml': `
Resources:
  Orders: { Type: AWS::Lambda::Function, Properties: { FunctionName: shop-orders, Handler: orders } }
  Api: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: HTTP } }
  ToOrders:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      PayloadFormatVersion: '2.0'
      IntegrationUri: !Sub arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${Orders.Arn}/invocations
  Elsewhere:
    Type: AWS::ApiGatewayV2::Integration
    Properties: { ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationUri: 'https://example.com' }
  Get: { Type: AWS::ApiGatewayV2::Route, Properties: { ApiId: !Ref Api, RouteKey: GET /orders, Target: !Sub 'integrations/\${ToOrders}' } }
  Away: { Type: AWS::ApiGatewayV2::Route, Properties: { ApiId: !Ref Api, RouteKey: GET /away, Target: !Join ['/', [integrations, !Ref Elsewhere]] } }
  Rest: { Type: AWS::ApiGateway::RestApi }
  Any: { Type: AWS::ApiGateway::Resource, Properties: { RestApiId: !Ref Rest, ParentId: !GetAtt Rest.RootResourceId, PathPart: '{proxy+}' } }
  Circle: { Type: AWS::ApiGateway::Resource, Properties: { RestApiId: !Ref Rest, ParentId: !Ref Circle, PathPart: on } }
  AnyMethod:
    Type: AWS::ApiGateway::Method
    Properties: { HttpMethod: ANY, ResourceId: !Ref Any, RestApiId: !Ref Rest, Integration: { Type: AWS_PROXY, Uri: !GetAtt Orders.Arn } }
  NoMethod:
    Type: AWS::ApiGateway::Method
    Properties: { HttpMethod: ANY, ResourceId: !Ref Circle, RestApiId: !Ref Rest, Integration: { Type: AWS_PROXY, Uri: !GetAtt Orders.Arn } }
`,
  })
  const { routes } = await readHttpApi(join(folder, 'template.yaml'))
  assert.deepEqual(
    routes.map(({ key, functionNames }) => [key, ...functionNames.slice(0, 3)]),
    [
      ['GET /orders', 'shop-orders', 'Orders', 'orders'],
      ['ANY /{proxy+}', 'shop-orders', 'Orders', 'orders'],
    ],
  )
})

test('the version of a payload’s format counts with and without quotes', async (context) => {
  const event = (path: string, version: string) =>
    `{ Type: HttpApi, Properties: { Path: ${path}, Method: get, PayloadFormatVersion: ${version} } }`
  const folder = writeFiles(temporaryFolder(context), {
    'template.yaml': `
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: { Handler: orders, Events: { A: ${event('/a', '1.0')}, B: ${event('/b', "'1.0'")}, C: ${event('/c', '2.0')} } }
  ToOrders: { Type: AWS::ApiGatewayV2::Integration, Properties: { IntegrationUri: !GetAtt Orders.Arn, PayloadFormatVersion: 2.0 } }
  Get: { Type: AWS::ApiGatewayV2::Route, Properties: { RouteKey: GET /d, Target: !Sub 'integrations/\${ToOrders}' } }
`,
  })
  const { routes } = await readHttpApi(join(folder, 'template.yaml'))
  assert.deepEqual(
    routes.map(({ key, payload }) => `${key} ${payload}`),
    ['GET /a 1.0', 'GET /b 1.0', 'GET /c 2.0', 'GET /d 2.0'],
  )
})
