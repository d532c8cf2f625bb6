/** The init phase, over raw sockets against built executables. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  api,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'

const BROKEN_CODE = fileURLToPath(new URL('../fixtures/broken/syntax-error.js', import.meta.url))

useFixtures('init', 'awaits', 'contract')

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
    startFixture('init', 'init', { INIT_CASE: 'throws' })
    const document = await initFailure()
    assert.equal(document.errorType, 'RangeError')
    assert.equal(document.errorMessage, 'the module throws')
    assert.match(document.trace[1] ?? '', /fixtures\/functions\/init\.ts:8:/)
    assert.doesNotMatch(document.trace.join('\n'), /launcher|\/var\/runtime/)
    assert.match(lambda.output, /ERROR\tInit Error/)
  })

  test('a module that throws what is no error', async () => {
    startFixture('init', 'init', { INIT_CASE: 'throws text' })
    assert.equal((await initFailure()).errorMessage, 'only text')
  })

  test('a module that is missing', async () => {
    startFixture('init', 'init', { INIT_CASE: 'needs a missing module' })
    const document = await initFailure()
    assert.equal(document.errorType, 'Runtime.ImportModuleError')
    assert.match(document.errorMessage, /not-installed-anywhere/)
  })

  test('code that does not parse', async () => {
    startFixture('init', 'init', { INIT_CASE: 'loads broken code', BROKEN_CODE })
    assert.equal((await initFailure()).errorType, 'Runtime.UserCodeSyntaxError')
  })

  test('a top-level await that rejects', async () => {
    startFixture('awaits', 'awaits', { INIT_CASE: 'rejects' })
    const document = await initFailure()
    assert.equal(document.errorType, 'RangeError')
    assert.equal(document.errorMessage, 'rejected at the top level')
  })

  test('a top-level await that never settles', async () => {
    startFixture('awaits', 'awaits', { INIT_CASE: 'never settles' })
    assert.equal((await initFailure()).errorType, 'Runtime.NodeJsExit')
  })

  test('a hook of onInit that rejects; those after it do not run', async () => {
    startFixture('init', 'init', { INIT_CASE: 'a hook throws' })
    const document = await initFailure()
    assert.deepEqual([document.errorType, document.errorMessage], ['RangeError', 'the hook throws'])
    assert.doesNotMatch(lambda.output, /a hook after one that failed/)
  })

  test('a hook of onInit that never settles', async () => {
    startFixture('init', 'init', { INIT_CASE: 'a hook never settles' })
    assert.equal((await initFailure()).errorType, 'Runtime.NodeJsExit')
  })

  test('a handler that is not exported, with what is', async () => {
    startFixture('contract', 'contract.creat')
    const document = await initFailure()
    assert.equal(document.errorType, 'Runtime.HandlerNotFound')
    assert.match(document.errorMessage, /named creat.*contract\.handler/)
  })

  test('a handler that is no function', async () => {
    startFixture('contract', 'contract.notAFunction')
    assert.match((await initFailure()).errorMessage, /as a string/)
  })

  test('a malformed handler setting', async () => {
    startFixture('contract', 'contract.')
    assert.equal((await initFailure()).errorType, 'Runtime.MalformedHandlerName')
  })

  for (const name of ['_HANDLER', 'LAMBDA_TASK_ROOT']) {
    test(`a missing environment variable: ${name}`, async () => {
      startFixture('contract', name === '_HANDLER' ? '' : 'contract', {
        LAMBDA_TASK_ROOT: name === 'LAMBDA_TASK_ROOT' ? undefined : fixture('contract').folder,
      })
      const document = await initFailure()
      assert.equal(document.errorType, 'Runtime.MissingEnvironment')
      assert.match(document.errorMessage, new RegExp(name))
    })
  }
})

test('an init failure is posted once even when the post is refused, and ends the process', async () => {
  api.initErrorFault = { status: 403 }
  startFixture('init', 'init', { INIT_CASE: 'throws' })
  await initFailure()
})

test('an init failure still ends the process when the Runtime API says 500', async () => {
  api.initErrorFault = { status: 500 }
  startFixture('init', 'init', { INIT_CASE: 'throws' })
  await initFailure()
})

test('without the Runtime API’s address there is a clear line, and an exit that is not 0', async () => {
  startFixture('contract', 'contract', { AWS_LAMBDA_RUNTIME_API: undefined })
  assert.deepEqual(await lambda.exit(), { code: 1, signal: null })
  assert.match(lambda.output, /AWS_LAMBDA_RUNTIME_API should be set by Lambda and is missing/)
})

test('a rejection that nobody handles ends the process while it initialises', async () => {
  startFixture('init', 'init', { INIT_CASE: 'rejects' })
  assert.equal((await lambda.exit()).code, 128)
  assert.match(lambda.output, /rejected while loading/)
})

test('such a rejection is an init failure', async () => {
  startFixture('init', 'init', { INIT_CASE: 'rejects' })
  const document = await initFailure()
  assert.equal(document.errorType, 'Runtime.UnhandledPromiseRejection')
  assert.match(document.errorMessage, /Error: rejected while loading/)
})

test('a rejection that is handled is none', async () => {
  startFixture('init', 'init', { INIT_CASE: 'rejects, and handles it' })
  assert.equal((await invoke()).json(), 'ready')
})

test('an invocation that is on its way when nobody catches an error is answered with it, once', async () => {
  startFixture('init', 'init', { INIT_CASE: 'throws at once' })
  const answer = await invoke()
  assert.deepEqual([answer.kind, answer.json<{ errorType: string }>().errorType], ['error', 'RangeError'])
  assert.equal((await lambda.exit()).code, 129)
  assert.match(lambda.output, /thrown once the module is loaded/)
})

test('where none comes, the process ends', async () => {
  startFixture('init', 'init', { INIT_CASE: 'throws soon' })
  assert.equal((await lambda.exit()).code, 129)
  assert.match(lambda.output, /thrown while it waits/)
  assert.deepEqual(api.initErrors, [])
})

test('a module may await at its top level, before the first next', async () => {
  startFixture('awaits', 'awaits')
  const answer = await invoke({ name: 'world' })
  assert.equal(answer.json(), 'Hello, world')
})

test('one executable holds several handlers', async () => {
  startFixture('awaits', 'awaits.default')
  const answer = await invoke({ name: 'you' })
  assert.equal(answer.json(), 'Hello, you')
})
