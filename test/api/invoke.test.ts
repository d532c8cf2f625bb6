/** `invoke` of the API: responses and failures as values. */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { invoke } from '../../src/api.ts'
import {
  fixturePackage,
  temporaryFolder,
  temporarySystemFolder,
} from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

/** A built function of the name `misbehaving`, that a configuration has, too. */
function project(t: TestContext): string {
  const folder = temporaryFolder(t)
  writeFiles(folder, {
    'package.json': {},
    'lambdabin.config.json': {
      functions: { misbehaving: 'misbehaving.ts', unbuilt: 'misbehaving.ts' },
      env: { STAGE: 'test', OTHER: 'configured' },
      timeout: 60,
    },
    'misbehaving.ts': 'export const handler = async () => 1',
  })
  mkdirSync(join(folder, 'dist'))
  fixturePackage(join(folder, 'dist'))
  return folder
}

test('invoke resolves to the response, of a package at a path and of a configured function', async (t) => {
  const cwd = project(t)
  for (const given of ['misbehaving', 'dist/misbehaving', join(cwd, 'dist/misbehaving')]) {
    const result = await invoke({ package: given, cwd, event: { n: [1] }, timeout: 60 })
    assert.ok(result.ok, result.ok ? '' : result.error.stack)
    assert.deepEqual(result.payload, { n: [1] })
    assert.equal(result.body.toString(), '{"n":[1]}')
    assert.match(result.logs, /^START RequestId: .*REPORT RequestId: /s)
  }
})

test('the configuration says how a function is run, and who invokes it says more', async (t) => {
  const cwd = project(t)
  const event = { do: 'describe its environment' }
  const result = await invoke({ package: 'misbehaving', cwd, event, env: { OTHER: 'given' }, memory: 512 })
  assert.ok(result.ok, result.ok ? '' : result.error.stack)
  const { environment } = result.payload as { environment: Record<string, string> }
  const { STAGE, OTHER, AWS_LAMBDA_FUNCTION_MEMORY_SIZE } = environment
  assert.deepEqual([STAGE, OTHER, AWS_LAMBDA_FUNCTION_MEMORY_SIZE], ['test', 'given', '512'])
})

test('a function that fails is a value, with its error document; what it has started is ended', async (t) => {
  const cwd = project(t)
  const result = await invoke({ package: 'misbehaving', cwd, event: { do: 'hang' }, timeout: 0.5 })
  assert.equal(result.ok, false)
  assert.equal(result.error.code, 'FUNCTION')
  assert.equal(result.error.document?.errorType, 'Sandbox.Timedout')
  assert.match(
    result.error.message,
    /^the function failed: Sandbox\.Timedout: .*Task timed out after 0\.50 seconds/,
  )
})

for (const [options, code, message] of [
  [
    { package: 'gone.zip' },
    'USAGE',
    /expected a deployment package, a zip or a folder, but cannot read .*gone\.zip/,
  ],
  [
    { package: 'misbehavin' },
    'USAGE',
    /no file or folder misbehavin, and .* has no function of that name; did you mean misbehaving\?/,
  ],
  [{ package: 'unbuilt' }, 'USAGE', /unbuilt is not built yet; build it with: lambdabin build unbuilt/],
  [
    { package: 'misbehaving', timeout: 0 },
    'USAGE',
    /expected timeout in seconds, above 0 and up to 900, but got 0/,
  ],
  [
    { package: 'misbehaving', event: () => {} },
    'USAGE',
    /expected an event that can be JSON, but a function is none/,
  ],
  [
    { package: 'misbehaving', event: { big: 10n } },
    'USAGE',
    /expected an event that can be JSON, but Do not know how to serialize a BigInt/,
  ],
  [{ package: 'misbehaving', envv: {} }, 'USAGE', /invoke has no option envv; did you mean env\?/],
  [{ package: 'misbehaving', env: { _HANDLER: 'x' } }, 'USAGE', /_HANDLER is reserved/],
] as const) {
  test(`a mistake in use is a value, too: ${message.source.slice(0, 60)}`, async (t) => {
    const result = await invoke({ cwd: project(t), ...(options as unknown as { package: string }) })
    assert.equal(result.ok, false)
    assert.equal(result.error.code, code, result.error.stack)
    assert.match(result.error.message, message)
  })
}

for (const [what, onLog] of [
  [
    'throws',
    () => {
      throw new Error('no disk')
    },
  ],
  ['rejects', async () => Promise.reject(new Error('no disk'))],
] as const) {
  test(`an onLog that ${what} ends the invocation, as a value, and leaves nothing`, async (t) => {
    const cwd = project(t)
    const temporary = temporarySystemFolder(t)
    const result = await invoke({ package: 'misbehaving', cwd, event: { do: 'hang' }, onLog })
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'USAGE')
    assert.equal(
      result.error.message,
      'expected onLog to take what it hears, but it has thrown: no disk; catch that in it',
    )
    assert.match(result.logs, /^START RequestId: /)
    assert.deepEqual(readdirSync(temporary), [])
  })
}

test('a signal ends the invocation, and leaves no folder', async (t) => {
  const cwd = project(t)
  const temporary = temporarySystemFolder(t)
  const result = await invoke({
    package: 'misbehaving',
    cwd,
    event: { do: 'hang' },
    timeout: 60,
    signal: AbortSignal.timeout(1000),
  })
  assert.equal(result.ok, false)
  assert.equal(result.error.code, 'ABORTED')
  assert.equal((result.error.cause as Error).name, 'TimeoutError')
  assert.deepEqual(readdirSync(temporary), [])
})
