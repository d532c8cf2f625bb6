import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { processesKnowing } from '../../support/emulator/environment-processes.ts'
import {
  fixturePackage,
  temporaryFolder,
  writeExecutable,
  writeZip,
} from '../../support/emulator/fixture-package.ts'
import {
  type InvokeOptions,
  type InvokeResult,
  resultOf,
  runInvoke,
  startInvoke,
} from '../../support/emulator/invoke-process.ts'

interface Fixture {
  folder: string
  path: string
  /** TMPDIR of the command: what it leaves behind is found there. */
  temporary: string
}

function fixture(context: TestContext): Fixture {
  const folder = temporaryFolder(context)
  const temporary = join(folder, 'temporary')
  mkdirSync(temporary)
  return { folder, path: fixturePackage(folder), temporary }
}

/** Invokes the fixture, and checks what holds for every invocation: nothing is left behind. */
async function invoke(
  context: TestContext,
  args: string[],
  options: InvokeOptions = {},
): Promise<InvokeResult> {
  const { path, temporary } = fixture(context)
  const result = await runInvoke([path, '--timeout', '60', '--memory', '512', ...args], {
    ...options,
    environment: { ...options.environment, TMPDIR: temporary },
  })
  assert.deepEqual(readdirSync(temporary), [])
  return result
}

test('stdout has the response as the function posted it, byte for byte, where it is no terminal', async (context) => {
  const { status, stdout, stderr } = await invoke(context, ['--event', '{ "text" : "Hello" }'])
  assert.equal(stdout.toString(), '{ "text" : "Hello" }')
  assert.equal(status, 0)
  assert.match(stderr, /^START RequestId: .*\nEND RequestId: .*\nREPORT RequestId: .*Init Duration: .* ms\n$/)
})

test('a zip is invoked as a folder is', async (context) => {
  const { folder, path, temporary } = fixture(context)
  const zip = join(folder, 'other-name.zip')
  await writeZip(
    zip,
    ['bootstrap', 'misbehaving'].map((name) => ({ name, content: readFileSync(join(path, name)) })),
  )
  const environment = { TMPDIR: temporary }
  const { status, stdout } = await runInvoke([zip, '--event', '[1]', '--timeout', '60'], { environment })
  assert.equal(stdout.toString(), '[1]')
  assert.equal(status, 0)
  assert.deepEqual(readdirSync(temporary), [])
})

test('the event is {} unless given', async (context) => {
  assert.equal((await invoke(context, [])).stdout.toString(), '{}')
})

test('an event comes from a file or from standard input, byte for byte', async (context) => {
  const file = join(temporaryFolder(context), 'event.json')
  writeFileSync(file, ' {"名":"é"}\n')
  assert.equal((await invoke(context, ['--event-file', file])).stdout.toString(), ' {"名":"é"}\n')
  assert.equal((await invoke(context, ['-'], { input: '"piped"' })).stdout.toString(), '"piped"')
})

test('a 6 MB event and its response pass unchanged, through a pipe that is read slowly', async (context) => {
  const { path, temporary } = fixture(context)
  const event = Buffer.from(JSON.stringify('x'.repeat(6 * 1024 * 1024 - 2)))
  const child = startInvoke([path, '-', '--timeout', '60', '--memory', '512'], {
    input: event,
    environment: { TMPDIR: temporary },
  })
  // Nothing is read until the function is done: the pipe is full long before.
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  await once(child.stdout as NodeJS.ReadableStream, 'readable')
  const { status, stdout } = await resultOf(child)
  assert.equal(status, 0, stderr)
  assert.ok(stdout.equals(event))
})

test('an error document is on stdout, and the exit status is 1', async (context) => {
  const { status, stdout } = await invoke(context, ['--event', '{"do":"post an error"}'])
  assert.equal(stdout.toString(), '{"errorType":"Function.Sad","errorMessage":"oh","trace":["a","b"]}')
  assert.equal(status, 1)
})

