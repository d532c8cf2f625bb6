import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { ExecutionEnvironmentOptions } from '../../../src/emulator/environments/environment-parts.ts'
import { ExecutionEnvironment } from '../../../src/emulator/environments/execution-environment.ts'
import type { InvocationOutcome } from '../../../src/runtime-api/exchange.ts'
import { createInvocation } from '../../../src/runtime-api/invocation.ts'
import { fixturePackage, temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { fixtureSandbox } from '../../support/emulator/fixture-sandbox.ts'

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:misbehaving'
/** Long enough for any behaviour that ends by itself, on any machine. */
const PLENTY_MS = 60_000

interface Fixture {
  environment: ExecutionEnvironment
  /** All that was logged so far. */
  logs: () => string
  workFolder: string
}

interface Invoked {
  requestId: string
  outcome: InvocationOutcome
  /** Of an outcome that is not streamed. */
  body: string
}

async function create(
  context: TestContext,
  options: Partial<ExecutionEnvironmentOptions> = {},
): Promise<Fixture> {
  const workFolder = temporaryFolder(context)
  const chunks: Buffer[] = []
  const environment = await ExecutionEnvironment.create({
    functionName: 'misbehaving',
    version: '$LATEST',
    handler: 'misbehaving',
    memorySizeMb: 512,
    region: 'us-east-1',
    environment: {},
    taskRoot: options.taskRoot ?? fixturePackage(workFolder),
    workFolder,
    sandbox: fixtureSandbox(workFolder),
    timeoutMs: PLENTY_MS,
    initTimeoutMs: PLENTY_MS,
    log: (chunk) => chunks.push(Buffer.from(chunk)),
    ...options,
  })
  context.after(() => environment.shutdown())
  return { environment, logs: () => Buffer.concat(chunks).toString(), workFolder }
}

async function start(context: TestContext, options?: Partial<ExecutionEnvironmentOptions>): Promise<Fixture> {
  const fixture = await create(context, options)
  await fixture.environment.init()
  return fixture
}

async function invoke(environment: ExecutionEnvironment, event: unknown): Promise<Invoked> {
  const invocation = createInvocation(Buffer.from(JSON.stringify(event)), ARN)
  const running = environment.invoke(invocation)
  const outcome = await running.outcome
  await running.done
  const body = outcome.kind === 'stream' ? '' : outcome.body.toString()
  return { requestId: invocation.requestId, outcome, body }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie is dead: nobody here is its parent, so init or a reaper of the container has still to wait for it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

test('an event comes back, between START, END and REPORT with the init duration', async (context) => {
  const { environment, logs } = await start(context)
  const { requestId, outcome, body } = await invoke(environment, { text: 'Hello' })
  assert.equal(outcome.kind, 'response')
  assert.equal(body, '{"text":"Hello"}')
  const ms = String.raw`\d+\.\d\d ms`
  const report =
    `REPORT RequestId: ${requestId}\tDuration: ${ms}\tBilled Duration: \\d+ ms` +
    `\tMemory Size: 512 MB\tMax Memory Used: [1-9]\\d* MB\tInit Duration: ${ms}\n`
  assert.match(
    logs(),
    new RegExp(`^START RequestId: ${requestId} Version: \\$LATEST\nEND RequestId: ${requestId}\n${report}$`),
  )
})

test('the second invocation finds the process warm and has no init duration', async (context) => {
  const { environment, logs } = await start(context)
  await invoke(environment, 1)
  const { requestId, body } = await invoke(environment, 2)
  assert.equal(body, '2')
  assert.match(logs(), new RegExp(`REPORT RequestId: ${requestId}\t.* MB\n$`))
})

test('the process has the variables of Lambda and of the function, and nothing of the host', async (context) => {
  const { environment } = await start(context, { environment: { TABLE: 'orders' } })
  const { body } = await invoke(environment, { do: 'describe its environment' })
  const seen = JSON.parse(body) as { environment: Record<string, string>; cwd: string; files: string[] }
  assert.equal(seen.cwd, '/var/task')
  assert.deepEqual(seen.files, [])
  assert.deepEqual(
    Object.keys(seen.environment)
      .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))
      .sort(),
    [
      'AWS_ACCESS_KEY_ID',
      'AWS_DEFAULT_REGION',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      'AWS_LAMBDA_FUNCTION_NAME',
      'AWS_LAMBDA_FUNCTION_VERSION',
      'AWS_LAMBDA_INITIALIZATION_TYPE',
      'AWS_LAMBDA_LOG_FORMAT',
      'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'AWS_LAMBDA_RUNTIME_API',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_XRAY_CONTEXT_MISSING',
      'AWS_XRAY_DAEMON_ADDRESS',
      'LAMBDA_RUNTIME_DIR',
      'LAMBDA_TASK_ROOT',
      'LANG',
      'LD_LIBRARY_PATH',
      'NODE_PATH',
      'PATH',
      'TABLE',
      'TZ',
      '_HANDLER',
    ],
  )
  assert.equal(seen.environment.TABLE, 'orders')
  assert.equal(seen.environment.LAMBDA_TASK_ROOT, '/var/task')
})

