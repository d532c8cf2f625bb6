/** How functions that a template names are run here: as it says, unless something else is given. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { build, createLocalLambda, type LocalLambdaOptions } from '../../src/api.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const project = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
const TELL = `async (_event: unknown, context: { getRemainingTimeInMillis(): number; memoryLimitInMB: string }) => {
  const { TABLE, STAGE, COUNT, BUCKET, AWS_LAMBDA_FUNCTION_NAME: name } = process.env
  return { seconds: Math.ceil(context.getRemainingTimeInMillis() / 1000), memory: context.memoryLimitInMB, TABLE, STAGE, COUNT, BUCKET, name }
}`

before(async () => {
  writeFiles(project, {
    'package.json': {},
    'src/orders.ts': `export const handler = ${TELL}\n`,
    'src/both.ts': `export const first = ${TELL}\nexport const second = ${TELL}\n`,
  })
  const built = await build({ cwd: project, config: false, functions: ['src/orders.ts', 'src/both.ts'] })
  assert.ok(built.ok, built.ok ? '' : built.error.stack)
})

after(() => rmSync(project, { recursive: true, force: true }))

/** What each function answers with the template. */
async function answers(t: TestContext, template: string, names: string[], options: LocalLambdaOptions = {}) {
  const folder = writeFiles(temporaryFolder(t), { 'template.yaml': template })
  const created = await createLocalLambda({
    ...{ cwd: project, config: false, functions: ['dist/orders.zip', 'dist/both.zip'] },
    ...{ routes: join(folder, 'template.yaml'), ...options },
  })
  assert.ok(created.ok, created.ok ? '' : created.error.stack)
  await using lambda = created.lambda
  return await Promise.all(
    names.map(async (name) => {
      const result = await lambda.invoke(name, {})
      assert.ok(result.ok, result.ok ? '' : result.error.stack)
      return result.payload as Record<string, unknown>
    }),
  )
}

const TEMPLATE = `
Parameters:
  Stage: { Type: String, Default: prod }
  Unset: { Type: String }
Globals:
  Function: { Timeout: 20, MemorySize: 512, Environment: { Variables: { STAGE: !Ref Stage, COUNT: 3 } } }
Resources:
  Table: { Type: AWS::DynamoDB::Table }
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Handler: orders
      Timeout: "40"
      Events: { Get: { Type: HttpApi, Properties: { Path: /orders, Method: get } } }
      Environment: { Variables: { TABLE: orders, STAGE: dev, BUCKET: !Ref Table, OTHER: !Ref Unset, AWS_LAMBDA_FUNCTION_NAME: mine, AWS_LAMBDA_EXEC_WRAPPER: /opt/wrapper } }
  First: { Type: AWS::Serverless::Function, Properties: { Handler: both.first, MemorySize: 256 } }
  Second: { Type: AWS::Serverless::Function, Properties: { Handler: both.second } }
`
const DEFAULTS = { seconds: 20, memory: '512', STAGE: 'prod', COUNT: '3' }

test('a function has the time-out, memory and variables of its template, which that says itself', async (t) => {
  const [orders, first, second] = await answers(t, TEMPLATE, ['orders', 'First', 'Second'])
  assert.deepEqual(orders, {
    ...{ ...DEFAULTS, seconds: 40, TABLE: 'orders', STAGE: 'dev' },
    name: 'orders',
  })
  assert.deepEqual(first, { ...DEFAULTS, memory: '256', name: 'First' })
  assert.deepEqual(second, { ...DEFAULTS, name: 'Second' })
})

test('what is given otherwise counts more, of variables each by itself', async (t) => {
  const given = { timeout: 7, memory: 300, env: { TABLE: 'local' } }
  const [orders, first] = await answers(t, TEMPLATE, ['orders', 'First'], given)
  const expected = { ...DEFAULTS, seconds: 7, memory: '300', TABLE: 'local' }
  assert.deepEqual(orders, { ...expected, STAGE: 'dev', name: 'orders' })
  assert.deepEqual(first, { ...expected, name: 'First' })
  const [memory] = await answers(t, TEMPLATE, ['orders'], { memory: 300 })
  assert.deepEqual([memory?.seconds, memory?.memory, memory?.TABLE], [40, '300', 'orders'])
})

test('a source that is served has them, too, and a template of CloudFormation’s says them', async (t) => {
  const template = JSON.stringify({
    Resources: {
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP', Name: 'api' } },
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: {
          ApiId: { Ref: 'Api' },
          IntegrationType: 'AWS_PROXY',
          IntegrationUri: { 'Fn::GetAtt': ['OrdersA1B2', 'Arn'] },
          PayloadFormatVersion: '2.0',
        },
      },
      Route: {
        Type: 'AWS::ApiGatewayV2::Route',
        Properties: {
          ApiId: { Ref: 'Api' },
          RouteKey: 'GET /orders',
          Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
        },
      },
      OrdersA1B2: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'orders',
          Handler: 'orders.handler',
          Timeout: 9,
          MemorySize: 1024,
          Environment: { Variables: { TABLE: 'orders', BUCKET: { 'Fn::GetAtt': ['Bucket', 'Arn'] } } },
        },
      },
    },
  })
  const watch = { functions: [], watch: ['src/orders.ts'] }
  assert.deepEqual(await answers(t, template, ['orders'], watch), [
    { seconds: 9, memory: '1024', TABLE: 'orders', name: 'orders' },
  ])
})
