import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  CreateFunctionUrlConfigCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  InvokeAsyncCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type LambdaClient,
  LambdaServiceException,
  ListFunctionsCommand,
  ListFunctionUrlConfigsCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  paginateListFunctions,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  UpdateFunctionUrlConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda'
import {
  createFixture,
  fixtureZip,
  type LocalEmulator,
  type LocalEmulatorOptions,
  order,
  startEmulator,
} from '../../support/emulator/local-emulator.ts'
import { eventually } from '../../support/eventually.ts'

const NAME = 'orders'
const ARN = `arn:aws:lambda:us-east-1:123456789012:function:${NAME}`

interface Fixture extends LocalEmulator {
  sdk: LambdaClient
}

async function start(context: TestContext, options?: LocalEmulatorOptions): Promise<Fixture> {
  const emulator = await startEmulator(context, options)
  return { ...emulator, sdk: emulator.client() }
}

const create = (sdk: LambdaClient, more: object = {}) => createFixture(sdk, NAME, more)

async function invoke(sdk: LambdaClient, event: unknown, more: object = {}) {
  const answer = await sdk.send(new InvokeCommand({ FunctionName: NAME, Payload: order(event), ...more }))
  return { ...answer, text: answer.Payload?.transformToString() ?? '' }
}

/** What the SDK makes of a refusal. */
function refusal(name: string, status: number, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof LambdaServiceException, String(error))
    assert.equal(error.name, name)
    assert.equal(error.$metadata.httpStatusCode, status)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /\n/, 'one line')
    return true
  }
}

test('a function that was created is pending in the answer, then active, and described as it was asked for', async (context) => {
  const { sdk } = await start(context)
  const created = await create(sdk, {
    Description: 'takes orders',
    Environment: { Variables: { TABLE: 'orders' } },
    Tags: { team: 'shop' },
    Architectures: ['x86_64'],
    LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' },
    VpcConfig: { SubnetIds: ['subnet-1'] },
  })
  assert.equal(created.$metadata.httpStatusCode, 201)
  assert.equal(created.FunctionArn, ARN)
  assert.equal(created.State, 'Pending')
  assert.equal(created.StateReasonCode, 'Creating')
  assert.equal(created.Version, '$LATEST')
  assert.equal(created.PackageType, 'Zip')
  assert.match(created.LastModified ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/)
  assert.match(created.CodeSha256 ?? '', /^[A-Za-z0-9+/]{43}=$/)
  await waitUntilFunctionActiveV2({ client: sdk, maxWaitTime: 20 }, { FunctionName: NAME })

  const { Configuration, Code, Tags } = await sdk.send(new GetFunctionCommand({ FunctionName: ARN }))
  const { $metadata: _, StateReason: _1, StateReasonCode: _2, ...document } = { ...created, State: 'Active' }
  assert.deepEqual(Configuration, document)
  assert.deepEqual(Configuration?.Environment?.Variables, { TABLE: 'orders' })
  assert.equal(Configuration?.LoggingConfig?.LogFormat, 'JSON')
  assert.deepEqual(Configuration?.VpcConfig?.SubnetIds, ['subnet-1'])
  assert.deepEqual(Tags, { team: 'shop' })
  const download = await fetch(Code?.Location ?? '')
  assert.equal((await download.bytes()).length, created.CodeSize)
  const configuration = await sdk.send(
    new GetFunctionConfigurationCommand({ FunctionName: NAME, Qualifier: '$LATEST' }),
  )
  assert.equal(configuration.RevisionId, created.RevisionId)
})

test('functions are listed by name, page by page', async (context) => {
  const { sdk } = await start(context)
  for (const name of ['b', 'c', 'a']) {
    await create(sdk, { FunctionName: name })
  }
  const pages: (string | undefined)[][] = []
  for await (const page of paginateListFunctions({ client: sdk, pageSize: 2 }, {})) {
    pages.push((page.Functions ?? []).map(({ FunctionName }) => FunctionName))
  }
  assert.deepEqual(pages, [['a', 'b'], ['c']])
})

