import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  compileC,
  hasCommand,
  type Measurement,
  type RunOptions,
  type Runtime,
  runUnderServer,
} from '../../scripts/bench/runtime-api-server.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/bench/runtime.mjs', import.meta.url))
const skip = hasCommand('cc', '--version') ? false : 'there is no cc to compile the server with'
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(folder, { recursive: true }))
const server = skip ? '' : compileC('runtime-api-server', folder)

function fixture(...args: string[]): Runtime {
  return { command: [process.execPath, FIXTURE, ...args], env: {}, cwd: folder, event: '{"text":"Hello"}' }
}

function measure(runtime: Runtime, options: Partial<RunOptions> = {}): Promise<Measurement> {
  return runUnderServer(server, runtime, { invocations: 30, cpu: undefined, ...options })
}

/** What the server says about a runtime that it does not go on with. */
async function refusal(runtime: Runtime): Promise<string> {
  const error = await measure(runtime).then(
    () => assert.fail('the server took it'),
    (reason) => reason,
  )
  assert.equal(error.code, 1)
  assert.equal(error.stdout, '')
  return error.stderr
}

test('a runtime gets the event and the headers of Lambda, and 202 for its response', { skip }, async () => {
  const { firstResponse, invocations } = await measure(
    { ...fixture(), event: '{"list":[1,"two"]}' },
    { invocations: 3 },
  )
  const { event, status, headers } = JSON.parse(firstResponse)
  assert.equal(invocations, 3)
  assert.deepEqual(event, { list: [1, 'two'] })
  assert.equal(status, 'HTTP/1.1 200 OK')
  assert.match(headers['lambda-runtime-aws-request-id'], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  const left = Number(headers['lambda-runtime-deadline-ms']) - Date.now()
  assert.ok(left > -60_000 && left <= 3000, `${left} ms`)
  assert.match(headers['lambda-runtime-invoked-function-arn'], /^arn:aws:lambda:/)
  assert.match(headers['lambda-runtime-trace-id'], /^Root=/)
})

test('a latency holds what the runtime slept, and a start what it slept before it connected', {
  skip,
}, async () => {
  const sleeping = await measure(fixture('sleep', '20'))
  assert.ok(sleeping.p50Us >= 19_500 && sleeping.p99Us >= sleeping.p50Us, JSON.stringify(sleeping))
  assert.ok(sleeping.firstResponseMs - sleeping.firstNextMs >= 19.5)
  assert.ok(sleeping.perSecond <= 1000 / 19.5)
  const late = await measure(fixture('sleep-start', '200'), { invocations: 3 })
  assert.ok(late.firstNextMs >= 199, JSON.stringify(late))
})

test('sleeping costs no CPU time, and computing does', { skip }, async () => {
  const sleeping = await measure(fixture('sleep', '50'))
  assert.ok(sleeping.cpuMsCheckpoint < 29 * 50, 'less than it slept')
  const computing = await measure(fixture('spin', '20'))
  assert.ok(computing.cpuMsCheckpoint >= 29 * 19, JSON.stringify(computing))
  assert.ok(computing.cpuMsStart >= 19)
  assert.ok(computing.serverCpuMs < computing.cpuMsCheckpoint)
})

test('CPU time before and after the 2,000th invocation is told apart', { skip }, async () => {
  const short = await measure(fixture())
  assert.equal(short.cpuMsAll, 0)
  const long = await measure(fixture(), { invocations: 2500 })
  assert.equal(long.invocations, 2500)
  assert.ok(long.cpuMsCheckpoint > 0 && long.cpuMsAll > 0, JSON.stringify(long))
})

test('peak memory grows by what the runtime allocates, and not before it does', { skip }, async () => {
  const { peakKiBEarly, peakKiB } = await measure(fixture('grow', '64'), { invocations: 40 })
  assert.ok(peakKiBEarly > 1024)
  assert.ok(peakKiB - peakKiBEarly >= 60 * 1024, `${peakKiBEarly} to ${peakKiB} KiB`)
})

test('a run ends when its time is up', { skip }, async () => {
  const { invocations } = await measure(fixture('sleep', '20'), { invocations: 1000, seconds: 1 })
  assert.ok(invocations > 1 && invocations <= 51, `${invocations}`)
})

test('the runtime runs on the CPU it is pinned to', { skip }, async () => {
  const { firstResponse } = await measure(fixture(), { cpu: 0, invocations: 1 })
  assert.equal(JSON.parse(firstResponse).cpus, '0')
})

test('a response may come in chunks', { skip }, async () => {
  const { firstResponse, invocations } = await measure(fixture('chunked'))
  assert.equal(invocations, 30)
  assert.match(firstResponse, /^[0-9a-f]+\r\n\{.*\}\r\n0\r\n\r\n$/s)
})

test('a runtime that ends early is told apart by how it ended', { skip }, async () => {
  assert.equal(await refusal(fixture('exit', '3')), 'runtime-api-server: the runtime exited with status 3\n')
  assert.equal(
    await refusal(fixture('signal', 'SIGTERM')),
    'runtime-api-server: the runtime was ended by signal 15\n',
  )
  const missing = { ...fixture(), command: ['/nowhere/runtime'] as const }
  assert.match(
    await refusal(missing),
    /^runtime-api-server: \/nowhere\/runtime: No such file or directory\n.* status 127\n$/,
  )
})

test('what Lambda would not take is refused', { skip }, async () => {
  const expected = 'runtime-api-server: expected'
  const response = `${expected} the response to the current invocation, and the runtime sent POST /2018-06-01`
  assert.ok(
    (await refusal(fixture('path', '/2018-06-01/runtime/invocation/{id}/error'))).startsWith(response),
  )
  assert.ok(
    (await refusal(fixture('path', '/2018-06-01/runtime/invocation/another/response'))).startsWith(response),
  )
  assert.equal(
    await refusal(fixture('raw', 'EHLO lambda\r\n\r\n')),
    `${expected} a GET or POST request, and the runtime sent EHLO lambda\r\n\r\n\n`,
  )
  assert.equal(
    await refusal(fixture('raw', 'GET / HTTP/1.1\r\n\r\n')),
    `${expected} GET /2018-06-01/runtime/invocation/next, and the runtime sent GET / HTTP/1.1\n`,
  )
  assert.match(await refusal(fixture('raw', `GET /${'x'.repeat(70_000)}`)), /a request of at most 64 KiB/)
  assert.match(await refusal(fixture('twice')), /a response to the invocation before/)
})
