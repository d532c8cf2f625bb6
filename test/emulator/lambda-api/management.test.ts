import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionEventInvokeConfigCommand,
  DeleteLayerVersionCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetAccountSettingsCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionRecursionConfigCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  GetPolicyCommand,
  GetProvisionedConcurrencyConfigCommand,
  GetRuntimeManagementConfigCommand,
  InvokeCommand,
  ListFunctionEventInvokeConfigsCommand,
  ListFunctionUrlConfigsCommand,
  ListLayersCommand,
  ListLayerVersionsCommand,
  ListProvisionedConcurrencyConfigsCommand,
  ListTagsCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  PutFunctionRecursionConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
  PutRuntimeManagementConfigCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionConfigurationCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda'
import { temporaryFolder, writeZip } from '../../support/emulator/fixture-package.ts'
import {
  createFixture,
  fixtureZip,
  type LocalEmulatorOptions,
  order,
  ROLE,
  startEmulator,
} from '../../support/emulator/local-emulator.ts'
import { eventually } from '../../support/eventually.ts'
import { refusal } from '../../support/refusal.ts'

const NAME = 'orders'
const ARN = `arn:aws:lambda:us-east-1:123456789012:function:${NAME}`

async function start(context: TestContext, options?: LocalEmulatorOptions) {
  const emulator = await startEmulator(context, options)
  const sdk = emulator.client()
  await createFixture(sdk, NAME)
  return { ...emulator, sdk }
}

test('permissions are statements of a policy, by their ids', async (context) => {
  const { sdk } = await start(context)
  const permission = {
    FunctionName: NAME,
    StatementId: 'bucket',
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    SourceArn: 'arn:aws:s3:::photos',
    SourceAccount: '123456789012',
  }
  const { Statement } = await sdk.send(new AddPermissionCommand(permission))
  assert.deepEqual(JSON.parse(Statement ?? ''), {
    Sid: 'bucket',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: ARN,
    Condition: {
      StringEquals: { 'AWS:SourceAccount': '123456789012' },
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::photos' },
    },
  })
  await assert.rejects(
    sdk.send(new AddPermissionCommand(permission)),
    refusal('ResourceConflictException', 409, /already exists/),
  )
  const { Policy, RevisionId } = await sdk.send(new GetPolicyCommand({ FunctionName: NAME }))
  assert.deepEqual(JSON.parse(Policy ?? '').Statement, [JSON.parse(Statement ?? '')])
  await assert.rejects(
    sdk.send(new RemovePermissionCommand({ FunctionName: NAME, StatementId: 'bucket', RevisionId: 'x' })),
    refusal('PreconditionFailedException', 412, /RevisionId/),
  )
  await sdk.send(new RemovePermissionCommand({ FunctionName: NAME, StatementId: 'bucket', RevisionId }))
  await assert.rejects(
    sdk.send(new GetPolicyCommand({ FunctionName: NAME })),
    refusal('ResourceNotFoundException', 404, /does not exist/),
  )
})

test('tags are added, listed and taken away', async (context) => {
  const { sdk } = await start(context)
  await sdk.send(new TagResourceCommand({ Resource: ARN, Tags: { team: 'shop', stage: 'test' } }))
  await sdk.send(new UntagResourceCommand({ Resource: ARN, TagKeys: ['stage', 'never'] }))
  assert.deepEqual((await sdk.send(new ListTagsCommand({ Resource: ARN }))).Tags, { team: 'shop' })
  await assert.rejects(
    sdk.send(new ListTagsCommand({ Resource: `${ARN}-not` })),
    refusal('ResourceNotFoundException', 404, /not found/),
  )
})

