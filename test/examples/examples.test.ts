/** Each project in `examples/`, built as its infrastructure tool builds it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startServe } from '../support/emulator/serve-process.ts'
import { runLambdabin } from '../support/projects/command.ts'
import {
  answer,
  architectureOf,
  exampleProject,
  installForExamples,
} from '../support/projects/example-project.ts'
import { writeFiles } from '../support/projects/files.ts'
import { userEnvironment } from '../support/projects/user-environment.ts'

const run = promisify(execFile)
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-examples-'))
  await installForExamples(folder)
})

after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** A folder with other people's tools, as .ci/run makes it: AWS SAM, a parser of HCL, the Serverless Framework. */
const TOOLS = process.env.LAMBDABIN_TEST_TOOLS ?? ''
const withoutTools = TOOLS === '' && 'it takes other tools: set LAMBDABIN_TEST_TOOLS, see .ci/run'
const MIRROR = process.env.LAMBDABIN_TERRAFORM_MIRROR ?? '/opt/tf-plugins'
const TERRAFORM = ['/usr/local/bin/terraform', '/usr/bin/terraform', '/usr/bin/tofu'].find(existsSync)

test('AWS SAM validates its template, and what it builds answers, of x64 and of arm64', {
  skip: withoutTools,
}, async () => {
  const project = exampleProject(folder, 'sam')
  const env = { ...userEnvironment(), SAM_CLI_TELEMETRY: '0', AWS_DEFAULT_REGION: 'us-east-1' }
  const sam = (...args: string[]) =>
    run(join(TOOLS, 'bin/sam'), args, { cwd: project, env, timeout: 300_000 })
  await sam('validate', '--lint')
  await sam('build')
  const built = (logicalId: string) => join(project, '.aws-sam/build', logicalId)
  for (const logicalId of ['OrdersFunction', 'OrdersArm64Function']) {
    assert.deepEqual(readdirSync(built(logicalId)).sort(), ['THIRD-PARTY-NOTICES', 'bootstrap', 'orders'])
  }
  assert.equal(architectureOf(join(built('OrdersFunction'), 'orders')), 'x64')
  assert.equal(architectureOf(join(built('OrdersArm64Function'), 'orders')), 'arm64')
  assert.deepEqual(await answer(built('OrdersFunction'), 'orders'), { ordered: 3, stage: 'test' })
  assert.deepEqual(readdirSync(built('RuntimeLayer')).sort(), ['bootstrap', 'lambdabin'])
  assert.deepEqual(readdirSync(built('OrdersOfLayerFunction')).sort(), ['THIRD-PARTY-NOTICES', 'orders'])
  assert.deepEqual(await answer(built('OrdersOfLayerFunction'), 'orders', built('RuntimeLayer')), {
    ordered: 3,
    stage: 'test',
  })
  assert.ok(!existsSync(join(project, 'dist')))
})

test('AWS CDK: an app builds its functions as it is synthesised; each asset is a zip that answers', async () => {
  const project = exampleProject(folder, 'cdk')
  await run(process.execPath, [TSC, '-p', '.', '--skipLibCheck'], { cwd: project })
  const { app } = JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8'))
  // As the CDK's command does.
  const synth = (context: object = {}) =>
    run('sh', ['-c', app], {
      cwd: project,
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        CDK_OUTDIR: 'cdk.out',
        CDK_CONTEXT_JSON: JSON.stringify(context),
      },
      timeout: 300_000,
    })
  // What `cdk list` does: nothing is built for it.
  await synth({ 'aws:cdk:bundling-stacks': [] })
  assert.ok(!existsSync(join(project, '.lambdabin')))

  const first = await synth()
  const [orders, users, prices] = synthesised(project)
  assert.deepEqual(orders?.settings, {
    Architectures: ['x86_64'],
    Environment: { Variables: { STAGE: 'prod' } },
    Handler: 'orders',
    MemorySize: 256,
    Runtime: 'provided.al2023',
    Timeout: 10,
  })
  assert.deepEqual(users?.settings, {
    Architectures: ['arm64'],
    Handler: 'users.list',
    Runtime: 'provided.al2023',
  })
  assert.deepEqual(await answer(orders.asset, 'orders'), { ordered: 3, stage: 'test' })
  const [layer] = synthesisedLayers(project)
  assert.deepEqual(layer?.settings, {
    CompatibleArchitectures: ['x86_64'],
    CompatibleRuntimes: ['provided.al2023'],
    Description: 'Node.js and the runtime of lambdabin',
  })
  assert.deepEqual(prices?.settings, {
    Architectures: ['x86_64'],
    Handler: 'prices',
    Layers: [{ Ref: layer.id }],
    Runtime: 'provided.al2023',
  })
  assert.deepEqual(await answer(prices.asset, 'prices', layer.asset), { price: 15 })
  const { stdout } = await runLambdabin(['inspect', users.asset, '--json'])
  assert.equal(JSON.parse(stdout).arch, 'arm64')

  const second = await synth()
  assert.match(first.stderr, /executable +[\d.]+ s/)
  assert.doesNotMatch(second.stderr, /executable +[\d.]+ s/, 'nothing is built again')
  assert.deepEqual(synthesised(project), [orders, users, prices])
  assert.deepEqual(synthesisedLayers(project), [layer])
})