test('Invoke answers with what the function answers, and names the version', async (context) => {
  const { sdk, logs } = await start(context)
  await create(sdk)
  const { text, StatusCode, FunctionError, ExecutedVersion, LogResult, $metadata } = await invoke(sdk, {
    text: 'Hello',
  })
  assert.equal(text, '{"text":"Hello"}')
  assert.equal(StatusCode, 200)
  assert.equal(FunctionError, undefined)
  assert.equal(ExecutedVersion, '$LATEST')
  assert.equal(LogResult, undefined)
  assert.ok(logs().includes(`START RequestId: ${$metadata.requestId} Version: $LATEST`))
})

test('Invoke without a payload hands over an empty object', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const { Payload } = await sdk.send(new InvokeCommand({ FunctionName: NAME }))
  assert.equal(Payload?.transformToString(), '{}')
})

test('the names that clients know a function by are all the same function', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  for (const reference of [NAME, `${NAME}:$LATEST`, ARN, `${ARN}:$LATEST`, `123456789012:function:${NAME}`]) {
    const { Payload } = await sdk.send(
      new InvokeCommand({ FunctionName: reference, Payload: order(reference) }),
    )
    assert.equal(Payload?.transformToString(), JSON.stringify(reference))
  }
})

test("a function's error comes with status 200 and the header for it", async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const { text, StatusCode, FunctionError } = await invoke(sdk, { do: 'post an error' })
  assert.equal(StatusCode, 200)
  assert.equal(FunctionError, 'Unhandled')
  assert.deepEqual(JSON.parse(text), { errorType: 'Function.Sad', errorMessage: 'oh', trace: ['a', 'b'] })
})

test('a process that ends fails its invocation with its exit status, and the next one gets a new process', async (context) => {
  const { sdk, state } = await start(context)
  await create(sdk)
  const { text, FunctionError, $metadata } = await invoke(sdk, { do: 'exit', status: 42 })
  assert.equal(FunctionError, 'Unhandled')
  assert.deepEqual(JSON.parse(text), {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${$metadata.requestId} Error: Runtime exited with error: exit status 42`,
  })
  assert.equal((await invoke(sdk, 'again')).text, '"again"')
  assert.equal(readdirSync(state.work).length, 1, 'the folder of the environment that ended is gone')
})

test('an init phase that fails is repeated within the first invocation', async (context) => {
  const { sdk, logs } = await start(context)
  await create(sdk, { Environment: { Variables: { AT_INIT: 'exit the first time' } } })
  assert.equal((await invoke(sdk, 'second try')).text, '"second try"')
  assert.match(logs(), /^INIT_REPORT .*\tPhase: init\tStatus: error\tError Type: Runtime\.ExitError$/m)
})

test('a function that cannot initialise fails its invocations with the reason', async (context) => {
  const { sdk } = await start(context)
  await create(sdk, { Environment: { Variables: { AT_INIT: 'post an init error' } } })
  const { text, FunctionError } = await invoke(sdk, 1)
  assert.equal(FunctionError, 'Unhandled')
  assert.equal(JSON.parse(text).errorType, 'Function.Broken')
})

test('a function that takes too long is timed out', async (context) => {
  const { sdk } = await start(context)
  await create(sdk, { Timeout: 1 })
  const { text, FunctionError, $metadata } = await invoke(sdk, { do: 'hang' })
  assert.equal(FunctionError, 'Unhandled')
  assert.deepEqual(JSON.parse(text), {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${$metadata.requestId} Error: Task timed out after 1.00 seconds`,
  })
  assert.equal((await invoke(sdk, 'again')).text, '"again"')
})

test('a function that holds more than its memory is killed', async (context) => {
  const { sdk } = await start(context)
  await create(sdk, { MemorySize: 128 })
  const { text } = await invoke(sdk, { do: 'hold memory', bytes: 400_000_000 })
  assert.match(text, /"Runtime\.ExitError".*signal: killed/)
})

test('InvokeAsync queues an event, as it did before Invoke could', async (context) => {
  const { sdk, logs } = await start(context)
  await create(sdk)
  const { Status } = await sdk.send(new InvokeAsyncCommand({ FunctionName: NAME, InvokeArgs: order(1) }))
  assert.equal(Status, 202)
  await eventually(() => logs().includes('REPORT RequestId'), 'it is run')
})