test('a timeout has the message of Lambda on stdout, and the exit status is 1', async (context) => {
  const { status, stdout, stderr } = await invoke(context, ['--timeout', '0.5', '--event', '{"do":"hang"}'])
  assert.match(
    stdout.toString(),
    /^\{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: \S+ Error: Task timed out after 0.50 seconds"\}$/,
  )
  assert.equal(status, 1)
  assert.match(stderr, /\nhanging\n.* Task timed out after 0.50 seconds\n/)
})

test('a process that exits is an error document with its exit status', async (context) => {
  const { status, stdout } = await invoke(context, ['--event', '{"do":"exit","status":9}'])
  assert.match(stdout.toString(), /"Runtime.ExitError".*Runtime exited with error: exit status 9"\}$/)
  assert.equal(status, 1)
})

test('an init error is the error document', async (context) => {
  const { status, stdout } = await invoke(context, ['--env', 'AT_INIT=post an init error'])
  assert.equal(stdout.toString(), '{"errorType":"Function.Broken","errorMessage":"no luck","trace":[]}')
  assert.equal(status, 1)
})

test('a streamed response is printed as it came, and an error after its first byte is on stderr', async (context) => {
  const whole = await invoke(context, ['--event', '{"do":"stream"}'])
  assert.equal(whole.stdout.toString(), 'onetwo')
  assert.equal(whole.status, 0)
  const broken = await invoke(context, ['--event', '{"do":"stream and fail"}'])
  assert.equal(broken.stdout.toString(), 'one')
  assert.equal(broken.status, 1)
  assert.match(broken.stderr, /\{"errorType":"Function.Late","errorMessage":"broke"\}\n/)
})

test('variables come from --env and --env-file, the former first, and nothing from the host', async (context) => {
  const file = join(temporaryFolder(context), 'variables')
  writeFileSync(file, '# for trying\nTABLE=orders\nMODE="from file"\n')
  const args = ['--env-file', file, '--env', 'MODE=a=b', '--env', 'AWS_REGION=eu-west-1']
  const { stdout } = await invoke(context, [...args, '--event', '{"do":"describe its environment"}'], {
    environment: { SECRET_OF_HOST: 'x', NODE_OPTIONS: '--no-warnings' },
  })
  const { environment } = JSON.parse(stdout.toString()) as { environment: Record<string, string> }
  assert.equal(environment.TABLE, 'orders')
  assert.equal(environment.MODE, 'a=b')
  assert.equal(environment.AWS_DEFAULT_REGION, 'eu-west-1')
  assert.equal(environment.SECRET_OF_HOST, undefined)
  assert.equal(environment.NODE_OPTIONS, undefined)
  assert.equal(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, '512')
})

test('--handler may name an export, and the function is called like the executable', async (context) => {
  const { stdout } = await invoke(context, [
    '--handler',
    'misbehaving.create',
    '--event',
    '{"do":"describe its environment"}',
  ])
  const { environment } = JSON.parse(stdout.toString()) as { environment: Record<string, string> }
  assert.equal(environment._HANDLER, 'misbehaving.create')
  assert.equal(environment.AWS_LAMBDA_FUNCTION_NAME, 'misbehaving')
})

test('a reader of stdout that leaves early is no crash', async (context) => {
  const { path, temporary } = fixture(context)
  const child = startInvoke(
    [path, '--event', '{"do":"respond with bytes","bytes":6000000}', '--timeout', '60'],
    {
      environment: { TMPDIR: temporary },
    },
  )
  await once(child.stdout as NodeJS.ReadableStream, 'readable')
  child.stdout?.destroy()
  const { status, stderr } = await resultOf(child)
  assert.equal(status, 0)
  assert.doesNotMatch(stderr, /EPIPE|at /)
  assert.deepEqual(readdirSync(temporary), [])
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends the function and the command, and leaves nothing behind`, async (context) => {
    const { path, temporary } = fixture(context)
    const child = startInvoke([path, '--event', '{"do":"hang and ignore SIGTERM"}', '--timeout', '100'], {
      environment: { TMPDIR: temporary },
    })
    const result = resultOf(child)
    await once(child.stderr as NodeJS.ReadableStream, 'data')
    child.kill(signal)
    assert.equal((await result).signal, signal)
    assert.deepEqual(readdirSync(temporary), [])
    assert.deepEqual(processesKnowing(path), [])
  })
}

const MISTAKES: [args: string[], message: RegExp][] = [
  [[], /expected a zip or a folder to invoke, but got none/],
  [['no-such.zip'], /cannot read no-such.zip; build one first/],
  [['PACKAGE', 'surplus'], /but got "surplus" too; give the event with --event/],
  [
    ['PACKAGE', '--event', '{a:1}'],
    /expected an event in JSON, but --event is not: line 1, column 2 has the unexpected "a:1}"; correct it/,
  ],
  [['PACKAGE', '--event', '{\n  "a": nope\n}'], /line 2, column 8 has the unexpected "nope/],
  [['PACKAGE', '--event', '{"a":'], /it ends too early/],
  [['PACKAGE', '--event', ''], /it is empty/],
  [
    ['PACKAGE', '--event', JSON.stringify('x'.repeat(100_000)).slice(1)],
    /line 1, column 1 has the unexpected "xxxxxxxxxxxxxxxxxxxx"/,
  ],
  [
    ['PACKAGE', '--event-file', 'no-such.json'],
    /expected a file with the event, but cannot read no-such.json; check --event-file/,
  ],
  [
    ['PACKAGE', '--event', '1', '-'],
    /expected one of --event, --event-file, --http, --sample and -, but got several; keep one/,
  ],
  [['PACKAGE', '--timeout', '0'], /expected --timeout in seconds, above 0 and up to 900, but got "0"/],
  [['PACKAGE', '--timeout', '901'], /but got "901"/],
  [['PACKAGE', '--timeout', '1e2'], /but got "1e2"/],
  [['PACKAGE', '--memory', '127'], /expected --memory in whole MB, from 128 to 10240, but got "127"/],
  [['PACKAGE', '--memory', '10241'], /but got "10241"/],
  [['PACKAGE', '--memory', '128.5'], /but got "128.5"/],
  [['PACKAGE', '--handler', 'a b'], /expected --handler with a name of 1 to 128 characters without spaces/],
  [['PACKAGE', '--env', 'NOVALUE'], /expected --env NAME=VALUE, but got "NOVALUE"/],
  [['PACKAGE', '--env', '_HANDLER=x'], /_HANDLER is reserved: Lambda sets it and refuses it/],
  [
    ['PACKAGE', '--env-file', 'no-such'],
    /expected a file of K=V lines, but cannot read no-such; check --env-file/,
  ],
  [['PACKAGE', '--evnt', '{}'], /no option --evnt/],
]

for (const [args, message] of MISTAKES) {
  test(`a mistake gets one sentence and the exit status 2: ${args.join(' ').slice(0, 60)}`, async (context) => {
    const { path, temporary } = fixture(context)
    const environment = { TMPDIR: temporary }
    const { status, stdout, stderr } = await runInvoke(
      args.map((arg) => (arg === 'PACKAGE' ? path : arg)),
      { environment },
    )
    assert.match(stderr, message)
    assert.match(stderr, /^lambdabin: [^\n]+\n$/)
    assert.equal(stdout.toString(), '')
    assert.equal(status, 2)
    assert.deepEqual(readdirSync(temporary), [])
  })
}

test('an event over 6 MB is refused, with its size', async (context) => {
  const { status, stderr } = await invoke(context, ['-'], { input: `"${'x'.repeat(6 * 1024 * 1024 - 1)}"` })
  assert.match(
    stderr,
    /expected an event of 6291456 bytes at most, as Lambda does, but standard input has 6291457/,
  )
  assert.equal(status, 2)
})

test('an event that is not UTF-8 is refused', async (context) => {
  const { status, stderr } = await invoke(context, ['-'], { input: Buffer.from([0x22, 0xff, 0x22]) })
  assert.match(stderr, /expected an event in UTF-8, but standard input is in another encoding/)
  assert.equal(status, 2)
})

test('a package with several executables and none of its name needs --handler', async (context) => {
  const { folder, path } = fixture(context)
  const other = join(folder, 'other')
  cpSync(path, other, { recursive: true })
  assert.equal((await runInvoke([other, '--event', '1', '--timeout', '60'])).stdout.toString(), '1')
  copyFileSync(join(other, 'misbehaving'), join(other, 'second'))
  const { status, stderr } = await runInvoke([other])
  assert.match(stderr, /there are misbehaving, second; say which with --handler NAME\n$/)
  assert.equal(status, 2)
})

test('a package without an executable gets a sentence', async (context) => {
  const folder = temporaryFolder(context)
  writeExecutable(join(folder, 'bootstrap'), '#!/bin/sh\n')
  writeFileSync(join(folder, 'orders'), '')
  chmodSync(join(folder, 'orders'), 0o644)
  const { status, stderr } = await runInvoke([folder])
  assert.match(stderr, /expected an executable beside bootstrap in the deployment package, but there is none/)
  assert.equal(status, 2)
})

test('a layer in the place of a function gets a sentence', async (context) => {
  const folder = temporaryFolder(context)
  writeExecutable(join(folder, 'bootstrap'), '#!/bin/sh\n')
  mkdirSync(join(folder, 'lambdabin'))
  writeExecutable(join(folder, 'lambdabin/runtime'), '#!/bin/sh\n')
  const { status, stderr } = await runInvoke([folder])
  assert.match(
    stderr,
    /is a runtime layer; invoke a function that was built with --for-layer, and give this with --layer\n$/,
  )
  assert.equal(status, 2)
})

test('a zip that is none gets a sentence, and nothing is left behind', async (context) => {
  const file = join(temporaryFolder(context), 'orders.zip')
  writeFileSync(file, 'not a zip')
  const { temporary } = fixture(context)
  const { status, stderr } = await runInvoke([file], { environment: { TMPDIR: temporary } })
  assert.match(stderr, /^lambdabin: expected a zip or a folder, but .* is not a whole zip file .*\n$/)
  assert.equal(status, 2)
  assert.deepEqual(readdirSync(temporary), [])
})
