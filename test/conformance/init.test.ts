/** The init phase, over raw sockets against built executables. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type BuiltFunction, buildFunction } from '../support/built-function.ts'
import { LambdaProcess, within } from '../support/lambda-process.ts'
import { StrictRuntimeApi } from '../support/strict-runtime-api.ts'

const BROKEN_CODE = fileURLToPath(new URL('../fixtures/broken/syntax-error.js', import.meta.url))

let init: BuiltFunction
let awaits: BuiltFunction
let contract: BuiltFunction
let api: StrictRuntimeApi
let lambda: LambdaProcess

before(async () => {
  init = await buildFunction('init')
  awaits = await buildFunction('awaits')
  contract = await buildFunction('contract')
})
after(() => Promise.all([init.remove(), awaits.remove(), contract.remove()]))
beforeEach(async (t) => {
  api = await StrictRuntimeApi.start()
  ;(t as TestContext).after(async () => {
    await lambda.stop()
    await api.stop()
    assert.deepEqual(api.violations, [])
  })
})

function start(
  built: BuiltFunction,
  handler: string | undefined,
  env: Record<string, string | undefined> = {},
): void {
  lambda = new LambdaProcess(built.executable, { runtimeApi: api.address, handler, env })
}

/** One POST to init/error with its type, then a non-zero exit, and never a next. */
async function initFailure(): Promise<{ errorType: string; errorMessage: string; trace: string[] }> {
  const ending = await lambda.exit()
  assert.notEqual(ending.code, 0)
  assert.equal(api.requests.length, 1, api.requests.map(({ path }) => path).join())
  const [request] = api.initErrors
  assert.ok(request, lambda.output)
  const document = JSON.parse(request.body.toString())
  assert.equal(request.header('lambda-runtime-function-error-type'), document.errorType)
  return document
}

describe('an init failure is', () => {
  test('a module that throws', async () => {
    start(init, 'init', { INIT_CASE: 'throws' })
    const document = await initFailure()
    assert.equal(document.errorType, 'RangeError')
    assert.equal(document.errorMessage, 'the module throws')
    assert.match(document.trace[1] ?? '', /fixtures\/functions\/init\.ts:7:/)
    assert.match(lambda.output, /ERROR\tInit Error/)
  })

  test('a module that throws what is no error', async () => {
    start(init, 'init', { INIT_CASE: 'throws text' })
    assert.equal((await initFailure()).errorMessage, 'only text')
  })

  test('a module that is missing', async () => {
    start(init, 'init', { INIT_CASE: 'needs a missing module' })
    const document = await initFailure()
    assert.equal(document.errorType, 'Runtime.ImportModuleError')
    assert.match(document.errorMessage, /not-installed-anywhere/)
  })

  test('code that does not parse', async () => {
    start(init, 'init', { INIT_CASE: 'loads broken code', BROKEN_CODE })
    assert.equal((await initFailure()).errorType, 'Runtime.UserCodeSyntaxError')
  })

  test('a top-level await that rejects', async () => {
    start(awaits, 'awaits', { INIT_CASE: 'rejects' })
    const document = await initFailure()
    assert.equal(document.errorType, 'RangeError')
    assert.equal(document.errorMessage, 'rejected at the top level')
  })

  test('a top-level await that never settles', async () => {
    start(awaits, 'awaits', { INIT_CASE: 'never settles' })
    assert.equal((await initFailure()).errorType, 'Runtime.NodeJsExit')
  })

  test('a handler that is not exported, with what is', async () => {
    start(contract, 'contract.creat')
    const document = await initFailure()
    assert.equal(document.errorType, 'Runtime.HandlerNotFound')
    assert.match(document.errorMessage, /named creat.*contract\.handler/)
  })

  test('a handler that is no function', async () => {
    start(contract, 'contract.notAFunction')
    assert.match((await initFailure()).errorMessage, /as a string/)
  })

  test('a malformed handler setting', async () => {
    start(contract, 'contract.')
    assert.equal((await initFailure()).errorType, 'Runtime.MalformedHandlerName')
  })

  for (const name of ['_HANDLER', 'LAMBDA_TASK_ROOT']) {
    test(`a missing environment variable: ${name}`, async () => {
      start(contract, name === '_HANDLER' ? undefined : 'contract', {
        LAMBDA_TASK_ROOT: name === 'LAMBDA_TASK_ROOT' ? undefined : contract.folder,
      })
      const document = await initFailure()
      assert.equal(document.errorType, 'Runtime.MissingEnvironment')
      assert.match(document.errorMessage, new RegExp(name))
    })
  }
})

test('an init failure is posted once even when the post is refused, and ends the process', async () => {
  api.initErrorFault = { status: 403 }
  start(init, 'init', { INIT_CASE: 'throws' })
  await initFailure()
})

test('an init failure still ends the process when the Runtime API says 500', async () => {
  api.initErrorFault = { status: 500 }
  start(init, 'init', { INIT_CASE: 'throws' })
  await initFailure()
})

test('without the Runtime API’s address there is a clear line, and an exit that is not 0', async () => {
  lambda = new LambdaProcess(contract.executable, { runtimeApi: undefined, handler: 'contract' })
  assert.deepEqual(await lambda.exit(), { code: 1, signal: null })
  assert.match(lambda.output, /AWS_LAMBDA_RUNTIME_API should be set by Lambda and is missing/)
})

test('a rejection that nobody handles ends the process while it initialises', async () => {
  start(init, 'init', { INIT_CASE: 'rejects' })
  assert.equal((await lambda.exit()).code, 128)
  assert.match(lambda.output, /rejected while loading/)
})

test('a module may await at its top level, before the first next', async () => {
  start(awaits, 'awaits')
  const answer = await within(api.invoke({ name: 'world' }), () => lambda.output)
  assert.equal(answer.json(), 'Hello, world')
})

test('one executable holds several handlers', async () => {
  start(awaits, 'awaits.default')
  const answer = await within(api.invoke({ name: 'you' }), () => lambda.output)
  assert.equal(answer.json(), 'Hello, you')
})