test('a tag that Lambda would not take is refused, at creation, too', async (context) => {
  const { sdk } = await start(context)
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, '']))
  for (const Tags of [
    { 'aws:team': 'shop' },
    { '': 'x' },
    { ['k'.repeat(129)]: 'x' },
    { k: 'v'.repeat(257) },
    many,
  ]) {
    const refused = refusal('InvalidParameterValueException', 400, /tag/)
    await assert.rejects(sdk.send(new TagResourceCommand({ Resource: ARN, Tags })), refused)
    await assert.rejects(createFixture(sdk, 'tagged', { Tags }), refused)
  }
  const Tags = { ['k'.repeat(128)]: 'v'.repeat(256), empty: '' }
  await sdk.send(new TagResourceCommand({ Resource: ARN, Tags }))
  assert.deepEqual((await sdk.send(new ListTagsCommand({ Resource: ARN }))).Tags, Tags)
})

test('a value that Lambda does not know is refused', async (context) => {
  const { sdk, endpoint } = await start(context)
  const change = (member: object) =>
    sdk.send(new UpdateFunctionConfigurationCommand({ FunctionName: NAME, ...member }))
  const unknown = (name: RegExp) => refusal('ValidationException', 400, name)
  await assert.rejects(change({ SnapStart: { ApplyOn: 'Always' } }), unknown(/applyOn/))
  await assert.rejects(change({ TracingConfig: { Mode: 'On' } }), unknown(/mode/))
  await assert.rejects(
    change({ LoggingConfig: { LogFormat: 'Text', ApplicationLogLevel: 'DEBUG' } }),
    refusal('InvalidParameterValueException', 400, /JSON/),
  )
  assert.equal((await fetch(`${endpoint}/2015-03-31/functions?FunctionVersion=SOME`)).status, 400)
})

test('event-invoke configuration is obeyed: retries, and records for another function and a folder', async (context) => {
  const { sdk, state, logs } = await start(context)
  await createFixture(sdk, 'audit')
  const audit = ARN.replace(NAME, 'audit')
  const topic = 'arn:aws:sns:us-east-1:123456789012:failures'
  await sdk.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: NAME,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnSuccess: { Destination: audit }, OnFailure: { Destination: topic } },
    }),
  )
  const configuration = await sdk.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: NAME }))
  assert.equal(configuration.FunctionArn, `${ARN}:$LATEST`)
  assert.equal(configuration.MaximumRetryAttempts, 0)
  assert.ok(configuration.LastModified instanceof Date)
  const queue = async (event: unknown) =>
    (
      await sdk.send(
        new InvokeCommand({ FunctionName: NAME, InvocationType: 'Event', Payload: order(event) }),
      )
    ).$metadata.requestId ?? ''
  const failing = await queue({ do: 'post an error' })
  const folder = join(state.destinations, topic.replaceAll(':', '_'))
  await eventually(() => existsSync(join(folder, `${failing}.json`)), 'the failure is told')
  const record = JSON.parse(readFileSync(join(folder, `${failing}.json`), 'utf8'))
  assert.equal(record.requestContext.condition, 'RetriesExhausted')
  assert.equal(record.requestContext.approximateInvokeCount, 1)
  const fine = await queue({ do: 'log', text: 'fine' }).catch(() => queue(7))
  await eventually(() => readdirSync(state.queue).length === 0, 'all is done')
  assert.ok(fine)
  await eventually(() => logs().includes('START'), 'it has run')
  await sdk.send(
    new UpdateFunctionEventInvokeConfigCommand({ FunctionName: NAME, MaximumEventAgeInSeconds: 60 }),
  )
  const { FunctionEventInvokeConfigs } = await sdk.send(
    new ListFunctionEventInvokeConfigsCommand({ FunctionName: NAME }),
  )
  assert.equal(FunctionEventInvokeConfigs?.[0]?.MaximumRetryAttempts, 0)
  assert.equal(FunctionEventInvokeConfigs?.[0]?.MaximumEventAgeInSeconds, 60)
  await sdk.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName: NAME }))
  await assert.rejects(
    sdk.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: NAME })),
    refusal('ResourceNotFoundException', 404, /EventInvokeConfig/),
  )
})

