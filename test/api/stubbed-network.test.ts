/** `stub` of the API and of the command line: who answers what a function asks others, when it is run on this machine. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createLocalLambda, invoke } from '../../src/api.ts'
import { fixturePackage, temporaryFolder } from '../support/emulator/fixture-package.ts'
import { buildFunction, fixturePath } from '../support/projects/built-function.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'
import {
  findOtherNode,
  NO_OTHER_NODE,
  OTHER_RELEASES,
  type OtherRelease,
} from '../support/projects/other-node.ts'

const STUBS = [
  { request: 'https://api.example.com', response: { body: 'of the stub' } },
  { request: 'GET http://plain.example.com/*', response: { status: 201, body: 'of the other' } },
  {
    request: 'POST https://dynamodb.*.amazonaws.com',
    headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    body: { Key: { id: { S: '7' } } },
    response: { body: { Item: { id: { S: '7' }, total: { N: '44' } } } },
  },
]
const WAYS = [
  ['fetch', 'https://api.example.com/orders'],
  ['https', 'https://api.example.com/orders?n=1'],
  ['https with an authority', 'https://api.example.com'],
  ['http2', 'https://api.example.com'],
  ['thread', 'https://api.example.com'],
  ['http', 'http://plain.example.com/'],
  ['sdk', ''],
  ['https', 'https://api.example.com:8443/'],
  ['no one, in a thread', ''],
  ['no one', ''],
]
const ANSWERS = [
  ...Array(5).fill('of the stub'),
  'of the other',
  { id: '7', total: 44 },
  'There is no answer to this request in the file of stubs.',
  'in a thread',
  'no options',
]

for (const options of [[], ['--init', 'build'], ...OTHER_RELEASES.map((release) => ['--node', release])]) {
  const [, which] = options
  const isRelease = OTHER_RELEASES.some((release) => release === which)
  const title = `stubs answer what an executable asks others${which === undefined ? '' : `, of ${options.join(' ')}`}`
  test(title, { skip: isRelease && NO_OTHER_NODE }, async (t) => {
    const given = isRelease ? ['--node', findOtherNode(which as OtherRelease)] : options
    const built = await buildFunction('asks-others', ...given)
    t.after(built.remove)
    // Node.js itself ends in threads of such a program that load `net`.
    const isLeftOut = ([way]: readonly string[]) => which === 'build' && way === 'thread'
    const event = WAYS.filter((way) => !isLeftOut(way))
    const result = await invoke({ package: built.zip, event, stub: STUBS, timeout: 60, memory: 512 })
    assert.ok(result.ok, result.ok ? '' : `${result.error.stack}\n${result.logs}`)
    assert.deepEqual(
      result.payload,
      ANSWERS.filter((_, index) => !isLeftOut(WAYS[index] as string[])),
    )
    assert.equal(result.logs.match(/Warning/i), null)
    const requests = result.requests ?? []
    const [first] = requests
    assert.equal(first?.method, 'POST')
    assert.equal(first?.url, 'https://api.example.com/orders')
    assert.equal(first?.headers['content-type'], 'text/plain;charset=UTF-8')
    assert.equal(first?.body.toString(), 'a=1')
    assert.deepEqual(
      requests.filter(({ isAnswered }) => !isAnswered).map(({ method, url }) => `${method} ${url}`),
      ['GET https://api.example.com:8443/'],
    )
  })
}

test('this machine is reached as ever, the function’s own NODE_OPTIONS hold, and without stubs nothing is led elsewhere', async (t) => {
  const server = createServer((_, response) => response.end('of this machine')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const own = `http://localhost:${(server.address() as AddressInfo).port}/`
  const built = await buildFunction('asks-others')
  t.after(built.remove)
  const event = [
    ['http', own],
    ['no one', ''],
    ['fetch', 'https://nobody.invalid/'],
  ]
  const env = { NODE_OPTIONS: '--no-deprecation --max-old-space-size=90' }
  const run = { package: built.folder, event, env, timeout: 60 }
  const stubbed = await invoke({ ...run, stub: [] })
  assert.deepEqual(stubbed.ok && stubbed.payload, [
    'of this machine',
    env.NODE_OPTIONS,
    'There is no answer to this request in the file of stubs.',
  ])
  const plain = await invoke(run)
  assert.equal(plain.requests, undefined)
  assert.match(String(plain.ok && (plain.payload as string[])[2]), /ENOTFOUND|EAI_AGAIN/)
})

test('stubs hold for functions of a local Lambda, which tells once what nothing answers', async (t) => {
  const notices: string[] = []
  const cwd = temporaryFolder(t)
  writeFiles(cwd, { 'package.json': {}, 'stubs.json': STUBS })
  const created = await createLocalLambda({
    ...{ cwd, watch: fixturePath('asks-others.ts'), stub: 'stubs.json', timeout: 60 },
    onNotice: (message) => notices.push(message),
  })
  assert.ok(created.ok, created.ok ? '' : created.error.stack)
  const { lambda } = created
  t.after(() => lambda.close())
  for (let time = 0; time < 2; time++) {
    const result = await lambda.invoke('asks-others', WAYS)
    assert.deepEqual(result.ok ? result.payload : result.error, ANSWERS)
  }
  assert.equal(lambda.requests.length, 2 * (WAYS.length - 2))
  const told = notices.filter((notice) => notice.includes('no answer'))
  assert.equal(told.length, 1)
  assert.match(String(told[0]), /stubs\.json .*\n\n- request: GET https:\/\/api\.example\.com:8443\/\n/)
})

for (const sandbox of ['', 'modules']) {
  test(`invoke --stub ends with what nothing answers, as entries for the file${sandbox && ', where modules are confined'}`, async (t) => {
    const built = await buildFunction('asks-others')
    t.after(built.remove)
    const cwd = temporaryFolder(t)
    writeFiles(cwd, { 'stubs.json': STUBS })
    const event = JSON.stringify([
      ['fetch', 'https://api.example.com'],
      ['http', 'http://other.example.com/a?b=1'],
    ])
    const ran = await runLambdabin(
      ['invoke', built.zip, '--stub', 'stubs.json', '--event', event, '--timeout', '60'],
      {
        ...{ cwd, env: { LAMBDABIN_SANDBOX: sandbox } },
      },
    )
    assert.equal(ran.status, 0, ran.stderr)
    assert.deepEqual(JSON.parse(ran.stdout), ['of the stub', ANSWERS[7]])
    assert.ok(
      ran.stderr.endsWith(
        'lambdabin: 1 request of the function has no answer in stubs.json and got the status 404; add what follows to it, with its response:\n\n' +
          '- request: GET http://other.example.com/a\n  response:\n    body: {}\n',
      ),
      ran.stderr,
    )
  })
}

for (const [stub, message] of [
  ['gone.yaml', /^stub expects a file of stubs, and .*gone\.yaml cannot be read; check the path$/],
  [[{ request: 'nowhere' }], /^stub expects stubs, and request 1 of the list should name a method and a URL/],
  [7, /^stub expects a file of stubs, and got 7$/],
] as const) {
  test(`stubs that are none are a mistake in use: ${JSON.stringify(stub)}`, async (t) => {
    const given = fixturePackage(temporaryFolder(t))
    const result = await invoke({ package: given, stub: stub as never })
    assert.equal(!result.ok && result.error.code, 'USAGE')
    assert.match(result.ok ? '' : result.error.message, message)
  })
}
