import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixturePackage, temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runInvoke } from '../../support/emulator/invoke-process.ts'

// The fixture answers with its event.

test('invoke --http METHOD PATH sends an HTTP request, wherever the package is named', async (t) => {
  const path = fixturePackage(temporaryFolder(t))
  const http = ['--http', 'GET', '/orders/7?page=1', '--header', 'X-Id: 5', '--query', 'a=b=c']
  for (const args of [
    [path, ...http],
    [...http, path],
    ['--http=GET /orders/7', path, '--query', 'page=1', '--query', 'a=b=c', '--header', 'x-id:5'],
  ]) {
    const { status, stdout, stderr } = await runInvoke([...args, '--timeout', '60'])
    assert.equal(status, 0, stderr)
    const event = JSON.parse(stdout.toString())
    assert.equal(event.rawPath, '/orders/7')
    assert.equal(event.rawQueryString, 'page=1&a=b%3Dc')
    assert.deepEqual(event.queryStringParameters, { page: '1', a: 'b=c' })
    assert.equal(event.requestContext.http.method, 'GET')
    assert.equal(event.headers['x-id'], '5')
  }
})

test('invoke --sample sends a sample event, with what it is to carry', async (t) => {
  const path = fixturePackage(temporaryFolder(t))
  const { stdout } = await runInvoke([path, '--sample', 'sqs', '--body', '{"a":1}', '--timeout', '60'])
  assert.equal(JSON.parse(stdout.toString()).Records[0].body, '{"a":1}')
})

test('--print-event prints the event, takes no package, and what it prints is an event', async (t) => {
  const folder = temporaryFolder(t)
  const body = join(folder, 'body.bin')
  writeFileSync(body, Buffer.from([0xff, 0x00]))
  const { status, stdout, stderr } = await runInvoke([
    '--http',
    '/upload',
    '--body-file',
    body,
    '--print-event',
  ])
  assert.equal(status, 0, stderr)
  const event = JSON.parse(stdout.toString())
  assert.deepEqual([event.body, event.isBase64Encoded], ['/wA=', true])
  assert.equal(event.requestContext.http.method, 'POST')
  const piped = await runInvoke(['--sample', 'sns', '--body-file', '-', '--print-event'], {
    input: 'from a pipe',
  })
  assert.equal(JSON.parse(piped.stdout.toString()).Records[0].Sns.Message, 'from a pipe')
})

for (const [args, message] of [
  [['--http', 'GET'], /--http with a method and a path, .* but got "GET"/],
  [['--http', 'GET', 'orders'], /--http with a method and a path/],
  [['--http', 'FETCH', '/'], /an HTTP method, as GET or POST, but got "FETCH"/],
  [['--http', '/', '--header', 'x'], /--header 'NAME: VALUE', but got "x"/],
  [['--http', '/', '--sample', 'sqs'], /one of --http and --sample/],
  [['--http', '/', '--event', '{}'], /one of --event, --event-file, --http, --sample and -, /],
  [['--header', 'a: b'], /--http with --header/],
  [['--body', 'x'], /--http or --sample with a body/],
  [['--http', '/', '--body-file', '/nowhere'], /cannot read \/nowhere; check --body-file/],
  [['--sample', 'sqss'], /did you mean sqs\?/],
] as const) {
  test(`wrong usage is told in one sentence: invoke ${args.join(' ')}`, async () => {
    const { status, stdout, stderr } = await runInvoke([...args, '--print-event'])
    assert.equal(status, 2, stderr)
    assert.equal(stdout.toString(), '')
    assert.match(stderr, /^lambdabin: [^\n]+\n$/)
    assert.match(stderr, message)
  })
}
