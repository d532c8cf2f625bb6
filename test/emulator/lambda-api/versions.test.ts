import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  InvokeCommand,
  type LambdaClient,
  ListAliasesCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { createFixture, fixtureZip, order, startEmulator } from '../../support/emulator/local-emulator.ts'
import { refusal } from '../../support/refusal.ts'

const NAME = 'orders'
const ARN = `arn:aws:lambda:us-east-1:123456789012:function:${NAME}`

async function start(context: TestContext) {
  const emulator = await startEmulator(context)
  const sdk = emulator.client()
  await createFixture(sdk, NAME, { Environment: { Variables: { STAGE: 'one' } } })
  return { ...emulator, sdk }
}

async function stageOf(sdk: LambdaClient, qualifier?: string) {
  const answer = await sdk.send(
    new InvokeCommand({
      FunctionName: NAME,
      Qualifier: qualifier,
      Payload: order({ do: 'describe its environment' }),
    }),
  )
  const { environment } = JSON.parse(answer.Payload?.transformToString() ?? '') as {
    environment: Record<string, string>
  }
  return {
    stage: environment.STAGE,
    version: environment.AWS_LAMBDA_FUNCTION_VERSION,
    executed: answer.ExecutedVersion,
  }
}

async function configure(sdk: LambdaClient, STAGE: string): Promise<void> {
  await sdk.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: NAME, Environment: { Variables: { STAGE } } }),
  )
}

test('a version is a copy that does not change, and can be invoked by every name it has', async (context) => {
  const { sdk } = await start(context)
  const published = await sdk.send(new PublishVersionCommand({ FunctionName: NAME, Description: 'first' }))
  assert.equal(published.Version, '1')
  assert.equal(published.FunctionArn, `${ARN}:1`)
  assert.equal(published.Description, 'first')
  await configure(sdk, 'two')
  assert.deepEqual(await stageOf(sdk), { stage: 'two', version: '$LATEST', executed: '$LATEST' })
  assert.deepEqual(await stageOf(sdk, '1'), { stage: 'one', version: '1', executed: '1' })
  for (const reference of [`${NAME}:1`, `${ARN}:1`, `123456789012:function:${NAME}:1`]) {
    const { ExecutedVersion } = await sdk.send(new InvokeCommand({ FunctionName: reference }))
    assert.equal(ExecutedVersion, '1')
  }
  const { Configuration } = await sdk.send(new GetFunctionCommand({ FunctionName: NAME, Qualifier: '1' }))
  assert.equal(Configuration?.Environment?.Variables?.STAGE, 'one')
})

test('publishing what has not changed gives the version there is; Publish: true makes one with new code', async (context) => {
  const { sdk } = await start(context)
  const publish = async () => (await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))).Version
  assert.deepEqual([await publish(), await publish()], ['1', '1'])
  const updated = await sdk.send(
    new UpdateFunctionCodeCommand({ FunctionName: NAME, ZipFile: await fixtureZip(), Publish: true }),
  )
  assert.equal(updated.Version, '2')
  const created = await createFixture(sdk, 'other', { Publish: true })
  assert.equal(created.Version, '1')
  const { Versions } = await sdk.send(new ListVersionsByFunctionCommand({ FunctionName: NAME }))
  assert.deepEqual(
    Versions?.map(({ Version, FunctionArn }) => [Version, FunctionArn]),
    [
      ['$LATEST', `${ARN}:$LATEST`],
      ['1', `${ARN}:1`],
      ['2', `${ARN}:2`],
    ],
  )
  const { Functions } = await sdk.send(new ListFunctionsCommand({ FunctionVersion: 'ALL' }))
  assert.equal(Functions?.length, 5)
})

test('a version whose code is another version’s, too, can be deleted without it', async (context) => {
  const { sdk } = await start(context)
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  await configure(sdk, 'two')
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  await sdk.send(new UpdateFunctionCodeCommand({ FunctionName: NAME, ZipFile: await fixtureZip() }))
  assert.equal((await stageOf(sdk, '1')).stage, 'one')
  await sdk.send(new DeleteFunctionCommand({ FunctionName: NAME, Qualifier: '1' }))
  assert.equal((await stageOf(sdk, '2')).stage, 'two')
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: NAME, Qualifier: '1' })),
    refusal('ResourceNotFoundException', 404, /Function not found: .*:orders:1/),
  )
})