/** The functions of a synthesised app, in the order of the app: what is set of each, and where its asset is. */
function synthesised(project: string) {
  return resourcesOf(project, 'AWS::Lambda::Function').map(([, { Code, Role: _, ...settings }]) => ({
    settings,
    asset: assetOf(project, Code),
  }))
}

/** Its layers in the same way, with the name that the template has for each. */
function synthesisedLayers(project: string) {
  return resourcesOf(project, 'AWS::Lambda::LayerVersion').map(([id, { Content, ...settings }]) => ({
    id,
    settings,
    asset: assetOf(project, Content),
  }))
}

function assetOf(project: string, code: { readonly S3Key: string } | undefined): string {
  return join(project, 'cdk.out', `asset.${code?.S3Key}`)
}

function resourcesOf(project: string, type: string): [id: string, properties: ResourceProperties][] {
  const template = JSON.parse(readFileSync(join(project, 'cdk.out/OrdersStack.template.json'), 'utf8'))
  return Object.entries<{ Type: string; Properties: ResourceProperties }>(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties }]) => [id, Properties])
}

interface ResourceProperties {
  readonly Code?: { readonly S3Key: string }
  readonly Content?: { readonly S3Key: string }
  readonly Role?: unknown
}

test('the functions of examples/terraform are built for both architectures, and answer', async () => {
  const project = exampleProject(folder, 'terraform')
  const options = { cwd: project, env: userEnvironment(), timeout: 300_000 }
  await run('npx', ['lambdabin', 'layer'], options)
  await run('npx', ['lambdabin', 'build'], options)
  const [orders, forArm64] = ['orders', 'orders-arm64'].map((each) => join(project, 'dist', each))
  assert.deepEqual(await answer(`${orders}.zip`, 'orders'), { ordered: 3, stage: 'test' })
  assert.equal(architectureOf(join(`${forArm64}`, 'orders-arm64')), 'arm64')
  const [ofLayer, layer] = ['orders-of-layer.zip', 'layer.zip'].map((each) => join(project, 'dist', each))
  assert.deepEqual(await answer(`${ofLayer}`, 'orders-of-layer', layer), { ordered: 3, stage: 'test' })
})

test('those of examples/serverless are the same', () => {
  const project = exampleProject(folder, 'serverless')
  for (const file of ['lambdabin.config.ts', 'src/orders/index.ts', 'tsconfig.json']) {
    const [own, other] = [project, join(folder, 'terraform')].map((each) =>
      readFileSync(join(each, file), 'utf8'),
    )
    assert.equal(own, other, file)
  }
  cpSync(join(folder, 'terraform/dist'), join(project, 'dist'), { recursive: true })
})

test('Terraform: the example is as `terraform fmt` writes it', {
  skip: TERRAFORM === undefined && 'Terraform is not installed',
}, async () => {
  await run(TERRAFORM as string, ['fmt', '-check', '-diff', join(folder, 'terraform')])
})