test('provisioned environments are started, told of, and kept', async (context) => {
  const { sdk, logs } = await start(context, { idleMs: 50 })
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  const target = { FunctionName: NAME, Qualifier: '1' }
  const put = await sdk.send(
    new PutProvisionedConcurrencyConfigCommand({ ...target, ProvisionedConcurrentExecutions: 2 }),
  )
  assert.equal(put.$metadata.httpStatusCode, 202)
  assert.equal(put.Status, 'IN_PROGRESS')
  let status: string | undefined
  for (let count = 0; count < 200 && status !== 'READY'; count++) {
    const got = await sdk.send(new GetProvisionedConcurrencyConfigCommand(target))
    status = got.Status
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.equal(status, 'READY')
  const answer = await sdk.send(
    new InvokeCommand({ ...target, Payload: order({ do: 'describe its environment' }) }),
  )
  assert.equal(answer.ExecutedVersion, '1')
  assert.match(
    answer.Payload?.transformToString() ?? '',
    /"AWS_LAMBDA_INITIALIZATION_TYPE":"provisioned-concurrency"/,
  )
  // The two have been idle for longer than others may be.
  assert.equal(
    (await sdk.send(new GetProvisionedConcurrencyConfigCommand(target)))
      .AvailableProvisionedConcurrentExecutions,
    2,
  )
  await eventually(() => logs().includes('\tInit Duration'), 'its report is written')
  assert.equal(logs().match(/\tInit Duration/g)?.length, 1)
  const { ProvisionedConcurrencyConfigs } = await sdk.send(
    new ListProvisionedConcurrencyConfigsCommand({ FunctionName: NAME }),
  )
  assert.equal(ProvisionedConcurrencyConfigs?.[0]?.FunctionArn, `${ARN}:1`)
  await sdk.send(new DeleteProvisionedConcurrencyConfigCommand(target))
  await assert.rejects(
    sdk.send(new GetProvisionedConcurrencyConfigCommand(target)),
    refusal('ProvisionedConcurrencyConfigNotFoundException', 404, /No Provisioned/),
  )
})

async function layerZip(context: TestContext, files: Record<string, string>): Promise<Buffer> {
  const path = join(temporaryFolder(context), 'layer.zip')
  await writeZip(
    path,
    Object.entries(files).map(([name, content]) => ({ name, content })),
  )
  return readFileSync(path)
}

test('layers are published, listed, used in order, and deleted', async (context) => {
  const { sdk } = await start(context)
  const publish = async (LayerName: string, files: Record<string, string>) =>
    await sdk.send(
      new PublishLayerVersionCommand({
        LayerName,
        Description: 'for tests',
        CompatibleRuntimes: ['provided.al2023'],
        Content: { ZipFile: await layerZip(context, files) },
      }),
    )
  const first = await publish('tools', { 'lib/a.txt': 'a of tools', 'lib/b.txt': 'b of tools' })
  assert.equal(first.LayerVersionArn, 'arn:aws:lambda:us-east-1:123456789012:layer:tools:1')
  assert.equal(first.Version, 1)
  const second = await publish('more', { 'lib/b.txt': 'b of more' })
  assert.equal((await publish('tools', { x: 'x' })).Version, 2)
  const got = await sdk.send(new GetLayerVersionCommand({ LayerName: 'tools', VersionNumber: 1 }))
  assert.equal((await (await fetch(got.Content?.Location ?? '')).bytes()).length, got.Content?.CodeSize)
  const byArn = await sdk.send(new GetLayerVersionByArnCommand({ Arn: first.LayerVersionArn }))
  assert.equal(byArn.Description, 'for tests')
  const { Layers } = await sdk.send(new ListLayersCommand({ CompatibleRuntime: 'provided.al2023' }))
  assert.deepEqual(
    Layers?.map(({ LayerName, LatestMatchingVersion }) => [LayerName, LatestMatchingVersion?.Version]),
    [
      ['more', 1],
      ['tools', 2],
    ],
  )
  const { LayerVersions } = await sdk.send(new ListLayerVersionsCommand({ LayerName: 'tools' }))
  assert.deepEqual(
    LayerVersions?.map(({ Version }) => Version),
    [2, 1],
  )
  const updated = await sdk.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: NAME,
      Layers: [first.LayerVersionArn ?? '', second.LayerVersionArn ?? ''],
    }),
  )
  assert.equal(updated.Layers?.[0]?.Arn, first.LayerVersionArn)
  const read = async (path: string) => {
    const answer = await sdk.send(
      new InvokeCommand({ FunctionName: NAME, Payload: order({ do: 'read a layer', path }) }),
    )
    return answer.Payload?.transformToString()
  }
  assert.equal(await read('lib/a.txt'), '"a of tools"')
  assert.equal(await read('lib/b.txt'), '"b of more"')
  await sdk.send(new DeleteLayerVersionCommand({ LayerName: 'tools', VersionNumber: 1 }))
  await assert.rejects(
    sdk.send(new GetLayerVersionCommand({ LayerName: 'tools', VersionNumber: 1 })),
    refusal('ResourceNotFoundException', 404, /does not exist/),
  )
  // Functions keep what they have.
  assert.equal(await read('lib/a.txt'), '"a of tools"')
  await assert.rejects(
    sdk.send(new UpdateFunctionConfigurationCommand({ FunctionName: NAME, Layers: [`${first.LayerArn}:1`] })),
    refusal('InvalidParameterValueException', 400, /does not exist/),
  )
})

