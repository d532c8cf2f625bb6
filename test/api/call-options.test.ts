/** What the functions of the API are called with, by programs that are no TypeScript: a mistake is a value. */

import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { test } from 'node:test'
import {
  build,
  buildLayer,
  createLocalLambda,
  inspect,
  invoke,
  type LambdabinError,
  prefetch,
} from '../../src/api.ts'
import { temporaryFiles } from '../support/projects/files.ts'

type Call = (options: unknown) => Promise<{ ok: boolean; error?: LambdabinError }>
const calls = { build, buildLayer, createLocalLambda, inspect, invoke, prefetch } as unknown as Record<
  string,
  Call
>

async function refusal(name: string, options: unknown): Promise<string | undefined> {
  const { ok, error } = (await calls[name]?.(options)) ?? {}
  assert.equal(ok, false, name)
  assert.equal(error?.code, 'USAGE', error?.stack)
  return error?.message
}

test('no options at all are a mistake in use, and so are some of another kind', async () => {
  for (const name of Object.keys(calls)) {
    assert.equal(
      await refusal(name, null),
      `${name} expects an object with options, and got null; see its type`,
    )
    assert.match((await refusal(name, 'x')) ?? '', /expects an object with options, and got x;/)
    const given = { package: 'x' }
    assert.match(
      (await refusal(name, { ...given, cwd: 5 })) ?? '',
      /^cwd of \w+ expects the path of a folder, and got 5$/,
    )
    assert.match((await refusal(name, { ...given, signal: 5 })) ?? '', /expects an AbortSignal, and got 5$/)
    assert.match(
      (await refusal(name, { ...given, config: 5 })) ?? '',
      /expects a configuration, the path of its file, or false for none, and got 5$/,
    )
  }
  assert.match((await refusal('invoke', undefined)) ?? '', /^invoke expects an object with options/)
  assert.match(
    (await refusal('invoke', {})) ?? '',
    /^package of invoke expects a deployment package, .* got undefined$/,
  )
  assert.match(
    (await refusal('invoke', { package: 'x', onLog: 'x' })) ?? '',
    /^onLog of invoke expects a function, and got x$/,
  )
  assert.match(
    (await refusal('build', { functions: [5] })) ?? '',
    /^functions of build expects names and paths, .* got \[5\]$/,
  )
})

test('an option that there is not is told with all that there are', async () => {
  assert.equal(
    await refusal('invoke', { package: 'x', evnt: 1 }),
    'invoke has no option evnt; did you mean event?',
  )
  assert.equal(
    await refusal('invoke', { package: 'x', zzz: 1 }),
    'invoke has no option zzz; there are package, event, handler, config, cwd, signal, onLog, onResponse, timeout, memory, env, envFile, layer',
  )
  assert.match(
    (await refusal('build', { zzz: 1 })) ?? '',
    /there are functions, config, cwd, signal, onProgress, esbuild, outDir/,
  )
})

test('build takes one function as a text, as a configuration does', async (t) => {
  const cwd = realpathSync(temporaryFiles(t, { 'package.json': {}, 'src/x.ts': 'syntax error' }))
  const result = await build({ cwd, functions: 'src/x.ts' })
  assert.ok(!result.ok)
  assert.deepEqual(
    result.failed.map(({ name }) => name),
    ['x'],
  )
})
