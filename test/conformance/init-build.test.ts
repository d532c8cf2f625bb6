import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { cacheFolder } from '../../bin/pinned-node.js'
import { parseElf } from '../../src/compiler/elf/elf-file.ts'
import { readProgramHeaders, SEGMENT_TYPE } from '../../src/compiler/elf/program-headers.ts'
import { findSandbox } from '../../src/sandbox/find-sandbox.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { occurrences } from '../support/occurrences.ts'
import { type CommandResult, runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'
import {
  api,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'
import { PROJECT } from '../support/source-imports.ts'

useFixtures(
  { name: 'initialised', options: ['--init', 'build'] },
  { name: 'contract', options: ['--init', 'build'] },
)

const start = (env: Record<string, string> = {}) => startFixture('initialised', 'initialised', env)

describe('a function that is initialised at build time', () => {
  test('has in each process what its modules made at build time, and runs its hooks in each', async () => {
    start({ STAGE: 'production' })
    const answer = (await invoke({ key: 'key 12' })).json() as Record<string, unknown>
    const { random: _, log, ...rest } = answer
    assert.deepEqual(rest, {
      isSameProcess: false,
      restores: 1,
      stage: 'not set',
      stageNow: 'production',
      stageThroughKept: 'production',
      square: 144,
      settled: 'a promise',
      digest: '982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1',
      methods: true,
      agent: [7, true, true],
      stored: 'value',
      zipped: 24,
      webAssembly: 'object',
      isPortOpen: true,
      argv: 2,
      directory: '/var/task',
      fromWorker: 42,
    })
    assert.match(String((log as string[])[0]), /^loaded in process/)
    assert.deepEqual((log as string[]).slice(1), ['before the snapshot', 'invoked'])
    assert.doesNotMatch(lambda.output, /initialised/)
    assert.match(lambda.output, /^written to stdout$/m)
  })

  test('tells by hand, without a Runtime API, that it starts, and ends well', async () => {
    const { executable } = fixture('initialised')
    const run = promisify(execFile)(executable, ['--lambdabin-self-test'], { env: {}, timeout: 20_000 })
    assert.match(
      (await run).stderr,
      /^lambdabin: starts from its snapshot\n(lambdabin: priming of \w+: done\n)+$/,
    )
  })

  test('has no path of the builder, where the build has Lambda’s own', (t) => {
    if (findSandbox(temporaryFolder(t)).kind !== 'mount namespace') {
      t.skip('this machine allows no mount namespaces')
      return
    }
    const { executable } = fixture('initialised')
    const bytes = readFileSync(executable)
    const places = [dirname(dirname(executable)), PROJECT, cacheFolder(), `${homedir()}/`, process.execPath]
    assert.deepEqual(
      places.filter((place) => bytes.includes(place)),
      [],
    )
    assert.ok(bytes.includes('/var/lang/bin/node'), 'that of the Node.js that made it is Lambda’s')
  })

  test('draws other random values in each process', async () => {
    const drawn = new Set<unknown>()
    for (let count = 0; count < 3; count++) {
      start()
      const { random } = (await invoke()).json() as { random: unknown[] }
      for (const value of random) {
        drawn.add(value)
      }
    }
    assert.equal(drawn.size, 9)
  })

  test('fails to initialise when a hook of onAfterRestore does', async () => {
    start({ FAIL_RESTORE: '1' })
    assert.equal((await lambda.ended).code, 1)
    const [error] = api.initErrors
    assert.equal(error?.header('lambda-runtime-function-error-type'), 'Runtime.AfterRestoreError')
    assert.match(String(error?.body), /cannot be restored/)
  })

  test('has stack traces of its TypeScript source', async () => {
    start()
    const { errorType, trace } = (await invoke({ fail: true })).json() as {
      errorType: string
      trace: string[]
    }
    assert.equal(errorType, 'OrderNotFound')
    assert.match(trace.join('\n'), /test\/fixtures\/functions\/initialised\.ts:\d+:\d+/)
  })

  test('has the whole handler contract', async () => {
    startFixture('contract', 'contract')
    assert.deepEqual((await invoke({ text: 'Hello' })).json(), { text: 'Hello' })
    startFixture('contract', 'contract.missing')
    assert.equal((await lambda.ended).code, 1)
    assert.match(String(api.initErrors.at(-1)?.body), /Runtime.HandlerNotFound/)
  })
})

describe('a function cannot be initialised at build time that', () => {
  const HANDLER = '\nexport const handler = async () => 1\n'
  const CASES: [string, string, RegExp][] = [
    [
      'sends an HTTP request',
      `import { request } from 'node:http'\nrequest('http://127.0.0.1:1/')`,
      /it calls http\.request \(entry\.ts:2:1\)/,
    ],
    [
      'extends a class of a module that has to wait',
      `import { Agent } from 'node:https'\nclass Own extends Agent {}\nglobalThis.own = Own`,
      /it reads https\.Agent\.prototype \(entry\.ts:2:19\)/,
    ],
    [
      'uses what objects of such a class have',
      `import http from 'node:http'\nconst request = Object.create(http.IncomingMessage.prototype)\nrequest.on('end', () => {})`,
      /it uses http\.IncomingMessage\.prototype\.on \(entry\.ts:3:/,
    ],
    [
      'changes what objects of such a class have',
      `import http from 'node:http'\nObject.assign(http.ServerResponse.prototype, { json() {} })`,
      /it changes http\.ServerResponse\.prototype\.json \(entry\.ts:2:/,
    ],
    [
      'defines what objects of such a class have',
      `import http from 'node:http'\nObject.defineProperty(http.ServerResponse.prototype, 'json', { value() {} })`,
      /it defines http\.ServerResponse\.prototype\.json/,
    ],
    [
      'patches such a module',
      `import http from 'node:http'\nhttp.request = undefined as never`,
      /it changes http\.request \(entry\.ts:2:/,
    ],
    [
      'uses an object that it made of such a class',
      `import { Agent } from 'node:http'\nconsole.log(new Agent().maxSockets)`,
      /it uses a http\.Agent \(entry\.ts:2:/,
    ],
    [
      'leaves a timer running',
      `setInterval(() => {}, 1000).unref()`,
      /it leaves a timer running .*\(entry\.ts:1:1\)/,
    ],
    [
      'leaves a server listening',
      `import { createServer } from 'node:net'\ncreateServer().listen(0).unref()`,
      /it leaves a server listening \(entry\.ts:2:/,
    ],
    ['listens for a signal', `process.on('SIGUSR2', () => {})`, /it listens for a signal \(entry\.ts:1:/],
    [
      'compiles WebAssembly',
      `new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))`,
      /it uses WebAssembly\.Module \(entry\.ts:1:/,
    ],
    [
      'draws random values that Node.js has drawn ahead',
      `export const id = crypto.randomUUID()`,
      /it calls crypto\.randomUUID, whose random bytes would be the same in every environment \(entry\.ts:1:/,
    ],
    [
      'leaves a hook of async_hooks enabled',
      `import { createHook } from 'node:async_hooks'\ncreateHook({ init() {} }).enable()`,
      /it leaves a hook of async_hooks enabled \(entry\.ts:2:/,
    ],
    [
      'keeps an object of Intl',
      `const dates = new Intl.DateTimeFormat('en')\nexport const tell = () => dates.format(0)`,
      /it makes an Intl\.DateTimeFormat and keeps it \(entry\.ts:1:15\)/,
    ],
    [
      'keeps one of a class of its own',
      `class Own extends Intl.NumberFormat {}\nexport const kept = { own: new Own('en') }`,
      /it makes an Intl\.NumberFormat and keeps it \(entry\.ts:1:/,
    ],
    [
      'leaves a file open',
      `import { openSync } from 'node:fs'\nexport const log = openSync('/tmp/lambdabin-test-log', 'a')`,
      /it leaves a file open \(entry\.ts:2:20\)/,
    ],
    [
      'leaves a stream to a file open',
      `import fs from 'node:fs'\nexport const log = fs.createWriteStream('/tmp/lambdabin-test-log')`,
      /it leaves a file open \(entry\.ts:2:23\)/,
    ],
    [
      'leaves a handle of a file open',
      `import { open } from 'node:fs/promises'\nexport const log = await open('/dev/null')`,
      /it leaves a file open$/m,
    ],
    [
      'runs a module that is not in the bundle',
      `import Module from 'node:module'\nObject.assign(new Module('own'))._compile('exports.a = 1', 'own.js')`,
      /it runs a module that is not in the bundle \(by Module\.prototype\._compile\) \(entry\.ts:2:/,
    ],
    [
      'leaves a stream from a file open',
      `import fs from 'node:fs'\nexport const text = fs.createReadStream('/proc/self/status')`,
      /it leaves a file open \(entry\.ts:2:24\)/,
    ],
    [
      'reads a file that is not there, and listens for no error',
      `import fs from 'node:fs'\nexport const text = fs.createReadStream('/etc/lambdabin-test')`,
      /it fails: Error: ENOENT: [^\n]*'\/etc\/lambdabin-test' \(entry\.ts:2:24\)/,
    ],
    [
      'throws in a callback',
      `setTimeout(() => {\n  throw new RangeError('too late')\n})`,
      /: a callback of what it has begun throws an error that nobody catches; do that in the handler/,
    ],
    [
      'reads a class of the web',
      `class Client {\n  fetch = globalThis.fetch\n  Headers = globalThis.Headers\n}\nexport const client = new Client()`,
      /^lambdabin: entry\.ts cannot.*HTTP or TLS implementation as it initialises, by using fetch, [^(\n]*\(entry\.ts:3:24\)/ms,
    ],
    [
      'calls fetch',
      `fetch('http://127.0.0.1:1/').catch(() => {})`,
      /HTTP or TLS implementation as it initialises, by using fetch, [^(\n]*\(entry\.ts:1:1\)/,
    ],
    ['uses the HTTP classes of the web', `export const headers = new Headers()`, /HTTP/],
    ['awaits what never settles', `await new Promise(() => {})`, /it awaits a promise that never settles/],
    ['throws', `throw new TypeError('no table')`, /it fails: TypeError: no table \(entry\.ts:1:7\)/],
    [
      'rejects later',
      `void Promise.reject(new Error('too late'))`,
      /it fails: Error: too late \(entry\.ts:1:/,
    ],
    ['ends its process', `process.exit(0)`, /ended its process/],
  ]
  for (const [what, code, message] of CASES) {
    test(what, async (t) => {
      const { status, stderr } = await build(t, code + HANDLER)
      assert.match(stderr, message)
      assert.match(stderr, /entry\.ts cannot be initialised at build time.*onAfterRestore/s)
      assert.equal(status, 1)
    })
  }
})

test('an object of Intl that nobody keeps is no problem', async (t) => {
  const code = `
    const { NumberFormat } = Intl
    export const price = new NumberFormat('en').format(12.5)
    export const handler = async () => [price, new NumberFormat('en').format(2.5)]\n`
  const { status, stderr } = await build(t, code)
  assert.equal(status, 0, stderr)
})

test('files that are closed again are no problem, and what wraps a function of node:fs stays', async (t) => {
  const code = `
    import fs from 'node:fs'
    const file = fs.openSync('/dev/null', 'r')
    fs.closeSync(file)
    const text = fs.readFileSync(new URL('./event.json', import.meta.url), 'utf8')
    const other = await new Promise((resolve, reject) => fs.open('/dev/null', (error, found) => error ? reject(error) : resolve(found)))
    await new Promise((resolve) => fs.close(other, resolve))
    let closed = 0
    const { closeSync, openSync } = fs
    fs.closeSync = (which) => { closed++; closeSync(which) }
    export const handler = async () => {
      fs.closeSync(openSync('/dev/null', 'r'))
      return [text, closed]
    }\n`
  const { status, stderr, folder } = await build(t, code, ['--include', 'event.json'])
  assert.equal(status, 0, stderr)
  const { stdout } = await runLambdabin(['invoke', join(folder, 'entry.zip'), '--event', '{}'])
  assert.deepEqual(JSON.parse(stdout), ['{}', 1])
})

test('workers of a function that is initialised are named, with what they may not load', async (t) => {
  const code = `
    import { Worker } from 'node:worker_threads'
    export const handler = async () => typeof new Worker(new URL('./entry.ts', import.meta.url))\n`
  const { status, stderr } = await build(t, code)
  assert.equal(status, 0, stderr)
  assert.match(stderr, /note: the function starts workers \(worker-entry\.mjs\), and Node\.js ends a process/)
})

test('what goes on without WebAssembly as it loads is initialised, and the build says so', async (t) => {
  const code = `
    let own: unknown
    try { own = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))) } catch {}
    export const handler = async () => [own === undefined, typeof WebAssembly.Module]\n`
  const { status, stderr, folder } = await build(t, code)
  assert.equal(status, 0, stderr)
  assert.match(stderr, /note: the function uses WebAssembly\.Instance \(entry\.ts:3:\d+\) as it initialises/)
  const { stdout } = await runLambdabin(['invoke', join(folder, 'entry.zip'), '--event', '{}'])
  assert.deepEqual(JSON.parse(stdout), [true, 'function'])
})

test('to read what a require has beside resolving is no problem, and to resolve as modules load is', async (t) => {
  const reading = `
    const isMain = require.main === module
    const tables = [typeof require.cache, typeof require.extensions['.json'], typeof require.resolve.paths]
    const { resolve } = require
    require.extensions['.page'] = () => undefined
    export const handler = async () => [isMain, tables, '.page' in require.extensions, resolve('fs')]\n`
  const { status, stderr, folder } = await build(t, reading)
  assert.equal(status, 0, stderr)
  const { stdout } = await runLambdabin(['invoke', join(folder, 'entry.zip'), '--event', '{}'])
  assert.deepEqual(JSON.parse(stdout), [false, ['object', 'function', 'function'], true, 'fs'])
  const resolving = await build(
    t,
    "export const path = require.resolve('./data.json')\nexport const handler = () => path\n",
  )
  assert.match(resolving.stderr, /it calls require\.resolve, for what is shipped .*\(entry\.ts:1:/)
})

test('the environment variables that were read at build time are told', async (t) => {
  const code = `const { TABLE } = process.env\nconst known = 'STAGE' in process.env\nexport const handler = async () => [TABLE, known]\n`
  // What this machine has must not get into a package.
  const { status, stdout, stderr } = await build(t, code, ['--json'], { TABLE: 'secret' })
  assert.equal(status, 0)
  assert.deepEqual(JSON.parse(stdout).functions[0].environmentRead, ['TABLE', 'STAGE'])
  assert.match(stderr, /read environment variables as it initialised \(TABLE and STAGE\)/)
})

test('objects may be made of the classes of requests and responses, as by Express', async (t) => {
  const code = `import http from 'node:http'
const request = Object.create(http.IncomingMessage.prototype)
request.kind = 'own'
Object.defineProperty(request, 'greeting', { get() { return 'hello ' + this.method } })
class Answer extends http.ServerResponse {
  isOwn = true
  asJson(value: unknown) { return JSON.stringify(value) + this.statusCode }
}
const server = () => http.createServer((asked, answer) => {
  Object.setPrototypeOf(asked, request)
  const { kind, greeting, method, headers } = asked as any
  const own = new Answer(asked)
  const types = [asked instanceof http.IncomingMessage, own instanceof http.ServerResponse, own instanceof Answer, answer instanceof Answer]
  answer.setHeader('x-own', 'yes').end(JSON.stringify([kind, greeting, method, headers['x-asked'], own.isOwn, own.asJson(1), types, Object.keys(request)]))
})
export const handler = async () => {
  const listening = server().listen(0, '127.0.0.1')
  await new Promise((resolve) => listening.once('listening', resolve))
  const { port } = listening.address() as { port: number }
  const answers = []
  for (const method of ['POST', 'GET']) {
    const answer = await fetch('http://127.0.0.1:' + port, { method, headers: { 'x-asked': method } })
    answers.push(await answer.json(), answer.headers.get('x-own'))
  }
  listening.close()
  return answers
}
`
  const { status, stderr, folder } = await build(t, code)
  assert.equal(status, 0, stderr)
  const { stdout, stderr: log } = await runLambdabin(['invoke', join(folder, 'entry.zip'), '--event', '{}'])
  const expected = (method: string) => [
    ...['own', `hello ${method}`, method, method, true, '1200'],
    ...[[true, true, true, false], ['kind']],
  ]
  assert.deepEqual(JSON.parse(stdout), [expected('POST'), 'yes', expected('GET'), 'yes'], log)
})

test('environment variables that are set may be set anew, as it initialises and by who keeps process.env', async (t) => {
  const code = `const { env } = process
env.HOME = '/tmp/home'
export const handler = async (event: string) => {
  env.OTHER = event
  env.OTHER = env.OTHER.toUpperCase()
  return [process.env.OTHER, env.AWS_REGION === process.env.AWS_REGION]
}
`
  const { status, stderr, folder } = await build(t, code)
  assert.equal(status, 0, stderr)
  const { stdout } = await runLambdabin(['invoke', join(folder, 'entry.zip'), '--event', '"of it"'])
  assert.deepEqual(JSON.parse(stdout), ['OF IT', true])
})

test('environment variables that modules set are set where it is run, but what they found no value of, and has one there', async (t) => {
  const code = `const { env } = process
env.TZ = 'Asia/Tokyo'
env.STAGE ??= 'dev'
env.LOG_LEVEL ??= 'info'
if (!Object.hasOwn(env, 'TABLE')) Object.assign(env, { TABLE: 'none' })
Object.defineProperty(env, 'MODE', { value: 'set', writable: true, enumerable: true, configurable: true })
env.TOKEN = 'any'
delete env.TOKEN
export const handler = async () =>
  [new Date(0).getHours(), env.STAGE, env.LOG_LEVEL, process.env.TABLE, env.MODE, process.env.TOKEN ?? null]
`
  const { status, stderr, folder } = await build(t, code)
  assert.equal(status, 0, stderr)
  const given = ['STAGE=prod', 'TABLE=orders', 'MODE=given', 'TOKEN=given'].flatMap((each) => ['--env', each])
  const { stdout } = await runLambdabin(['invoke', join(folder, 'entry.zip'), ...given])
  assert.deepEqual(JSON.parse(stdout), [9, 'prod', 'info', 'orders', 'set', null])
})

test('a module may put an object of its own in the place of process.env, and what is in that is set where it is run', async (t) => {
  const code = `process.env = { ...process.env, MODE: 'set' }
export const handler = async () => [process.env.MODE, process.env.STAGE, process.env.AWS_REGION]
`
  const { status, stderr, folder } = await build(t, code)
  assert.equal(status, 0, stderr)
  const { stdout } = await runLambdabin(['invoke', join(folder, 'entry.zip'), '--env', 'STAGE=prod'])
  assert.deepEqual(JSON.parse(stdout), ['set', 'prod', 'us-east-1'])
})

test('what a start does not need is not in the snapshot, other than the code of Node.js’s modules if the function may start Workers', async (t) => {
  const snapshotOf = async (code: string) => {
    const { status, folder } = await build(t, code)
    assert.equal(status, 0)
    const executable = readFileSync(join(folder, 'entry', 'entry'))
    // What pkg has added is loaded last. What Node.js is made of has all this, too.
    const added = readProgramHeaders(executable, parseElf(executable, 'entry'))
      .filter(({ type }) => type === SEGMENT_TYPE.load)
      .reduce((last, header) => (header.address > last.address ? header : last))
    const bytes = executable.subarray(added.offset, added.offset + added.fileSize)
    return bytes.subarray(bytes.lastIndexOf(Buffer.from([0x20, 0xda, 0x43, 0x01])))
  }
  const handler = `import { readFile } from 'node:fs/promises'
    import https from 'node:https'
    import tls from 'node:tls'
    export const kept = [tls, https]
    export const handler = () => readFile('a file whose name is in this text only')\n`
  const plain = await snapshotOf(handler)
  assert.equal(occurrences(plain, 'a file whose name is in this text only'), 1)
  assert.equal(occurrences(plain, 'BEGIN CERTIFICATE'), 0)
  const withWorkers = await snapshotOf(`${handler}export { Worker } from 'node:worker_threads'\n`)
  const more = withWorkers.length - plain.length
  assert.ok(more > 1_500_000 && more < 4_000_000, `${more} bytes more`)
})

test('a sample event that the function fails on costs what it would have had compiled, and the build says so', async (t) => {
  const code = `export const handler = async () => { throw new RangeError('no table') }\n`
  const { status, stdout } = await build(t, code, ['--event', 'event.json', '--json'])
  assert.equal(status, 0)
  assert.deepEqual(JSON.parse(stdout).functions[0].shortcomings, [
    'the function failed on a sample event (RangeError: no table), so of what invocations call, the executable has compiled what ran until then',
  ])
})

test('--init expects lambda or build', async () => {
  const { status, stderr } = await runLambdabin(['build', 'src/functions/echo.ts', '--init', 'now'])
  assert.match(stderr, /--init expects build, .* and got now/)
  assert.equal(status, 2)
})

/** Builds a function in a folder of its own, beside an event. */
async function build(
  t: TestContext,
  code: string,
  options: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult & { folder: string }> {
  const files = { 'package.json': {}, 'entry.ts': code, 'event.json': {} }
  const folder = writeFiles(temporaryFolder(t), files)
  const parameters = ['build', 'entry.ts', '--init', 'build', '--out-dir', '.', ...options]
  return { ...(await runLambdabin(parameters, { cwd: folder, env })), folder }
}
