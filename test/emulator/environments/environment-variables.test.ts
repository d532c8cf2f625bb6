import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkFunctionVariables,
  EnvironmentVariableError,
  environmentVariables,
  logStreamName,
} from '../../../src/emulator/environments/environment-variables.ts'

const SETTINGS = {
  functionName: 'orders',
  version: '$LATEST',
  handler: 'orders.create',
  memorySizeMb: 256,
  region: 'ap-northeast-1',
  environment: {},
}
const PLACES = {
  taskRoot: '/work/task',
  layersFolder: '/work/layers',
  runtimeFolder: '/work/runtime',
  temporaryFolder: '/work/tmp',
  runtimeApi: '127.0.0.1:9001',
  logStreamName: '2018/12/03/[$LATEST]0123456789abcdef0123456789abcdef',
}

test('the initialization type may be that of SnapStart, and nothing that Lambda does not know', () => {
  checkFunctionVariables({ AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' })
  assert.throws(
    () => checkFunctionVariables({ AWS_LAMBDA_INITIALIZATION_TYPE: 'instant' }),
    /^EnvironmentVariableError: expected AWS_LAMBDA_INITIALIZATION_TYPE to be on-demand or snap-start/,
  )
})

test('an environment is what Lambda sets on provided.al2023', () => {
  assert.deepEqual(environmentVariables(SETTINGS, PLACES), {
    _HANDLER: 'orders.create',
    AWS_ACCESS_KEY_ID: 'lambdabin',
    AWS_DEFAULT_REGION: 'ap-northeast-1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    AWS_LAMBDA_FUNCTION_NAME: 'orders',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_FORMAT: 'Text',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/orders',
    AWS_LAMBDA_LOG_STREAM_NAME: '2018/12/03/[$LATEST]0123456789abcdef0123456789abcdef',
    AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
    AWS_REGION: 'ap-northeast-1',
    AWS_SECRET_ACCESS_KEY: 'lambdabin',
    AWS_SESSION_TOKEN: 'lambdabin',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    LAMBDA_RUNTIME_DIR: '/work/runtime',
    LAMBDA_TASK_ROOT: '/work/task',
    LANG: 'en_US.UTF-8',
    LD_LIBRARY_PATH: '/lib64:/usr/lib64:/work/task:/work/task/lib:/work/layers/lib',
    NODE_PATH: '/work/layers/nodejs/node_modules',
    PATH: '/usr/local/bin:/usr/bin/:/bin:/work/layers/bin',
    TMPDIR: '/work/tmp',
    TZ: ':UTC',
  })
})

test('a function overrides what Lambda lets it override', () => {
  const environment = {
    TZ: 'Asia/Tokyo',
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    AWS_ACCESS_KEY_ID: 'mine',
    TABLE: 't',
  }
  checkFunctionVariables(environment)
  const variables = environmentVariables({ ...SETTINGS, environment }, PLACES)
  for (const [name, value] of Object.entries(environment)) {
    assert.equal(variables[name], value)
  }
})

test('reserved variables, odd names and too many bytes are refused, each with a sentence', () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ _HANDLER: 'x' }, /_HANDLER is reserved.*leave it out/],
    [{ LAMBDA_TASK_ROOT: 'x' }, /LAMBDA_TASK_ROOT is reserved/],
    [{ AWS_LAMBDA_RUNTIME_API: 'x' }, /AWS_LAMBDA_RUNTIME_API is reserved/],
    [{ '1ST': 'x' }, /expected an environment variable's name .* but got "1ST"; rename it/],
    [{ A: 'x' }, /two or more/],
    [{ 'A B': 'x' }, /but got "A B"/],
    [{ _X: 'x' }, /starts with a letter/],
    [{ NUL: 'a\0b' }, /without NUL characters for the environment variable NUL/],
    [{ LARGE: 'x'.repeat(4092) }, /4096 bytes at most in all, as Lambda does, but got 4097/],
    [{ HALF: 'é'.repeat(1024), OTHER: 'é'.repeat(1024) }, /but got 4105/],
  ]
  for (const [variables, message] of refused) {
    assert.throws(
      () => checkFunctionVariables(variables),
      (error) => error instanceof EnvironmentVariableError && message.test(error.message),
      JSON.stringify(variables).slice(0, 40),
    )
  }
})

test('4,096 bytes of variables are accepted, and credentials do not count', () => {
  checkFunctionVariables({ LARGE: 'x'.repeat(4091), AWS_SESSION_TOKEN: 'y'.repeat(2000) })
})

test('a log stream is named after its day, its version and 32 hexadecimal digits, and never twice the same', () => {
  const name = logStreamName('$LATEST', new Date('2018-12-03T23:59:59Z'))
  assert.match(name, /^2018\/12\/03\/\[\$LATEST\][0-9a-f]{32}$/)
  assert.notEqual(name, logStreamName('$LATEST', new Date('2018-12-03T23:59:59Z')))
})