test('LogType Tail brings the end of the log, REPORT included', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const { LogResult } = await invoke(sdk, { do: 'log much' }, { LogType: 'Tail' })
  const log = Buffer.from(LogResult ?? '', 'base64')
  assert.equal(log.length, 4096)
  assert.match(
    log.toString(),
    /line 1999 \.+\nEND RequestId: .*\nREPORT RequestId: .*\tMax Memory Used: \d+ MB.*\n$/,
  )
})

test('the client context reaches the function', async (context) => {
  const { sdk, endpoint } = await start(context)
  await create(sdk)
  const sent = Buffer.from('{"custom":{"name":"ü"}}').toString('base64')
  const { text } = await invoke(sdk, { do: 'tell its headers' }, { ClientContext: sent })
  assert.equal(JSON.parse(text)['lambda-runtime-client-context'], String.raw`{"custom":{"name":"\u00fc"}}`)
  const answer = await fetch(`${endpoint}/2015-03-31/functions/${NAME}/invocations`, {
    method: 'POST',
    headers: { 'X-Amz-Client-Context': 'bm90IGpzb24=' },
    body: '{}',
  })
  assert.equal(answer.status, 400)
  assert.equal(answer.headers.get('x-amzn-errortype'), 'InvalidRequestContentException')
})

test('DryRun checks, and runs nothing', async (context) => {
  const { sdk, logs } = await start(context)
  await create(sdk)
  const { StatusCode } = await invoke(sdk, {}, { InvocationType: 'DryRun' })
  assert.equal(StatusCode, 204)
  assert.equal(logs(), '')
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: 'nobody', InvocationType: 'DryRun' })),
    refusal(
      'ResourceNotFoundException',
      404,
      /^Function not found: arn:aws:lambda:us-east-1:\d+:function:nobody$/,
    ),
  )
})

test('InvokeWithResponseStream delivers chunks as they come, then says that it is complete', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const { chunks, complete } = await stream(sdk, { do: 'stream' })
  assert.equal(chunks.join(''), 'onetwo')
  assert.equal(complete?.ErrorCode, undefined)
  assert.match(Buffer.from(complete?.LogResult ?? '', 'base64').toString(), /^START RequestId/)
})

test('InvokeWithResponseStream says why a stream is not whole', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const { chunks, complete } = await stream(sdk, { do: 'stream and fail' })
  assert.equal(chunks.join(''), 'one')
  assert.equal(complete?.ErrorCode, 'Function.Late')
  assert.equal(JSON.parse(complete?.ErrorDetails ?? '').errorMessage, 'broke')
  const crashed = await stream(sdk, { do: 'stream and exit' })
  assert.equal(crashed.chunks.join(''), 'one')
  assert.equal(crashed.complete?.ErrorCode, 'Runtime.ExitError')
  const failed = await stream(sdk, { do: 'post an error' })
  assert.deepEqual(failed.chunks, [])
  assert.equal(failed.complete?.ErrorCode, 'Function.Sad')
})

test('InvokeWithResponseStream delivers a response of 6 MB that was not streamed', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const { chunks, complete } = await stream(sdk, { do: 'respond with bytes', bytes: 6_000_000 })
  assert.equal(chunks.join('').length, 6_000_000)
  assert.equal(complete?.ErrorCode, undefined)
})

async function stream(sdk: LambdaClient, event: unknown) {
  const { EventStream = [] } = await sdk.send(
    new InvokeWithResponseStreamCommand({ FunctionName: NAME, Payload: order(event), LogType: 'Tail' }),
  )
  const chunks: string[] = []
  for await (const { PayloadChunk, InvokeComplete } of EventStream) {
    if (PayloadChunk !== undefined) {
      chunks.push(Buffer.from(PayloadChunk.Payload ?? []).toString())
    }
    if (InvokeComplete !== undefined) {
      return { chunks, complete: InvokeComplete }
    }
  }
  return { chunks, complete: undefined }
}

test('a streamed response is had whole through Invoke', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  assert.equal((await invoke(sdk, { do: 'stream' })).text, 'onetwo')
  const broken = await invoke(sdk, { do: 'stream and fail' })
  assert.equal(broken.FunctionError, 'Unhandled')
  assert.equal(JSON.parse(broken.text).errorType, 'Function.Late')
})

