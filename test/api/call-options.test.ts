/** What the functions of the API are called with, by programs that are no TypeScript: a mistake is a value. */

import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import process from 'node:process'
import { test } from 'node:test'
import {
  build,
  buildLayer,
  createLocalLambda,
  httpEvent,
  inspect,
  invoke,
  type LambdabinError,
  prefetch,
  sampleEvent,
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
    'invoke has no option zzz; there are package, event, handler, config, cwd, signal, onLog, onResponse, stub, timeout, memory, env, envFile, layer',
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

for (const [name, options, message] of [
  ['createLocalLambda', { watchh: 'x' }, 'createLocalLambda has no option watchh; did you mean watch?'],
  [
    'createLocalLambda',
    { concurrency: 'x' },
    'concurrency of createLocalLambda expects a whole number from 1 to 1000, and got x',
  ],
  ['createLocalLambda', { port: 'x' }, /^port of createLocalLambda expects a whole number from 0 to 65535/],
  [
    'createLocalLambda',
    { region: 5 },
    /^region of createLocalLambda expects a region, as us-east-1, and got 5/,
  ],
  ['createLocalLambda', { s3: 5 }, /^s3 of createLocalLambda expects an object with .* and got 5/],
  ['createLocalLambda', { sources: { orders: 5 } }, /^sources of createLocalLambda expects an object/],
  [
    'createLocalLambda',
    { routes: {} },
    /^routes of createLocalLambda expects the path of a file .* and got \{\}/,
  ],
  ['createLocalLambda', { invokeMode: 'x' }, /expects BUFFERED or RESPONSE_STREAM, and got x/],
  ['createLocalLambda', { retryDelay: -1 }, /expects seconds, up to 3600, and got -1/],
  ['inspect', { package: 'x', foo: 1 }, /^inspect has no option foo; there are package, config,/],
  ['inspect', { package: 'x', strt: true }, 'inspect has no option strt; did you mean start?'],
  ['inspect', { package: 'x', start: 'x' }, 'start of inspect expects true or false, and got x'],
  ['inspect', { package: 'x', runs: 0 }, 'runs of inspect expects a whole number from 1 to 100, and got 0'],
  [
    'prefetch',
    { foo: 1 },
    'prefetch has no option foo; there are config, cwd, signal, onNotice, arch, node, intl',
  ],
  ['prefetch', { arch: 'x' }, /^arch expects x64 or arm64, .* got x$/],
  ['prefetch', { minify: true }, /^prefetch has no option minify/],
  [
    'buildLayer',
    { foo: 1 },
    'buildLayer has no option foo; there are name, outDir, into, force, cwd, signal, onStep, onNotice, arch, node, intl, zip',
  ],
  ['buildLayer', { name: 5 }, 'name of buildLayer expects a text, and got 5'],
  ['buildLayer', { outDir: '' }, 'outDir of buildLayer expects a text, and got ""'],
  ['invoke', { package: 'x', event: Buffer.from('{') }, /^expected an event in JSON, .* but they are none: /],
  ['invoke', { package: 'x', event: Buffer.from([0xff]) }, /^expected an event in JSON/],
] as const) {
  test(`a mistake is told by ${name}, with its own name: ${JSON.stringify(options)}`, async () => {
    const told = (await refusal(name, options)) ?? ''
    if (typeof message === 'string') {
      assert.equal(told, message)
    } else {
      assert.match(told, message)
    }
  })
}

test('what is no event is a mistake in use', () => {
  for (const [make, message] of [
    [
      () => sampleEvent('sqs', 5 as never),
      /^expected a text as the body of the sample event sqs, but got 5;/,
    ],
    [() => httpEvent({ path: '/', body: 1n }), /^body of httpEvent expects .* and got 1n/],
    [() => httpEvent({ path: '/', body: () => {} }), /^body of httpEvent expects .* and got a function/],
    [
      () => httpEvent({ path: '/', headers: 5 as never }),
      /^headers of httpEvent expects an object .* and got 5/,
    ],
    [
      () => httpEvent({ path: '/', headers: { 'a b': 'x' } }),
      /^headers of httpEvent expects .* and got "a b": x/,
    ],
    [() => httpEvent({ path: '/', headers: { a: 'x\ny' } }), /^headers of httpEvent expects what HTTP takes/],
    [() => httpEvent({ path: '/', query: { a: 5 as never } }), /^query of httpEvent expects .* a has 5$/],
    [() => httpEvent({ path: '/', bdy: 5 } as never), 'httpEvent has no option bdy; did you mean body?'],
  ] as const) {
    assert.throws(make, { name: 'UsageError', code: 'USAGE', message })
  }
})

const THROWN = (name: string) =>
  `expected ${name} to take what it hears, but it has thrown: no disk; catch that in it`

test('a callback that throws, or rejects, is a mistake in use, and ends what it hears of', async (t) => {
  const cwd = realpathSync(
    temporaryFiles(t, { 'package.json': {}, 'src/x.ts': 'export const handler = async () => 1' }),
  )
  const unhandled: unknown[] = []
  const hear = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', hear)
  t.after(() => process.off('unhandledRejection', hear))
  const fail = () => {
    throw new Error('no disk')
  }
  const reject = async () => fail()
  for (const callback of [fail, reject]) {
    const built = await build({
      cwd,
      functions: 'src/x.ts',
      only: 'folder',
      force: true,
      onProgress: callback,
    })
    assert.ok(!built.ok)
    assert.deepEqual([built.error.code, built.error.message], ['USAGE', THROWN('onProgress')])
    const layer = await buildLayer({ cwd, force: true, onStep: callback })
    assert.ok(!layer.ok)
    assert.deepEqual([layer.error.code, layer.error.message], ['USAGE', THROWN('onStep')])
  }
  const built = await build({ cwd, functions: 'src/x.ts', only: 'folder', force: true })
  assert.ok(built.ok)
  for (const onResponse of [fail, reject]) {
    const invoked = await invoke({ cwd, package: 'dist/x', onResponse })
    assert.ok(!invoked.ok)
    assert.deepEqual([invoked.error.code, invoked.error.message], ['USAGE', THROWN('onResponse')])
  }
  const created = await createLocalLambda({ cwd, watch: 'src/x.ts', onNotice: reject, openLog: fail })
  assert.ok(created.ok)
  const answered = await created.lambda.invoke('x')
  await created.lambda.close()
  assert.ok(answered.ok && answered.payload === 1)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(unhandled, [])
})
