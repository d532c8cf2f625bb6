import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder, writeExecutable } from './support/emulator/fixture-package.ts'

const BOOTSTRAP = fileURLToPath(new URL('../bootstrap', import.meta.url))

const CONTROLS = 'a\tb\nc\r\x01\x1b\x7f\n'

interface Shell {
  name: string
  command: string
  args: string[]
}

/** Lambda's images have bash as sh; Debian has dash, Alpine has busybox. */
const SHELLS: { name: string; program: string; args: string[] }[] = [
  { name: 'dash', program: 'dash', args: [] },
  { name: 'bash', program: 'bash', args: ['--posix'] },
  { name: 'busybox', program: 'busybox', args: ['sh'] },
]

interface Post {
  path: string
  headers: IncomingMessage['headers']
  document: { errorType: string; errorMessage: string; trace: unknown }
}

interface Fixture {
  taskRoot: string
  /** Host and port of a Runtime API that accepts every init error. */
  address: string
  posts: Post[]
}

interface Run {
  status: number | null
  stdout: string
  stderr: string
}

async function fixture(context: TestContext): Promise<Fixture> {
  const taskRoot = join(temporaryFolder(context), 'task')
  mkdirSync(join(taskRoot, 'lib'), { recursive: true })
  copyFileSync(BOOTSTRAP, join(taskRoot, 'bootstrap'))
  chmodSync(join(taskRoot, 'bootstrap'), 0o755)
  const report = `#!/bin/sh\nprintf "%s started with %s, $# arguments" "$(basename "$0")" "$_HANDLER"\n`
  writeExecutable(join(taskRoot, 'orders'), report)
  writeExecutable(join(taskRoot, 'lib/nested'), report)
  writeExecutable(join(taskRoot, 'with.dot'), report)
  writeFileSync(join(taskRoot, 'data.txt'), '')
  const posts: Post[] = []
  const server = createServer(async (request, response) => {
    const document = JSON.parse(await text(request)) as Post['document']
    posts.push({ path: `${request.method} ${request.url}`, headers: request.headers, document })
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { taskRoot, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, posts }
}

/** `overrides` of undefined leave a variable out; values may be bytes, written with a shell's printf escapes. */
async function run(
  shell: Shell,
  { taskRoot, address }: Fixture,
  overrides: Record<string, string | undefined>,
): Promise<Run> {
  const environment = {
    PATH: process.env.PATH,
    LAMBDA_TASK_ROOT: taskRoot,
    AWS_LAMBDA_RUNTIME_API: address,
    ...overrides,
  }
  const child = spawn(shell.command, [...shell.args, join(taskRoot, 'bootstrap')], {
    env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status: status as number | null, stdout, stderr }
}

function find(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

for (const { name, program, args } of SHELLS) {
  const command = find(program)
  test(`bootstrap under ${name}`, {
    skip: command === undefined ? `there is no ${program} here` : false,
  }, async (context) => {
    await underShell(context, { name, command: command ?? '', args })
  })
}

async function underShell(context: TestContext, shell: Shell): Promise<void> {
  for (const [handler, started] of [
    ['orders', 'orders'],
    ['orders.create', 'orders'],
    ['with.dot', 'with.dot'],
    ['with.dot.create', 'with.dot'],
    ['orders.api.create', 'orders'],
    ['with.dot.api.create', 'with.dot'],
    ['lib/nested.api.create', 'nested'],
    ['lib/nested', 'nested'],
    ['lib/nested.create', 'nested'],
    ['./orders', 'orders'],
  ] as const) {
    await context.test(`${handler} starts the executable ${started}, without a word`, async (subtest) => {
      const place = await fixture(subtest)
      assert.deepEqual(await run(shell, place, { _HANDLER: handler }), {
        status: 0,
        stdout: `${started} started with ${handler}, 0 arguments`,
        stderr: '',
      })
      assert.deepEqual(place.posts, [])
    })
  }

  await context.test('AWS_LAMBDA_EXEC_WRAPPER starts the executable, and gets its path', async (subtest) => {
    const place = await fixture(subtest)
    const wrapper = join(place.taskRoot, 'a wrapper')
    writeExecutable(wrapper, '#!/bin/sh\nprintf "wrapped: "\nexec "$@"\n')
    const { status, stdout, stderr } = await run(shell, place, {
      _HANDLER: 'orders.create',
      AWS_LAMBDA_EXEC_WRAPPER: wrapper,
    })
    assert.equal(stdout, 'wrapped: orders started with orders.create, 0 arguments')
    assert.deepEqual([status, stderr, place.posts.length], [0, '', 0])
  })

  await context.test(
    'an AWS_LAMBDA_EXEC_WRAPPER that cannot be executed is an init error',
    async (subtest) => {
      const place = await fixture(subtest)
      for (const wrapper of [join(place.taskRoot, 'no such'), place.taskRoot]) {
        const { status } = await run(shell, place, { _HANDLER: 'orders', AWS_LAMBDA_EXEC_WRAPPER: wrapper })
        assert.equal(status, 1)
        const { document } = place.posts.at(-1) ?? {}
        assert.equal(document?.errorType, 'Runtime.InvalidEntrypoint')
        assert.match(document?.errorMessage ?? '', /AWS_LAMBDA_EXEC_WRAPPER is .*no executable file/)
      }
      assert.equal(place.posts.length, 2)
    },
  )

  const refusals: [title: string, handler: string | undefined, message: RegExp][] = [
    [
      'a missing file',
      'nope',
      /^The handler "nope" names no file of the deployment package: expected an executable .*\/task\/nope\. .* The executables there are: orders, with\.dot\.$/,
    ],
    [
      'a missing file with an export',
      'nope.create',
      /"nope\.create" names no file .* expected an executable .*\/task\/nope\. /,
    ],
    [
      'a file that is not executable',
      'data.txt',
      /names .*\/task\/data\.txt, which is not executable: .* chmod 755/,
    ],
    ['a folder', 'lib', /"lib" names no file/],
    [
      'a dot in a folder of the name',
      'v1.2/orders',
      /"v1\.2\/orders" names no file .* \/.*\/task\/v1\.2\/orders\. /,
    ],
    [
      'bootstrap itself',
      'bootstrap',
      /names bootstrap itself: expected an executable beside it.*orders, with\.dot/,
    ],
    ['an export of bootstrap', 'bootstrap.handler', /names bootstrap itself/],
    ['a way round to bootstrap', './bootstrap', /names bootstrap itself/],
    [
      'a name that climbs out',
      '../outside',
      /"\.\.\/outside" leads out of the deployment package: expected the name of an executable in /,
    ],
    ['a name that climbs out on a detour', 'lib/../../outside', /leads out of/],
    ['a name that ends in ..', 'lib/..', /leads out of/],
    ['an absolute name', '/bin/sh', /"\/bin\/sh" leads out of/],
    [
      'an empty name',
      '',
      /^_HANDLER is not set: expected the name of an executable in .* The executables there are: orders, with\.dot\.$/,
    ],
    ['a name that is not set', undefined, /^_HANDLER is not set/],
    ['nothing but a dot', '.', /"\." names no file/],
    [
      'quotes, backslashes and the characters of shells',
      `a"b\\c$(id)\`id\`'*?[x]%s%n`,
      /^The handler "a"b\\c\$\(id\)`id`'\*\?\[x\]%s%n" names no file/,
    ],
    [
      'tabs, line breaks and control characters',
      CONTROLS,
      new RegExp(`^The handler "${CONTROLS}" names no file`),
    ],
    ['other alphabets', 'é注文😀\u{10ffff}', /^The handler "é注文😀\u{10ffff}" names no file/u],
  ]
  for (const [title, handler, message] of refusals) {
    await context.test(`an init error, once, and exit status 1: ${title}`, async (subtest) => {
      const place = await fixture(subtest)
      // One that could be started, were it not refused.
      writeExecutable(join(place.taskRoot, '../outside'), '#!/bin/sh\necho escaped\n')
      const { status, stdout, stderr } = await run(shell, place, { _HANDLER: handler })
      assert.equal(status, 1)
      assert.equal(stdout, '')
      const [post, ...others] = place.posts
      assert.deepEqual(others, [])
      assert.ok(post, stderr)
      assert.equal(post.path, 'POST /2018-06-01/runtime/init/error')
      assert.equal(post.headers['lambda-runtime-function-error-type'], 'Runtime.HandlerNotFound')
      assert.equal(post.headers['content-type'], 'application/json')
      assert.equal(post.document.errorType, 'Runtime.HandlerNotFound')
      assert.deepEqual(post.document.trace, [])
      assert.match(post.document.errorMessage, message)
      assert.equal(stderr, `bootstrap: ${post.document.errorMessage}\n`)
    })
  }

  await context.test(
    'bytes that are not UTF-8 become U+FFFD, as a decoder of UTF-8 has it',
    async (subtest) => {
      const place = await fixture(subtest)
      for (const bytes of [
        [0xff],
        [0xc3],
        [0xc3, 0x28],
        [0xe2, 0x82],
        [0xe2, 0x82, 0x41],
        [0xf0, 0x9f, 0x98],
        [0xf0, 0x9f, 0x98, 0x80],
        [0xc0, 0x80],
        [0xe0, 0x80, 0x80],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf8, 0x88, 0x80, 0x80, 0x80],
        [0x80, 0xbf, 0xc3, 0xa9, 0xfe],
      ]) {
        await runWithHandlerBytes(shell, place, bytes)
        const decoded = Buffer.from([0x78, ...bytes, 0x79]).toString('utf8')
        const message = place.posts.pop()?.document.errorMessage ?? ''
        assert.ok(
          message.startsWith(`The handler "${decoded}" names`),
          `${bytes.map((byte) => byte.toString(16))}: ${message}`,
        )
      }
    },
  )

  for (const name of ['LAMBDA_TASK_ROOT', 'AWS_LAMBDA_RUNTIME_API']) {
    await context.test(`${name} that is not set gets a line on stderr`, async (subtest) => {
      const place = await fixture(subtest)
      const { status, stderr } = await run(shell, place, { _HANDLER: 'orders', [name]: undefined })
      assert.equal(status, 1)
      assert.match(
        stderr,
        new RegExp(
          `^bootstrap: ${name} is not set: expected .* Start this file on Lambda, or with: lambdabin invoke\\.\n$`,
        ),
      )
      assert.equal(place.posts.length, name === 'LAMBDA_TASK_ROOT' ? 1 : 0)
    })
  }

  await context.test('a Runtime API that does not answer is told of on stderr', async (subtest) => {
    const place = await fixture(subtest)
    const { status, stderr } = await run(shell, { ...place, address: '127.0.0.1:1' }, { _HANDLER: 'nope' })
    assert.equal(status, 1)
    assert.match(stderr, /^bootstrap: The handler "nope" names no file/)
    assert.match(stderr, /\nbootstrap: the Runtime API at 127\.0\.0\.1:1 did not take this error\n$/)
  })

  await context.test('a proxy of the environment is not asked', async (subtest) => {
    const place = await fixture(subtest)
    const proxy = 'http://127.0.0.1:1'
    await run(shell, place, { _HANDLER: 'nope', http_proxy: proxy, HTTP_PROXY: proxy, all_proxy: proxy })
    assert.equal(place.posts.length, 1)
  })

  for (const tool of ['curl', 'wget', 'bash', 'nc']) {
    const path = find(tool) ?? (tool === 'nc' ? find('busybox') : undefined)
    const skip = path === undefined ? `there is no ${tool} here` : false
    await context.test(`where there is only ${tool}, it posts the init error`, { skip }, async (subtest) => {
      const place = await fixture(subtest)
      const tools = join(place.taskRoot, '../tools')
      mkdirSync(tools)
      symlinkSync(path ?? '', join(tools, tool))
      const { status, stderr } = await run(shell, place, { _HANDLER: 'café', PATH: tools })
      assert.equal(status, 1)
      assert.equal(place.posts.length, 1, stderr)
      assert.match(place.posts[0]?.document.errorMessage ?? '', /^The handler "café" names no file/)
      assert.equal(place.posts[0]?.headers['lambda-runtime-function-error-type'], 'Runtime.HandlerNotFound')
    })
  }

  await context.test(
    'where there is no tool to post with, stderr has the error',
    { skip: shell.name === 'busybox' ? 'busybox may bring its own' : false },
    async (subtest) => {
      const place = await fixture(subtest)
      const { status, stderr } = await run(shell, place, { _HANDLER: 'nope', PATH: '/nowhere' })
      assert.equal(status, 1)
      assert.match(
        stderr,
        /^bootstrap: The handler "nope" names no file.*\nbootstrap: there is no curl, wget, bash or nc here/,
      )
      assert.deepEqual(place.posts, [])
    },
  )

  await context.test('a package of many files lists twenty', async (subtest) => {
    const place = await fixture(subtest)
    for (let count = 10; count < 60; count++) {
      writeExecutable(join(place.taskRoot, `function-${count}`), '')
    }
    await run(shell, place, { _HANDLER: 'nope' })
    const message = place.posts[0]?.document.errorMessage ?? ''
    assert.match(message, /: function-10, .*, function-29 and 32 more\.$/)
    assert.doesNotMatch(message, /function-30/)
  })

  await context.test('a package without an executable lists its files', async (subtest) => {
    const place = await fixture(subtest)
    for (const file of ['orders', 'with.dot']) {
      chmodSync(join(place.taskRoot, file), 0o644)
    }
    await run(shell, place, { _HANDLER: 'nope' })
    assert.match(
      place.posts[0]?.document.errorMessage ?? '',
      /There is no executable; the files there are: data\.txt, orders, with\.dot\.$/,
    )
  })
}

/** `x`, the bytes, `y`: Node.js cannot give a process a variable that is not UTF-8, so a shell does. */
async function runWithHandlerBytes(
  shell: Shell,
  { taskRoot, address }: Fixture,
  bytes: number[],
): Promise<void> {
  const octal = bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  const script = '_HANDLER=$(printf "x$1y"); export _HANDLER; shift; exec "$@"'
  const args = ['-c', script, 'sh', octal, shell.command, ...shell.args, join(taskRoot, 'bootstrap')]
  const child = spawn('/bin/sh', args, {
    env: { PATH: process.env.PATH, LAMBDA_TASK_ROOT: taskRoot, AWS_LAMBDA_RUNTIME_API: address },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  })
  await Promise.all([buffer(child.stderr), once(child, 'close')])
}

const bash = find('bash')
test('under bash, which Lambda has, an executable for another machine gives Runtime.InvalidEntrypoint', {
  skip: bash === undefined ? 'there is no bash here' : false,
}, async (context) => {
  const place = await fixture(context)
  writeExecutable(
    join(place.taskRoot, 'orders'),
    '\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0for no machine at all',
  )
  const shell = { name: 'bash', command: bash ?? '', args: ['--posix'] }
  const { status } = await run(shell, place, { _HANDLER: 'orders' })
  assert.equal(status, 1)
  const [post] = place.posts
  assert.equal(post?.document.errorType, 'Runtime.InvalidEntrypoint')
  assert.equal(post?.headers['lambda-runtime-function-error-type'], 'Runtime.InvalidEntrypoint')
  assert.match(post?.document.errorMessage ?? '', /orders cannot be executed \(status 126\).*architecture/)
})

const strace = find('strace')
test('starting the executable costs bootstrap no fork', {
  skip: strace === undefined ? 'there is no strace here' : false,
}, async (context) => {
  const place = await fixture(context)
  const log = join(place.taskRoot, '../strace')
  symlinkSync('/bin/true', join(place.taskRoot, 'quick'))
  execFileSync(strace ?? '', ['-f', '-o', log, '-e', 'trace=process', '/bin/sh', BOOTSTRAP], {
    env: {
      LAMBDA_TASK_ROOT: place.taskRoot,
      AWS_LAMBDA_RUNTIME_API: place.address,
      _HANDLER: 'quick.create',
    },
  })
  const calls = execFileSync('/bin/cat', [log], { encoding: 'utf8' })
  assert.doesNotMatch(calls, /\b(fork|vfork|clone3?)\(/)
  assert.equal(calls.match(/\bexecve\(/g)?.length, 2, calls)
})

const shellcheck = find('shellcheck')
test('shellcheck has nothing to say', {
  skip: shellcheck === undefined ? 'there is no shellcheck here' : false,
}, () => {
  execFileSync(shellcheck ?? '', ['--severity=style', BOOTSTRAP], { encoding: 'utf8' })
})