test('versions and aliases are there after the emulator has been started anew', async (context) => {
  const first = await start(context)
  await first.sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  await configure(first.sdk, 'two')
  await first.sdk.send(new CreateAliasCommand({ FunctionName: NAME, Name: 'live', FunctionVersion: '1' }))
  await first.close()
  const again = await startEmulator(context, { folder: first.state.path })
  const sdk = again.client()
  assert.equal((await stageOf(sdk, 'live')).stage, 'one')
  assert.equal((await stageOf(sdk)).stage, 'two')
})

test('an alias leads to its version, and with weights to two', async (context) => {
  const { sdk } = await start(context)
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  await configure(sdk, 'two')
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  const alias = await sdk.send(
    new CreateAliasCommand({ FunctionName: NAME, Name: 'live', FunctionVersion: '1', Description: 'of all' }),
  )
  assert.equal(alias.AliasArn, `${ARN}:live`)
  assert.deepEqual(await stageOf(sdk, 'live'), { stage: 'one', version: '1', executed: '1' })
  await sdk.send(
    new UpdateAliasCommand({
      FunctionName: NAME,
      Name: 'live',
      RoutingConfig: { AdditionalVersionWeights: { '2': 0.5 } },
    }),
  )
  const seen = new Set<string | undefined>()
  for (let count = 0; count < 60; count++) {
    seen.add((await sdk.send(new InvokeCommand({ FunctionName: NAME, Qualifier: 'live' }))).ExecutedVersion)
  }
  // Missing one of the two has a chance of 2 to the power of 59.
  assert.deepEqual([...seen].sort(), ['1', '2'])
  const { RoutingConfig } = await sdk.send(new GetAliasCommand({ FunctionName: NAME, Name: 'live' }))
  assert.deepEqual(RoutingConfig?.AdditionalVersionWeights, { '2': 0.5 })
  const { Aliases } = await sdk.send(new ListAliasesCommand({ FunctionName: NAME, FunctionVersion: '2' }))
  assert.deepEqual(
    Aliases?.map(({ Name }) => Name),
    ['live'],
  )
  await assert.rejects(
    sdk.send(new DeleteFunctionCommand({ FunctionName: NAME, Qualifier: '2' })),
    refusal('ResourceConflictException', 409, /referenced by aliases/),
  )
  await sdk.send(new DeleteAliasCommand({ FunctionName: NAME, Name: 'live' }))
  await assert.rejects(
    sdk.send(new GetAliasCommand({ FunctionName: NAME, Name: 'live' })),
    refusal('ResourceNotFoundException', 404, /Cannot find alias/),
  )
})

test('aliases that cannot be are refused', async (context) => {
  const { sdk } = await start(context)
  await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  const createAlias = (more: object) =>
    sdk.send(new CreateAliasCommand({ FunctionName: NAME, Name: 'x', FunctionVersion: '1', ...more }))
  const weights = (AdditionalVersionWeights: Record<string, number>) => ({
    RoutingConfig: { AdditionalVersionWeights },
  })
  await assert.rejects(createAlias({ FunctionVersion: '7' }), refusal('ResourceNotFoundException', 404, /7/))
  await assert.rejects(createAlias({ Name: '12' }), refusal('ValidationException', 400, /not a number/))
  await assert.rejects(
    createAlias(weights({ '1': 0.5 })),
    refusal('InvalidParameterValueException', 400, /already/),
  )
  await assert.rejects(createAlias(weights({ '9': 0.5 })), refusal('ResourceNotFoundException', 404, /9/))
  await createAlias({})
  await assert.rejects(createAlias({}), refusal('ResourceConflictException', 409, /already exists/))
})

test('an ARN of another region or account, and a qualifier that says two things, get Lambda’s errors', async (context) => {
  const { sdk } = await start(context)
  const deleteFunction = (FunctionName: string) => sdk.send(new DeleteFunctionCommand({ FunctionName }))
  await assert.rejects(
    deleteFunction(`arn:aws:lambda:eu-west-1:123456789012:function:${NAME}`),
    refusal('ResourceNotFoundException', 404, /'eu-west-1' are not reachable in this region \('us-east-1'\)/),
  )
  await assert.rejects(
    deleteFunction(`arn:aws:lambda:us-east-1:210987654321:function:${NAME}`),
    refusal('AccessDeniedException', 403, /another account/),
  )
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: `${NAME}:1`, Qualifier: '2' })),
    refusal('InvalidParameterValueException', 400, /derived qualifier/),
  )
  await sdk.send(new InvokeCommand({ FunctionName: NAME }))
})
