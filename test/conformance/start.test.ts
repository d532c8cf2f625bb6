/** What an executable does, and does not do, on its way to the first invocation. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BuiltFunction, buildFunction } from '../support/projects/built-function.ts'
import { LambdaProcess, within } from '../support/runtime-api/lambda-process.ts'
import { StrictRuntimeApi } from '../support/runtime-api/strict-runtime-api.ts'

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))
const FUNCTIONS = fileURLToPath(new URL('../fixtures/functions/', import.meta.url))
// AWS's client has no code caches of its own making.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

let minimal: BuiltFunction
let outDir: string

before(async () => {
  minimal = await buildFunction('minimal')
  outDir = await mkdtemp(join(tmpdir(), 'lambdabin-test-'))
})
after(() => Promise.all([minimal.remove(), rm(outDir, { recursive: true, force: true })]))

/** What the executable answers to an event. */
async function ask(executable: string, handler: string, event: unknown, env: Record<string, string> = {}) {
  const api = await StrictRuntimeApi.start()
  const lambda = new LambdaProcess(executable, { runtimeApi: api.address, handler, env })
  try {
    return (await within(api.invoke(event), () => lambda.output)).json()
  } finally {
    await lambda.stop()
    await api.stop()
    assert.deepEqual(api.violations, [])
  }
}

/** Builds with the code cache's sample events. Returns what the build says it falls short of. */
async function shortcomings(entry: string, ...events: unknown[]): Promise<string[]> {
  const files = await Promise.all(
    events.map(async (event, index) => {
      const file = join(outDir, `event-${index}.json`)
      await writeFile(file, JSON.stringify(event))
      return ['--event', file]
    }),
  )
  const options = ['build', join(FUNCTIONS, entry), '--out-dir', outDir, '--json', ...files.flat()]
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'secret' }
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...options], { env })
  return JSON.parse(stdout).functions[0].shortcomings
}

/** What the executable says of its code caches, when it finds no Runtime API. */
async function cacheStates(executable: string, env: Record<string, string> = {}): Promise<string> {
  const handler = basename(executable)
  const run = promisify(execFile)(executable, ['--lambdabin-self-test'], {
    env: {
      AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1',
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: dirname(executable),
      ...env,
    },
    timeout: 20_000,
  })
  return (await run.catch((error) => error)).stderr
}

test('nothing of Node.js is loaded that an invocation does not need', { skip }, async () => {
  const loaded = new Set(
    ((await ask(minimal.executable, 'minimal', {})) as string[]).map((name) =>
      name.replace('NativeModule ', ''),
    ),
  )
  assert.ok(loaded.has('util'))
  const needless = [
    'net',
    'stream',
    'http',
    '_http_client',
    'https',
    'http2',
    'tls',
    'crypto',
    'zlib',
    'assert',
    'child_process',
    'dns/promises',
  ]
  for (const name of [...needless, 'internal/deps/undici/undici', 'internal/source_map/source_map']) {
    assert.equal(loaded.has(name), false, `${name} is loaded`)
  }
})

test('run by hand, without a Runtime API, an executable tells of its code caches, and its exit status', {
  skip,
}, async () => {
  const run = promisify(execFile)(minimal.executable, ['--lambdabin-self-test'], { env: {}, timeout: 20_000 })
  const { stdout, stderr } = await run
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    'lambdabin: code cache of the launcher: accepted\nlambdabin: code cache of the runtime: accepted\nlambdabin: code cache of the function: accepted\n',
  )
  // V8 with other flags does not take them.
  const env = { NODE_OPTIONS: '--disallow-code-generation-from-strings' }
  await assert.rejects(promisify(execFile)(minimal.executable, ['--lambdabin-self-test'], { env }), {
    code: 1,
    stderr: /runtime: rejected\n.*function: rejected\n/,
  })
})

test('V8 accepts the code caches of the runtime and the function', { skip }, async () => {
  assert.match(await cacheStates(minimal.executable), /runtime: accepted\n.*function: accepted/s)
})

test('where Node.js’s TCP handle cannot be had, the runtime connects all the same, and the self-test says so', {
  skip,
}, async () => {
  const preload = join(outDir, 'without-binding.cjs')
  await writeFile(preload, 'delete process.binding')
  assert.doesNotMatch(await cacheStates(minimal.executable), /node:net/)
  const env = { NODE_OPTIONS: `--require ${preload}` }
  assert.match(await cacheStates(minimal.executable, env), /^lambdabin: connects over node:net$/m)
  const loaded = (await ask(minimal.executable, 'minimal', {}, env)) as string[]
  assert.ok(loaded.includes('NativeModule net'))
})

test('a function that cannot initialise on the build machine is built all the same, and the build says so', {
  skip,
}, async () => {
  const [shortcoming = '', ...others] = await shortcomings('warm-up.ts')
  assert.match(shortcoming, /could not initialise on this machine \(Error: no TABLE/)
  assert.deepEqual(others, [])
  const executable = join(outDir, 'warm-up', 'warm-up')
  assert.equal(await ask(executable, 'warm-up', {}, { TABLE: 'orders' }), 'orders')
  assert.match(await cacheStates(executable, { TABLE: 'orders' }), /runtime: accepted\n.*function: accepted/s)
})

test('at build time a function reaches this host only, and sees no credentials', { skip }, async () => {
  const [shortcoming = ''] = await shortcomings('warm-up.ts')
  assert.match(shortcoming, /ENETUNREACH 192\.0\.2\.1/)
  assert.match(shortcoming, /credentials: none; home: \/home\/sbx_user1051/)
})

test('sample events are handled before the code cache is made', { skip }, async () => {
  assert.deepEqual(await shortcomings('contract.ts', { text: 'Hello' }), [])
  const [shortcoming = ''] = await shortcomings('streaming.ts', { name: 'world' })
  assert.equal(shortcoming, '')
})

test('a sample event that the function fails on is told', { skip }, async () => {
  const [shortcoming = ''] = await shortcomings('faulty.ts', { behaviour: 'rejects', padding: '' })
  assert.match(shortcoming, /failed on a sample event \(TypeError: rejected\)/)
})