test('an error document is handed over as it was posted, and the environment goes on', async (context) => {
  const { environment, logs } = await start(context)
  const { outcome, body } = await invoke(environment, { do: 'post an error' })
  assert.equal(outcome.kind, 'error')
  assert.equal(body, '{"errorType":"Function.Sad","errorMessage":"oh","trace":["a","b"]}')
  assert.equal((await invoke(environment, 1)).body, '1')
  assert.doesNotMatch(logs(), /Status:/)
})

for (const [event, message] of [
  [{ do: 'exit', status: 3 }, 'Runtime exited with error: exit status 3'],
  [{ do: 'exit', status: 0 }, 'Runtime exited without providing a reason'],
  [{ do: 'kill itself' }, 'Runtime exited with error: signal: killed'],
  [{ do: 'exit in mid-body' }, 'Runtime exited with error: exit status 4'],
] as const) {
  const name = 'status' in event ? `${event.do} ${event.status}` : event.do
  test(`a process that ends gives Runtime.ExitError, and the next invocation a new process: ${name}`, async (context) => {
    const { environment, logs } = await start(context)
    const { requestId, outcome, body } = await invoke(environment, event)
    assert.equal(outcome.kind, 'error')
    assert.deepEqual(JSON.parse(body), {
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${requestId} Error: ${message}`,
    })
    assert.match(
      logs(),
      new RegExp(`RequestId: ${requestId} Error: ${message}\nRuntime.ExitError\nEND RequestId`),
    )
    assert.match(logs(), /\tStatus: error\tError Type: Runtime.ExitError\n$/)
    assert.equal((await invoke(environment, 'again')).body, '"again"')
  })
}

test('a response posted right before the process ends is not lost', async (context) => {
  const { environment, logs } = await start(context)
  const { outcome, body } = await invoke(environment, { do: 'exit after posting' })
  assert.equal(outcome.kind, 'response')
  assert.equal(body, '"last words"')
  assert.match(logs(), /Runtime exited with error: exit status 5\nRuntime.ExitError/)
})

for (const behaviour of ['hang', 'hang and ignore SIGTERM']) {
  test(`a timeout ends the process with Lambda's own message: ${behaviour}`, async (context) => {
    const { environment, logs } = await start(context, { timeoutMs: 700 })
    const { requestId, outcome, body } = await invoke(environment, { do: behaviour })
    assert.equal(outcome.kind, 'error')
    assert.deepEqual(JSON.parse(body), {
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 0.70 seconds`,
    })
    assert.match(
      logs(),
      new RegExp(`Z ${requestId} Task timed out after 0.70 seconds\n\nEND RequestId: ${requestId}\n`),
    )
    assert.match(logs(), /\tStatus: timeout\n$/)
  })
}

test('a response stands although the runtime then hangs until the timeout', async (context) => {
  const { environment, logs } = await start(context, { timeoutMs: 700 })
  const { body } = await invoke(environment, { do: 'hang after posting' })
  assert.equal(body, '"answered"')
  assert.match(logs(), /\tStatus: timeout\n$/)
})

test('an answer posted twice is answered once, and the runtime learns it with 403', async (context) => {
  const { environment, logs } = await start(context)
  assert.equal((await invoke(environment, { do: 'post twice' })).body, '"first"')
  assert.match(logs(), /statuses 202 403/)
})

test('a response that breaks off while the process lives is a Runtime.TruncatedResponse', async (context) => {
  const { environment } = await start(context, { timeoutMs: PLENTY_MS })
  const { outcome, body } = await invoke(environment, { do: 'close in mid-body' })
  assert.equal(outcome.kind, 'error')
  assert.match(body, /"errorType":"Runtime.TruncatedResponse"/)
})

test('a response over the limit is refused with 413, and the environment goes on', async (context) => {
  const { environment, logs } = await start(context)
  const { body } = await invoke(environment, { do: 'respond with bytes', bytes: 6_291_557 })
  assert.match(body, /"errorType":"Function.ResponseSizeTooLarge"/)
  assert.match(logs(), /status 413/)
  assert.equal((await invoke(environment, 1)).body, '1')
})

for (const [behaviour, body, errorType] of [
  ['stream', 'onetwo', undefined],
  ['stream and fail', 'one', 'Function.Late'],
  ['stream and exit', 'one', 'Runtime.ExitError'],
  ['stream and hang', 'one', 'Sandbox.Timedout'],
] as const) {
  test(`a streamed response is handed over as far as it came: ${behaviour}`, async (context) => {
    const { environment } = await start(context, behaviour === 'stream and hang' ? { timeoutMs: 700 } : {})
    const event = Buffer.from(JSON.stringify({ do: behaviour }))
    const { outcome, done } = environment.invoke(createInvocation(event, ARN))
    const stream = await outcome
    assert.ok(stream.kind === 'stream')
    assert.equal(await text(stream.body), body)
    assert.equal((await stream.failure)?.errorType, errorType)
    await done
  })
}

test('a failed init phase is repeated within the first invocation', async (context) => {
  const { environment, logs } = await start(context, { environment: { AT_INIT: 'exit the first time' } })
  assert.match(
    logs(),
    /^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n$/,
  )
  const { outcome, body } = await invoke(environment, 'now')
  assert.equal(outcome.kind, 'response')
  assert.equal(body, '"now"')
  assert.doesNotMatch(logs(), /\tInit Duration/)
})

test('an init error that comes twice is what the invoker gets', async (context) => {
  for (const behaviour of ['post an init error', 'post an init error and stay']) {
    const { environment, logs } = await start(context, { environment: { AT_INIT: behaviour } })
    const { outcome, body } = await invoke(environment, {})
    assert.ok(outcome.kind === 'error')
    assert.equal(outcome.errorType, 'Function.Broken')
    assert.equal(body, '{"errorType":"Function.Broken","errorMessage":"no luck","trace":[]}')
    assert.match(logs(), /\tPhase: init\tStatus: error\tError Type: Function.Broken\n/)
    assert.match(logs(), /\tPhase: invoke\tStatus: error\tError Type: Function.Broken\n/)
  }
})

test('a process that ends in the init phase twice gives Runtime.ExitError', async (context) => {
  const { environment, logs } = await start(context, { environment: { AT_INIT: 'exit' } })
  const { requestId, body } = await invoke(environment, {})
  assert.deepEqual(JSON.parse(body), {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: exit status 7`,
  })
  assert.equal(logs().match(/giving up/g)?.length, 2)
})

test('an init phase that takes too long is repeated under the timeout of the function', async (context) => {
  const { environment, logs } = await start(context, {
    environment: { AT_INIT: 'hang' },
    initTimeoutMs: 300,
    timeoutMs: 600,
  })
  assert.match(logs(), /^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: timeout\n$/)
  const { requestId, body } = await invoke(environment, {})
  assert.deepEqual(JSON.parse(body), {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after 0.60 seconds`,
  })
})

test('a handler without an executable gives the init error of bootstrap', async (context) => {
  const { environment } = await start(context, { handler: 'missing.handler' })
  const { outcome, body } = await invoke(environment, {})
  assert.ok(outcome.kind === 'error')
  assert.equal(outcome.errorType, 'Runtime.HandlerNotFound')
  assert.match(body, /names no file of the deployment package.*executables there are: misbehaving/)
})

test('a bootstrap that cannot be executed gives Runtime.InvalidEntrypoint', async (context) => {
  const taskRoot = temporaryFolder(context)
  writeExecutable(join(taskRoot, 'bootstrap'), '#!/no/such/interpreter\n')
  const { environment } = await start(context, { taskRoot })
  const { outcome, body } = await invoke(environment, {})
  assert.ok(outcome.kind === 'error')
  assert.equal(outcome.errorType, 'Runtime.InvalidEntrypoint')
  assert.match(body, /bootstrap: ENOENT/)
})

test('children are ended with the environment, also those that have left the process group', async (context) => {
  const { environment } = await start(context)
  const { body } = await invoke(environment, { do: 'leave children' })
  const children = JSON.parse(body) as number[]
  assert.equal(children.length, 2)
  assert.deepEqual(children.map(isAlive), [true, true])
  await environment.shutdown()
  assert.deepEqual(children.map(isAlive), [false, false])
})

test('children of a process that ended by itself are ended too', async (context) => {
  const { environment, logs } = await start(context)
  await invoke(environment, { do: 'leave children and exit' })
  const children = JSON.parse(/children (\[.*\])/.exec(logs())?.[1] ?? '[]') as number[]
  assert.equal(children.length, 2)
  assert.deepEqual(children.map(isAlive), [false, false])
})

test('kill ends everything at once', async (context) => {
  const { environment } = await start(context)
  const { body } = await invoke(environment, { do: 'leave children' })
  environment.kill()
  const { outcome } = await invoke(environment, {})
  assert.equal(outcome.kind, 'error')
  assert.deepEqual((JSON.parse(body) as number[]).map(isAlive), [false, false])
})

test('a function over its memory is killed, as Lambda does', async (context) => {
  const { environment, logs } = await start(context, { memorySizeMb: 192 })
  const { requestId, body } = await invoke(environment, { do: 'hold memory', bytes: 300 * 1024 * 1024 })
  assert.deepEqual(JSON.parse(body), {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
  })
  assert.match(logs(), /lambdabin: killed for using \d+ MB of memory, more than its 192 MB\n/)
  assert.match(logs(), /\tMemory Size: 192 MB\tMax Memory Used: 192 MB\t/)
})

test('all that a function logged before its answer stands before its END line', async (context) => {
  const { environment, logs } = await start(context)
  await invoke(environment, { do: 'log much' })
  const lines = logs().split('\n')
  assert.match(lines[2000] ?? '', /^line 1999 /)
  assert.match(lines[2001] ?? '', /^END /)
})

test('a process with an internal extension gets a SIGTERM before its end', async (context) => {
  const { environment, logs } = await start(context, { environment: { AT_INIT: 'register an extension' } })
  await invoke(environment, 1)
  await environment.shutdown()
  assert.match(logs(), /terminated in good order\n$/)
})

test('shutdown deletes the temporary folder', async (context) => {
  const { environment, workFolder } = await start(context, {
    environment: { AT_INIT: 'exit the first time' },
  })
  assert.equal(readdirSync(workFolder).length, 2)
  await environment.shutdown()
  assert.deepEqual(readdirSync(workFolder), ['misbehaving'])
})

test('100 invocations in which every twentieth crashes are all answered with their own events', async (context) => {
  const { environment } = await start(context)
  for (let count = 0; count < 100; count++) {
    if (count % 20 === 19) {
      assert.equal((await invoke(environment, { do: 'exit', status: 1 })).outcome.kind, 'error')
    } else {
      assert.equal((await invoke(environment, { count })).body, JSON.stringify({ count }))
    }
  }
})