test('Terraform: the example is HCL that deploys each zip there is, by its hash', {
  skip: withoutTools,
}, async () => {
  const print = 'import hcl2, json, sys; print(json.dumps(hcl2.load(sys.stdin)))'
  const parsing = run(join(TOOLS, 'bin/python'), ['-c', print])
  parsing.child.stdin?.end(readFileSync(join(folder, 'terraform/main.tf')))
  // The parser leaves quotes around what was quoted.
  const hcl = JSON.parse((await parsing).stdout.replaceAll('\\"', ''))
  const [{ functions }] = hcl.locals
  assert.deepEqual(functions, { orders: 'x86_64', 'orders-arm64': 'arm64' })
  const { this: resource } = hcl.resource[0].aws_lambda_function
  assert.equal(resource.runtime, 'provided.al2023')
  assert.match(resource.filename, /\/dist\/\$\{each\.key\}\.zip$/)
  assert.ok(resource.source_code_hash.includes(`filebase64sha256(${resource.filename})`))
})

test('Terraform applies the example to a local Lambda, where the function answers, and plans no change then', {
  skip:
    (!process.env.LAMBDABIN_TEST_TERRAFORM || TERRAFORM === undefined || !existsSync(MIRROR)) &&
    'it takes minutes: set LAMBDABIN_TEST_TERRAFORM=1 where Terraform and its provider are installed',
}, async (context) => {
  const project = join(folder, 'terraform')
  const { endpoint, invoke } = await startServe(context, folder)
  writeFiles(project, {
    terraformrc: `provider_installation {\n  filesystem_mirror {\n    path = "${MIRROR}"\n  }\n}\ndisable_checkpoint = true\n`,
    // Terraform merges it with the provider of main.tf.
    'override.tf': `provider "aws" {
  access_key = "any"
  secret_key = "any"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {
    lambda = "${endpoint}"
  }
}
`,
  })
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TF_CLI_CONFIG_FILE: join(project, 'terraformrc'),
    TF_VAR_role_arn: 'arn:aws:iam::123456789012:role/any',
  }
  const terraform = (...args: string[]) =>
    run(TERRAFORM as string, [...args, '-no-color'], { cwd: project, env, timeout: 300_000 })
  await terraform('init')
  assert.match(
    (await terraform('apply', '-auto-approve')).stdout,
    /Resources: 4 added, 0 changed, 0 destroyed/,
  )
  // Exit status 0: no changes.
  await terraform('plan', '-detailed-exitcode')
  for (const name of ['orders', 'orders-of-layer']) {
    const answered = await invoke(name, { quantity: 3 })
    assert.deepEqual(await answered.json(), { ordered: 3, stage: 'prod' }, name)
  }
})

test('Serverless Framework: what it packs are the zips, with their handlers and architectures', {
  skip: withoutTools,
}, async (context) => {
  const project = join(folder, 'serverless')
  const serverless = join(TOOLS, 'node_modules/.bin/serverless')
  const env = {
    ...userEnvironment(),
    SLS_TELEMETRY_DISABLED: '1',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    // It asks which layers are deployed already.
    AWS_ENDPOINT_URL_CLOUDFORMATION: await startCloudFormation(context),
  }
  await run(serverless, ['package'], { cwd: project, env, timeout: 120_000 })
  const template = join(project, '.serverless/cloudformation-template-update-stack.json')
  const { Resources } = JSON.parse(readFileSync(template, 'utf8'))
  for (const [id, handler, architecture] of [
    ['OrdersLambdaFunction', 'orders', 'x86_64'],
    ['OrdersArm64LambdaFunction', 'orders-arm64', 'arm64'],
    ['OrdersOfLayerLambdaFunction', 'orders-of-layer', 'x86_64'],
  ]) {
    const { Code, Handler, Architectures, Runtime } = Resources[`${id}`].Properties
    assert.deepEqual([Handler, Architectures, Runtime], [handler, [architecture], 'provided.al2023'])
    assert.match(Code.S3Key, new RegExp(`/${handler}\\.zip$`))
  }
  assert.deepEqual(Resources.OrdersOfLayerLambdaFunction.Properties.Layers, [{ Ref: 'RuntimeLambdaLayer' }])
  const { Content, CompatibleArchitectures } = Resources.RuntimeLambdaLayer.Properties
  assert.match(Content.S3Key, /\/layer\.zip$/)
  assert.deepEqual(CompatibleArchitectures, ['x86_64'])
})

/** Starts an AWS CloudFormation in which no stack is. Resolves to its address. */
async function startCloudFormation(context: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(400, { 'content-type': 'text/xml' }).end(
        `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
          <Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id orders-dev does not exist</Message></Error>
          <RequestId>f0c2ecbe-1c4e-4e5c-8d5f-1c0b5b0a7c11</RequestId>
        </ErrorResponse>`,
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