test('UpdateFunctionConfiguration changes what it names; the next invocation meets it', async (context) => {
  const { sdk } = await start(context)
  const before = await create(sdk, { Environment: { Variables: { STAGE: 'one' } } })
  const describe = async () =>
    JSON.parse((await invoke(sdk, { do: 'describe its environment' })).text).environment
  assert.equal((await describe()).STAGE, 'one')
  const after = await sdk.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: NAME,
      MemorySize: 256,
      Environment: { Variables: { STAGE: 'two' } },
    }),
  )
  assert.equal(after.MemorySize, 256)
  assert.equal(after.Timeout, 60)
  assert.equal(after.LastUpdateStatus, 'InProgress')
  const settled = await sdk.send(new GetFunctionConfigurationCommand({ FunctionName: NAME }))
  assert.equal(settled.LastUpdateStatus, 'Successful')
  assert.notEqual(after.RevisionId, before.RevisionId)
  const variables = await describe()
  assert.equal(variables.STAGE, 'two')
  assert.equal(variables.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, '256')
  await assert.rejects(
    sdk.send(new UpdateFunctionConfigurationCommand({ FunctionName: NAME, RevisionId: before.RevisionId })),
    refusal('PreconditionFailedException', 412, /RevisionId/),
  )
})

test('another URL or concurrency needs no new environment', async (context) => {
  const { sdk, logs } = await start(context)
  await create(sdk)
  await invoke(sdk, 1)
  await sdk.send(new UpdateFunctionUrlConfigCommand({ FunctionName: NAME, InvokeMode: 'RESPONSE_STREAM' }))
  await sdk.send(new PutFunctionConcurrencyCommand({ FunctionName: NAME, ReservedConcurrentExecutions: 2 }))
  await invoke(sdk, 2)
  assert.equal(logs().split('Init Duration').length - 1, 1)
})

test('UpdateFunctionCode replaces the code; what is running ends with the old one', async (context) => {
  const { sdk, state } = await start(context)
  const before = await create(sdk, {
    FunctionName: NAME,
    Handler: 'first',
    Code: { ZipFile: await fixtureZip('first') },
  })
  const running = invoke(sdk, { do: 'take its time', ms: 1000 })
  await invoke(sdk, 1)
  await sdk.send(new UpdateFunctionConfigurationCommand({ FunctionName: NAME, Handler: 'second' }))
  const after = await sdk.send(
    new UpdateFunctionCodeCommand({ FunctionName: NAME, ZipFile: await fixtureZip('second') }),
  )
  assert.notEqual(after.CodeSha256, before.CodeSha256)
  assert.equal((await invoke(sdk, 'new')).text, '"new"')
  assert.equal((await running).text, '"at last"')
  const folder = join(state.functions, NAME)
  await eventually(() => readdirSync(folder).length === 2, 'the old code is deleted')
})

test('SnapStart, which Lambda has for versions, tells the runtime so here', async (context) => {
  const { sdk } = await start(context)
  const created = await create(sdk, { SnapStart: { ApplyOn: 'PublishedVersions' } })
  assert.deepEqual(created.SnapStart, { ApplyOn: 'PublishedVersions', OptimizationStatus: 'Off' })
  const { text } = await invoke(sdk, { do: 'describe its environment' })
  assert.equal(JSON.parse(text).environment.AWS_LAMBDA_INITIALIZATION_TYPE, 'snap-start')
  const published = await sdk.send(new PublishVersionCommand({ FunctionName: NAME }))
  assert.deepEqual(published.SnapStart, { ApplyOn: 'PublishedVersions', OptimizationStatus: 'On' })
})

test('DeleteFunction takes the function, its environments and its folder away', async (context) => {
  const { sdk, state } = await start(context)
  await create(sdk)
  await invoke(sdk, 1)
  const { $metadata } = await sdk.send(new DeleteFunctionCommand({ FunctionName: NAME }))
  assert.equal($metadata.httpStatusCode, 204)
  const notFound = refusal('ResourceNotFoundException', 404, /^Function not found: /)
  await assert.rejects(invoke(sdk, 1), notFound)
  await assert.rejects(sdk.send(new DeleteFunctionCommand({ FunctionName: NAME })), notFound)
  await eventually(() => !existsSync(join(state.functions, NAME)), 'the folder is deleted')
  await eventually(() => readdirSync(state.work).length === 0, 'the environments are gone')
  await create(sdk)
  assert.equal((await invoke(sdk, 'back')).text, '"back"')
})