test('code comes from a bucket that is a folder', async (context) => {
  const folder = temporaryFolder(context)
  mkdirSync(join(folder, 'builds'))
  writeFileSync(join(folder, 'builds/orders.zip'), await fixtureZip())
  const { client } = await startEmulator(context, { buckets: new Map([['code', folder]]) })
  const create = (code: object) =>
    client().send(
      new CreateFunctionCommand({
        FunctionName: NAME,
        Runtime: 'provided.al2023',
        Role: ROLE,
        Handler: 'misbehaving',
        Code: code,
      }),
    )
  await assert.rejects(
    create({ S3Bucket: 'other', S3Key: 'x' }),
    refusal('InvalidParameterValueException', 400, /NoSuchBucket.*--s3 other=FOLDER/),
  )
  await assert.rejects(
    create({ S3Bucket: 'code', S3Key: '../../etc/passwd' }),
    refusal('InvalidParameterValueException', 400, /NoSuchKey/),
  )
  assert.equal((await create({ S3Bucket: 'code', S3Key: 'builds/orders.zip' })).FunctionName, NAME)
})

test('what would not be obeyed is refused', async (context) => {
  const { sdk } = await start(context)
  for (const [member, message] of [
    [
      { CodeSigningConfigArn: 'arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-1' },
      /CodeSigningConfigArn/,
    ],
    [{ DurableConfig: { ExecutionTimeout: 5 } }, /DurableConfig/],
    [{ PackageType: 'Image', Code: { ImageUri: 'x' } }, /container images/],
    [{ FileSystemConfigs: [{ Arn: 'arn:x', LocalMountPath: '/mnt/x' }] }, /FileSystemConfigs/],
  ] as const) {
    await assert.rejects(
      createFixture(sdk, 'refused', member),
      refusal('InvalidParameterValueException', 400, message),
    )
  }
})

