import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { writeZip, type ZipEntry } from '../../support/emulator/fixture-package.ts'
import { fixtureZip, type LocalEmulator, ROLE, startEmulator } from '../../support/emulator/local-emulator.ts'
import { rewriteZip } from '../../support/emulator/rewritten-zip.ts'

const BOOTSTRAP: ZipEntry = { name: 'bootstrap', content: '#!/bin/sh\n' }
const FUNCTIONS = '/2015-03-31/functions'

interface Answer {
  status: number
  errorType: string | undefined
  body: string
}

async function send(
  { endpoint }: LocalEmulator,
  method: string,
  path: string,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(`${endpoint}${path}`, { method, headers, agent: false }, async (response) => {
      resolve({
        status: response.statusCode ?? 0,
        errorType: response.headers['x-amzn-errortype'] as string | undefined,
        body: await text(response),
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** An emulator in a folder of its own, beside which nothing may appear. */
async function start(
  context: TestContext,
  options = {},
): Promise<LocalEmulator & { around: () => string[] }> {
  const outer = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  context.after(() => rmSync(outer, { recursive: true, force: true }))
  mkdirSync(join(outer, 'state'))
  const emulator = await startEmulator(context, { folder: join(outer, 'state'), ...options })
  return { ...emulator, around: () => readdirSync(outer) }
}

function createBody(zip: Buffer, more: object = {}): string {
  return JSON.stringify({
    FunctionName: 'orders',
    Runtime: 'provided.al2023',
    Role: ROLE,
    Handler: 'misbehaving',
    Code: { ZipFile: zip.toString('base64') },
    ...more,
  })
}

async function zipOf(
  context: TestContext,
  entries: ZipEntry[],
  change?: (path: string) => void,
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'hostile.zip')
  await writeZip(path, entries)
  change?.(path)
  return readFileSync(path)
}

test('a zip that would write elsewhere, or too much, is refused, and nothing of it is left', async (context) => {
  const emulator = await start(context)
  const link = (target: string): ZipEntry => ({ name: 'link', content: target, mode: 0o120777 })
  const file = (name: string): ZipEntry => ({ name, content: 'x' })
  const zips: Record<string, Buffer> = {
    'a path that climbs out': await zipOf(context, [BOOTSTRAP, file('xx/evil')], (path) =>
      rewriteZip(path, 'xx/evil', { name: '../evil' }),
    ),
    'an absolute path': await zipOf(context, [BOOTSTRAP, file('xtmp/evil')], (path) =>
      rewriteZip(path, 'xtmp/evil', { name: '/tmp/evil' }),
    ),
    'a link that climbs out': await zipOf(context, [BOOTSTRAP, link('../../outside')]),
    'an absolute link': await zipOf(context, [BOOTSTRAP, link('/etc/passwd')]),
    'a file through a link': await zipOf(context, [BOOTSTRAP, link('..'), file('link/evil')]),
    'a bomb that admits it': await zipOf(context, [
      BOOTSTRAP,
      { name: 'zeros', content: Buffer.alloc(300_000_000) },
    ]),
    'a bomb that does not': await zipOf(
      context,
      [BOOTSTRAP, { name: 'zeros', content: Buffer.alloc(50_000_000) }],
      (path) => rewriteZip(path, 'zeros', { uncompressedSize: 10 }),
    ),
    'no bootstrap': await zipOf(context, [file('orders')]),
    'no zip at all': Buffer.from('PK\x03\x04 and nothing else'),
  }
  for (const [what, zip] of Object.entries(zips)) {
    const answer = await send(emulator, 'POST', FUNCTIONS, { body: createBody(zip) })
    assert.equal(answer.status, 400, what)
    assert.equal(answer.errorType, 'InvalidParameterValueException', what)
    const { message } = JSON.parse(answer.body)
    assert.match(message, /^Could not unzip uploaded file/, what)
    assert.doesNotMatch(message, /lambdabin-test|\n/, `${what}: no path of this machine, one line`)
    assert.deepEqual(readdirSync(emulator.state.work), [], what)
    assert.deepEqual(readdirSync(emulator.state.functions), [], what)
    assert.deepEqual(emulator.around(), ['state'], what)
  }
  assert.equal(
    (await send(emulator, 'POST', FUNCTIONS, { body: createBody(await fixtureZip()) })).status,
    201,
  )
})

test('a request for another host is refused: a web page may have pointed its name at this machine', async (context) => {
  const emulator = await start(context)
  const { port } = new URL(emulator.endpoint)
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.',
    '127.0.0.1.evil.example',
    'orders',
    '192.168.1.2',
    `localhost.evil.example:${port}`,
  ]) {
    for (const path of [FUNCTIONS, '/url/orders/', '/lambdabin/code/orders']) {
      const { status, errorType } = await send(emulator, 'GET', path, { headers: { Host: host } })
      assert.equal(status, 403, `${host} ${path}`)
      assert.equal(errorType, 'AccessDeniedException')
    }
  }
  for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    assert.equal((await send(emulator, 'GET', FUNCTIONS, { headers: { Host: host } })).status, 200, host)
  }
})

test('a request line may name the host, as for a proxy, and no other host than the header', async (context) => {
  const emulator = await start(context)
  const { host } = new URL(emulator.endpoint)
  const ask = async (target: string): Promise<number> =>
    await new Promise((resolve, reject) => {
      const request = httpRequest(emulator.endpoint, { path: target, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      request.on('error', reject)
      request.end()
    })
  assert.equal(await ask(`http://${host}${FUNCTIONS}`), 200)
  assert.equal(await ask(`HTTP://${host.toUpperCase()}${FUNCTIONS}?MaxItems=1`), 200)
  assert.equal(await ask(`http://evil.example${FUNCTIONS}`), 400)
  assert.equal(await ask(`http://${host}`), 404)
})

test('what a browser sends for a page does not reach the API', async (context) => {
  const emulator = await start(context)
  const page = [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://localhost:3000' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ]
  for (const headers of page) {
    const body = createBody(await fixtureZip())
    const { status } = await send(emulator, 'POST', FUNCTIONS, {
      headers: { ...headers, 'Content-Type': 'text/plain' } as Record<string, string>,
      body,
    })
    assert.equal(status, 403, JSON.stringify(headers))
  }
  assert.deepEqual(readdirSync(emulator.state.functions), [])
})

test('bodies over the limits are refused with 413, and the emulator goes on', async (context) => {
  const emulator = await start(context)
  await send(emulator, 'POST', FUNCTIONS, { body: createBody(await fixtureZip()) })
  const cases: [string, string, number][] = [
    ['POST', FUNCTIONS, 70_167_212],
    ['POST', `${FUNCTIONS}/orders/invocations`, 6 * 1024 * 1024 + 1],
    ['PUT', `${FUNCTIONS}/orders/configuration`, 1024 * 1024 + 1],
    ['POST', '/url/orders/', 6 * 1024 * 1024 + 1],
  ]
  for (const [method, path, bytes] of cases) {
    const answer = await send(emulator, method, path, { body: Buffer.alloc(bytes, ' ') })
    assert.equal(answer.status, 413, path)
    assert.equal(answer.errorType, 'RequestTooLargeException', path)
  }
  assert.equal((await send(emulator, 'POST', `${FUNCTIONS}/orders/invocations`, { body: '1' })).body, '1')
})

test('a zip of more than 50 MB is refused', async (context) => {
  const emulator = await start(context)
  const body = createBody(Buffer.alloc(50 * 1024 * 1024 + 1))
  const answer = await send(emulator, 'POST', FUNCTIONS, { body })
  assert.equal(answer.status, 413)
  assert.match(JSON.parse(answer.body).message, /52428800 bytes at most/)
})

test('bodies that are not what they should be are refused', async (context) => {
  const emulator = await start(context)
  await send(emulator, 'POST', FUNCTIONS, { body: createBody(await fixtureZip()) })
  for (const body of [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '{"FunctionName":{"a":1}}',
    '{"FunctionName":"__proto__"}',
    '\xff',
  ]) {
    const { status, errorType } = await send(emulator, 'POST', FUNCTIONS, { body })
    assert.equal(status, 400, body)
    assert.match(errorType ?? '', /Exception$/, body)
  }
  for (const event of ['{"a":', 'nope', Buffer.from([0x22, 0xff, 0x22]), '{} {}']) {
    const path = `${FUNCTIONS}/orders/invocations`
    const { status, errorType } = await send(emulator, 'POST', path, { body: event })
    assert.equal(status, 400, String(event))
    assert.equal(errorType, 'InvalidRequestContentException')
  }
})

test('paths that lead nowhere are refused, and never to a file', async (context) => {
  const emulator = await start(context)
  const paths = [
    '/',
    '/2015-03-31/functions/..%2f..%2fetc%2fpasswd',
    '/2015-03-31/functions/%2e%2e/invocations',
    '/2015-03-31/functions/%zz',
    '/lambdabin/code/..%2f..%2fstate',
    '/lambdabin/code/../../../etc/passwd',
    '/url/..%2f..%2f/',
    '/url/__proto__/',
    '/2015-03-31/functions/constructor',
    `/2015-03-31/functions/${'x'.repeat(5000)}`,
    'http://evil.example/2015-03-31/functions',
  ]
  for (const path of paths) {
    const { status, body } = await send(emulator, 'GET', path.startsWith('/') ? path : `/${path}`)
    assert.ok(status === 404 || status === 400, `${path}: ${status}`)
    assert.ok(body.length < 1000, path)
  }
})

test('a client that sends slowly, or never ends, is cut off, while others are served', async (context) => {
  const emulator = await start(context, { requestTimeoutMs: 1000 })
  const { hostname, port } = new URL(emulator.endpoint)
  const head = `POST ${FUNCTIONS} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`
  const slow = [
    ['in its headers', 'POST / HTTP/1.1\r\nHost: x'],
    ['in its body', `${head}Content-Length: 1000\r\n\r\n{"half":`],
    ['in its chunks', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`],
  ] as const
  const cut = slow.map(async ([what, begin]) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    const answer = text(socket).catch(() => '')
    socket.write(begin)
    const drip = setInterval(() => socket.writable && socket.write(' '), 200)
    const said = await answer
    clearInterval(drip)
    assert.match(said, /^(HTTP\/1\.1 40[08] |$)/, what)
  })
  assert.equal((await send(emulator, 'GET', FUNCTIONS)).status, 200)
  await Promise.all(cut)
})

test('bytes that are not HTTP are answered with 400 or nothing', async (context) => {
  const emulator = await start(context)
  const { hostname, port } = new URL(emulator.endpoint)
  for (const bytes of [
    '\x16\x03\x01\x02\x00',
    'GET\r\n\r\n',
    `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
  ]) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.end(bytes, 'latin1')
    assert.match(await text(socket).catch(() => ''), /^(HTTP\/1\.1 4\d\d |$)/)
  }
  assert.equal((await send(emulator, 'GET', FUNCTIONS)).status, 200)
})