test('reserved concurrency is kept, bounds the function, and is taken from the others', async (context) => {
  const { sdk } = await start(context, { concurrency: 3, environments: 3 })
  await create(sdk)
  await create(sdk, { FunctionName: 'other' })
  const put = await sdk.send(
    new PutFunctionConcurrencyCommand({ FunctionName: NAME, ReservedConcurrentExecutions: 0 }),
  )
  assert.equal(put.ReservedConcurrentExecutions, 0)
  await assert.rejects(invoke(sdk, 1), (error) => {
    assert.ok(error instanceof LambdaServiceException)
    assert.equal(error.name, 'TooManyRequestsException')
    assert.equal((error as { Reason?: string }).Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded')
    return true
  })
  await sdk.send(new PutFunctionConcurrencyCommand({ FunctionName: NAME, ReservedConcurrentExecutions: 3 }))
  const other = new InvokeCommand({ FunctionName: 'other', Payload: order(1) })
  await assert.rejects(sdk.send(other), refusal('TooManyRequestsException', 429, /^Rate Exceeded\.$/))
  assert.equal((await invoke(sdk, 1)).text, '1')
  const got = await sdk.send(new GetFunctionConcurrencyCommand({ FunctionName: NAME }))
  assert.equal(got.ReservedConcurrentExecutions, 3)
  const { Concurrency } = await sdk.send(new GetFunctionCommand({ FunctionName: NAME }))
  assert.equal(Concurrency?.ReservedConcurrentExecutions, 3)
  await assert.rejects(
    sdk.send(new PutFunctionConcurrencyCommand({ FunctionName: 'other', ReservedConcurrentExecutions: 1 })),
    refusal('InvalidParameterValueException', 400, /0 at most/),
  )
  await sdk.send(new DeleteFunctionConcurrencyCommand({ FunctionName: NAME }))
  assert.equal((await sdk.send(other)).Payload?.transformToString(), '1')
  const none = await sdk.send(new GetFunctionConcurrencyCommand({ FunctionName: NAME }))
  assert.equal(none.ReservedConcurrentExecutions, undefined)
})

test('a function has a URL from the start, which can be configured and taken away', async (context) => {
  const { sdk, endpoint } = await start(context)
  await create(sdk)
  const first = await sdk.send(new GetFunctionUrlConfigCommand({ FunctionName: NAME }))
  assert.equal(first.FunctionUrl, `${endpoint}/url/${NAME}/`)
  assert.equal(first.AuthType, 'NONE')
  assert.equal(first.InvokeMode, 'BUFFERED')
  const created = await sdk.send(
    new CreateFunctionUrlConfigCommand({
      FunctionName: NAME,
      AuthType: 'AWS_IAM',
      InvokeMode: 'RESPONSE_STREAM',
      Cors: { AllowOrigins: ['https://example.org'], MaxAge: 60 },
    }),
  )
  assert.equal(created.$metadata.httpStatusCode, 201)
  assert.equal(created.InvokeMode, 'RESPONSE_STREAM')
  assert.deepEqual(created.Cors, { AllowOrigins: ['https://example.org'], MaxAge: 60 })
  await assert.rejects(
    sdk.send(new CreateFunctionUrlConfigCommand({ FunctionName: NAME, AuthType: 'NONE' })),
    refusal('ResourceConflictException', 409, /FunctionUrlConfig exists/),
  )
  const updated = await sdk.send(new UpdateFunctionUrlConfigCommand({ FunctionName: NAME, AuthType: 'NONE' }))
  assert.equal(updated.AuthType, 'NONE')
  assert.equal(updated.InvokeMode, 'RESPONSE_STREAM')
  const { FunctionUrlConfigs } = await sdk.send(new ListFunctionUrlConfigsCommand({ FunctionName: NAME }))
  assert.equal(FunctionUrlConfigs?.length, 1)
  await sdk.send(new DeleteFunctionUrlConfigCommand({ FunctionName: NAME }))
  await assert.rejects(
    sdk.send(new GetFunctionUrlConfigCommand({ FunctionName: NAME })),
    refusal('ResourceNotFoundException', 404, /has no function URL/),
  )
  assert.equal((await fetch(`${endpoint}/url/${NAME}/`)).status, 404)
})

test('wrong input gets the error types of the API, each with one sentence', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const invalid = (message: RegExp) => refusal('InvalidParameterValueException', 400, message)
  const malformed = (message: RegExp) => refusal('ValidationException', 400, message)
  await assert.rejects(
    create(sdk),
    refusal('ResourceConflictException', 409, /^Function already exist: orders$/),
  )
  const cases: [object, (error: unknown) => boolean][] = [
    [{ FunctionName: 'has space' }, malformed(/'functionName'/)],
    [{ FunctionName: 'x'.repeat(65) }, malformed(/'functionName'/)],
    [{ FunctionName: 'n1', Runtime: 'nodejs22.x' }, invalid(/'runtime'.*provided\.al2023/)],
    [{ FunctionName: 'n2', Role: 'me' }, malformed(/'role'/)],
    [{ FunctionName: 'n3', Handler: 'a b' }, malformed(/'handler'/)],
    [{ FunctionName: 'n4', Handler: undefined }, invalid(/expected Handler/)],
    [{ FunctionName: 'n5', Timeout: 901 }, malformed(/'timeout'.*1 to 900/)],
    [{ FunctionName: 'n6', MemorySize: 127 }, malformed(/'memorySize'.*128 to 10240/)],
    [{ FunctionName: 'n7', Environment: { Variables: { _HANDLER: 'x' } } }, invalid(/_HANDLER is reserved/)],
    [{ FunctionName: 'n8', Environment: { Variables: { BIG: 'x'.repeat(5000) } } }, invalid(/4096 bytes/)],
    [{ FunctionName: 'n9', Code: { S3Bucket: 'b', S3Key: 'k' } }, invalid(/ZipFile/)],
    [
      { FunctionName: 'n10', Code: { ZipFile: Buffer.from('no zip') } },
      invalid(/^Could not unzip uploaded file/),
    ],
    [
      { FunctionName: 'n11', Layers: ['arn:aws:lambda:us-east-1:123456789012:layer:l:1'] },
      invalid(/Layer version .* does not exist/),
    ],
    [{ FunctionName: 'n12', Architectures: ['mips'] }, malformed(/'architectures'/)],
  ]
  for (const [more, expected] of cases) {
    await assert.rejects(create(sdk, more), expected, JSON.stringify(more).slice(0, 100))
  }
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: NAME, Payload: Buffer.from('{"half":') })),
    refusal('InvalidRequestContentException', 400, /Could not parse request body into json/),
  )
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: NAME, Qualifier: '7' })),
    refusal('ResourceNotFoundException', 404, /:orders:7/),
  )
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: NAME, InvocationType: 'Sometimes' as 'Event' })),
    invalid(/X-Amz-Invocation-Type/),
  )
  const { Functions } = await sdk.send(new ListFunctionsCommand())
  assert.deepEqual(
    Functions?.map(({ FunctionName }) => FunctionName),
    [NAME],
    'nothing else was created',
  )
})

test('an event of more than 6 MB is refused, and one of just 6 MB is not', async (context) => {
  const { sdk } = await start(context)
  await create(sdk)
  const limit = 6 * 1024 * 1024
  const just = Buffer.alloc(limit, 'x')
  just.write('"', 0)
  just.write('"', limit - 1)
  const { Payload } = await sdk.send(new InvokeCommand({ FunctionName: NAME, Payload: just }))
  assert.ok(just.equals(Payload ?? Buffer.alloc(0)))
  await assert.rejects(
    sdk.send(new InvokeCommand({ FunctionName: NAME, Payload: Buffer.concat([just, Buffer.from(' ')]) })),
    refusal('RequestTooLargeException', 413, /6291456 bytes/),
  )
  await assert.rejects(
    sdk.send(
      new InvokeCommand({
        FunctionName: NAME,
        InvocationType: 'Event',
        Payload: just.subarray(0, 1024 * 1024 + 1),
      }),
    ),
    refusal('RequestTooLargeException', 413, /1048576 bytes/),
  )
})
