/** Processes that a function starts from its own executable are Node.js, and never talk to the Runtime API. */

import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { api, fixture, invoke, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'
import { StrictRuntimeApi } from '../support/runtime-api/strict-runtime-api.ts'

// AWS's client runs on a Node.js, which is one for its children.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

const FACTS = '[process.argv.slice(1), process.execArgv, process.execPath === process.argv[0]]'

const files = {
  'script.cjs': `console.log(JSON.stringify(${FACTS}))`,
  'script.mjs': `import process from 'node:process'; await null; console.log(JSON.stringify(${FACTS}), import.meta.main)`,
  'required.cjs': 'globalThis.loaded = (globalThis.loaded ?? "") + "required "',
  'imported.mjs': 'globalThis.loaded = (globalThis.loaded ?? "") + "imported "',
  'child.cjs': `
    const { fork } = require('node:child_process')
    process.on('message', (message) => {
      if (message === 'end') {
        process.exit(7)
      }
      if (message.depth === 0) {
        return process.send([process.argv.slice(2), process.execPath, process.connected])
      }
      const inner = fork(__filename, ['deeper'])
      inner.on('message', (answer) => { process.send([message.depth, answer]); inner.send('end') })
      inner.send({ depth: message.depth - 1 })
    })`,
  'cluster-worker.cjs': `
    const cluster = require('node:cluster')
    process.send([cluster.isWorker, cluster.worker.id > 0, process.argv.slice(2)])
    process.on('message', () => process.exit())`,
  'worker.cjs': `
    const { parentPort, workerData, resourceLimits } = require('node:worker_threads')
    parentPort.postMessage({
      workerData, argv: process.argv.slice(2), execArgv: process.execArgv, loaded: globalThis.loaded,
      environment: Object.keys(process.env).length > 3 ? 'whole' : process.env, heap: resourceLimits.maxOldGenerationSizeMb,
    })`,
  'worker.mjs': `
    import { parentPort, workerData } from 'node:worker_threads'
    parentPort.postMessage({ workerData, isFile: import.meta.url.startsWith('file:') })`,
}

useFixtures(
  { name: 'children', files },
  { name: 'initialised', file: 'children.ts', options: ['--init', 'build'], files },
)

// Only the function itself has asked for invocations.
afterEach(() => assert.ok(api.connections <= 1, `${api.connections} connections to the Runtime API`))

const start = (handler?: string, env = {}) => startFixture('children', handler && `children.${handler}`, env)

interface Printed {
  stdout: string
  stderr: string
  status: number
}

async function child(event: object): Promise<Printed> {
  return (await invoke(event)).json<Printed>()
}

describe('a child process', { skip }, () => {
  for (const [parameters, stdout, input] of [
    [['-e', 'console.log(1 + 1)'], '2\n'],
    [['-p', '1 + 1'], '2\n'],
    [['--print', 'typeof require'], 'function\n'],
    [['--input-type=module', '-e', 'import { sep } from "node:path"; console.log(sep)'], '/\n'],
    [['--input-type', 'commonjs', '--eval', 'console.log(__filename)'], '[eval]\n'],
    [['--version'], `${process.version}\n`],
    [['./script.cjs', 'a', '-b'], '[["FOLDER/script.cjs","a","-b"],[],true]\n'],
    [['--no-warnings', 'script.cjs'], '[["FOLDER/script.cjs"],["--no-warnings"],true]\n'],
    [['script.mjs', '--lambda'], '[["FOLDER/script.mjs","--lambda"],[],true] true\n'],
    [['--require', './required.cjs', '-p', 'loaded'], 'required \n'],
    [['-r', './required.cjs', '--import', './imported.mjs', '-p', 'loaded'], 'required imported \n'],
    [['--max-old-space-size=64', '-p', 'v8.getHeapStatistics().heap_size_limit < 3e8'], 'true\n'],
    [['--stack-trace-limit=3', '-p', 'Error.stackTraceLimit'], '3\n'],
    [['--check', 'script.cjs'], ''],
    [[], '4\n', 'console.log(2 + 2)'],
    [['-'], '4\n', 'console.log(2 + 2)'],
    [['-', 'a'], 'a\n', 'console.log(process.argv[2])'],
    [['--input-type=module'], 'file:\n', 'console.log(import.meta.url.slice(0, 5))'],
  ] as [string[], string, string?][]) {
    test(`runs what it is asked to: ${parameters.join(' ')} ${input ? `< ${input}` : ''}`, async () => {
      start()
      const { folder } = fixture('children')
      const expected = { stdout: stdout.replaceAll('FOLDER', folder), stderr: '', status: 0 }
      assert.deepEqual(await child({ parameters, input }), expected)
    })
  }

  test('takes NODE_OPTIONS, of the function’s environment or its own', async () => {
    start(undefined, { NODE_OPTIONS: '--require ./required.cjs' })
    const parameters = ['-p', 'loaded']
    assert.equal((await child({ parameters })).stdout, 'required \n')
    assert.equal(
      (await child({ parameters, env: { NODE_OPTIONS: '--import ./imported.mjs' } })).stdout,
      'imported \n',
    )
  })

  test('is none of the Runtime API’s, whatever is left of its environment', async () => {
    start()
    for (const env of ['nothing', { LAMBDABIN_CHILD: undefined }, { AWS_LAMBDA_RUNTIME_API: api.address }]) {
      assert.equal((await child({ parameters: ['-p', '1 + 1'], env })).stdout, '2\n')
    }
  })

  test('with a channel is none of the Runtime API’s either, with its address alone', async () => {
    start('forks')
    assert.equal((await invoke({ depth: 0, env: true })).json<{ code: number }>().code, 7)
  })

  test('fails as one of Node.js does', async () => {
    start()
    for (const [parameters, status, stderr] of [
      [['-e', 'process.exit(5)'], 5, /^$/],
      [['-e', 'throw new RangeError("no")'], 1, /RangeError: no\n {4}at \[eval\]:1:7/],
      [['not-there.cjs'], 1, /Cannot find module '.*not-there\.cjs'/],
      [['--not-an-option'], 9, /bad option: --not-an-option/],
    ] as const) {
      const printed = await child({ parameters })
      assert.equal(printed.status, status)
      assert.match(printed.stderr, stderr)
    }
  })

  test('is started by every way there is', async () => {
    start('ways')
    assert.deepEqual((await invoke()).json(), {
      spawned: 'child',
      executed: 'child',
      shell: 'child',
      piped: 'child',
    })
  })

  test('has a channel to its parent, as has its own child', async () => {
    start('forks')
    const { executable } = fixture('children')
    assert.deepEqual((await invoke({ depth: 0 })).json(), {
      message: [['parameter'], executable, true],
      code: 7,
    })
    assert.deepEqual((await invoke({ depth: 2 })).json(), {
      message: [2, [1, [['deeper'], executable, true]]],
      code: 7,
    })
  })

  test('of a function that was initialised at build time is Node.js, too', async () => {
    startFixture('initialised', 'children.ways')
    const child = 'child'
    assert.deepEqual((await invoke()).json(), { spawned: child, executed: child, shell: child, piped: child })
  })

  test('that is another function’s bootstrap is that function’s runtime', async () => {
    start('bootstraps')
    const other = await StrictRuntimeApi.start()
    const answered = other.invoke({ parameters: ['-p', '1 + 1'] })
    await invoke({ address: other.address })
    const { stdout } = (await answered).json<Printed>()
    await other.stop()
    assert.equal(stdout, '2\n')
    assert.deepEqual(other.violations, [])
  })

  test('may be a worker of a cluster', async () => {
    start('clusters')
    const message = [true, true, ['parameter']]
    assert.deepEqual((await invoke()).json(), { isPrimary: true, messages: [message, message] })
  })
})

describe('a worker thread', { skip }, () => {
  const whole = { workerData: 'data', argv: [], execArgv: [], environment: 'whole' }
  for (const [kind, expected] of [
    ['file', { ...whole, argv: ['parameter'] }],
    ['module', { workerData: 'data', isFile: true }],
    ['url', { workerData: 'data', isFile: true }],
    ['eval', '2 [worker eval]'],
    ['data', 'data:'],
    ['environment', { ...whole, environment: { ONLY: 'this' } }],
    ['shared', whole],
  ] as const) {
    test(`runs as with Node.js: ${kind}`, async () => {
      start('threads')
      const { heap, ...message } = (await invoke({ kind })).json<{ heap?: number }>()
      assert.ok(typeof expected === 'string' || heap !== 0)
      assert.deepEqual(typeof expected === 'string' ? (await invoke({ kind })).json() : message, expected)
    })
  }

  test('has options and limits of its own', async () => {
    start('threads')
    const { execArgv, loaded, heap } = (await invoke({ kind: 'options' })).json<Record<string, unknown>>()
    const required = `${fixture('children').folder}/required.cjs`
    assert.deepEqual([execArgv, loaded, heap], [['--no-warnings', '--require', required], 'required ', 40])
  })

  test('that fails is an error, and the function goes on', async () => {
    start('threadFails')
    assert.equal((await invoke({ kind: 'heap' })).json(), 'ERR_WORKER_OUT_OF_MEMORY')
    assert.equal((await invoke({ kind: 'file' })).json(), 'MODULE_NOT_FOUND')
  })
})