test('tenants have environments of their own, and have to be named', async (context) => {
  const { sdk, logs } = await start(context)
  await createFixture(sdk, 'tenants', { TenancyConfig: { TenantIsolationMode: 'PER_TENANT' } })
  const invoke = (TenantId?: string) => sdk.send(new InvokeCommand({ FunctionName: 'tenants', TenantId }))
  await assert.rejects(invoke(), refusal('InvalidParameterValueException', 400, /tenant ID/))
  await invoke('a')
  await invoke('b')
  await invoke('a')
  await eventually(() => logs().match(/^REPORT/gm)?.length === 3, 'all reports are written')
  assert.equal(logs().match(/\tInit Duration/g)?.length, 2)
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: NAME, TenantId: 'a' })),
    refusal('InvalidParameterValueException', 400, /not enabled/),
  )
})

test('an alias has a URL of its own', async (context) => {
  const { sdk, endpoint } = await start(context)
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  await sdk.send(new CreateAliasCommand({ FunctionName: NAME, Name: 'live', FunctionVersion: '1' }))
  await sdk.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: NAME, Qualifier: 'live', AuthType: 'NONE' }),
  )
  const { FunctionUrlConfigs } = await sdk.send(new ListFunctionUrlConfigsCommand({ FunctionName: NAME }))
  assert.deepEqual(
    FunctionUrlConfigs?.map(({ FunctionUrl }) => FunctionUrl),
    [`${endpoint}/url/orders/`, `${endpoint}/url/orders:live/`],
  )
  const answer = await fetch(`${endpoint}/url/orders:live/some/path`)
  assert.equal(answer.status, 200)
  await assert.rejects(
    sdk.send(new CreateFunctionUrlConfigCommand({ FunctionName: NAME, Qualifier: '1', AuthType: 'NONE' })),
    refusal('InvalidParameterValueException', 400, /alias/),
  )
})

test('what is only kept is answered as it was given', async (context) => {
  const { sdk } = await start(context)
  const runtime = await sdk.send(new GetRuntimeManagementConfigCommand({ FunctionName: NAME }))
  assert.equal(runtime.UpdateRuntimeOn, 'Auto')
  await sdk.send(
    new PutRuntimeManagementConfigCommand({ FunctionName: NAME, UpdateRuntimeOn: 'FunctionUpdate' }),
  )
  const changed = await sdk.send(new GetRuntimeManagementConfigCommand({ FunctionName: NAME }))
  assert.equal(changed.UpdateRuntimeOn, 'FunctionUpdate')
  assert.equal(
    (await sdk.send(new GetFunctionRecursionConfigCommand({ FunctionName: NAME }))).RecursiveLoop,
    'Terminate',
  )
  await sdk.send(new PutFunctionRecursionConfigCommand({ FunctionName: NAME, RecursiveLoop: 'Allow' }))
  assert.equal(
    (await sdk.send(new GetFunctionRecursionConfigCommand({ FunctionName: NAME }))).RecursiveLoop,
    'Allow',
  )
  const signing = await sdk.send(new GetFunctionCodeSigningConfigCommand({ FunctionName: NAME }))
  assert.equal(signing.FunctionName, NAME)
  const { AccountLimit, AccountUsage } = await sdk.send(new GetAccountSettingsCommand({}))
  assert.equal(AccountLimit?.ConcurrentExecutions, 10)
  assert.equal(AccountUsage?.FunctionCount, 1)
  const { RuntimeVersionConfig } = await sdk.send(new GetFunctionConfigurationCommand({ FunctionName: NAME }))
  assert.match(
    RuntimeVersionConfig?.RuntimeVersionArn ?? '',
    /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/,
  )
})

test('each answer has a request id, and a document that is nested too deep is refused', async (context) => {
  const { endpoint } = await start(context)
  for (const path of ['/2015-03-31/functions', '/2015-03-31/functions/none', '/nowhere']) {
    assert.match((await fetch(`${endpoint}${path}`)).headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/)
  }
  const answer = await fetch(`${endpoint}/2015-03-31/functions`, {
    method: 'POST',
    body: `{"FunctionName":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  })
  assert.equal(answer.status, 400)
  assert.equal(answer.headers.get('x-amzn-errortype'), 'SerializationException')
})
