/** Requests that a function makes while it is built are answered from a file. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { build } from '../../../src/api/build.ts'
import { fixturePath } from '../../support/projects/built-function.ts'
import { temporaryFiles } from '../../support/projects/files.ts'

const STUB = fixturePath('asking-stubs.yaml')

/** Builds the fixture for an event. */
async function buildFor(
  t: Parameters<typeof temporaryFiles>[0],
  event: object,
  stub: string | undefined,
  { init, connect }: { init?: 'build'; connect?: string[] } = {},
) {
  const folder = temporaryFiles(t, { 'event.json': JSON.stringify(event) })
  const result = await build({
    functions: [fixturePath('asking.ts')],
    event: `${folder}/event.json`,
    ...(stub && { stub }),
    ...(init && { init }),
    ...(connect && { connect }),
    outDir: `${folder}/dist`,
    config: false,
    notices: false,
  })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  const [built] = result.functions
  assert.ok(built)
  return built
}

const WHOLE = { id: 'o-1842', more: 'https://api.example.com/orders/1' }

test('an AWS SDK, fetch, http and http2 get their answers over TLS, and the handler goes on to its end', async (t) => {
  const built = await buildFor(t, WHOLE, STUB)
  assert.deepEqual([built.notes, built.unanswered], [[], []])
})

test('with --init build, too', async (t) => {
  const built = await buildFor(t, WHOLE, STUB, { init: 'build' })
  assert.deepEqual([built.notes, built.unanswered], [[], []])
})

test('what has no answer is named, ready for the file', async (t) => {
  const built = await buildFor(t, { id: 'o-1842', more: 'https://other.example/a?b=c' }, STUB)
  assert.deepEqual(built.unanswered.length, 1)
  assert.match(built.unanswered[0] ?? '', /^- request: POST https:\/\/other\.example\/a\n[\s\S]*response:/)
  assert.match(built.notes.join('\n'), /failed on a sample event \(Error: not as expected/)
  assert.match(built.notes.join('\n'), /1 request of the function has no answer in .*asking-stubs\.yaml/)
})

test('a file of stubs that is not as it should be ends the build in a sentence', async (t) => {
  const folder = temporaryFiles(t, { 'stubs.yaml': 'orders' })
  const result = await build({
    functions: [fixturePath('asking.ts')],
    stub: `${folder}/stubs.yaml`,
    config: false,
  })
  assert.match(
    result.ok ? '' : result.error.message,
    /^expects? .*stub.* a file of stubs, and .*should be a list|stub.*expects a file of stubs, and .*should be a list/,
  )
})

/** The hosts that an executable says it connects to, in another region than the build's. */
function connectsTo(executable: string): string[] {
  const { stderr, stdout } = spawnSync(executable, ['--lambdabin-self-test'], {
    encoding: 'utf8',
    env: { AWS_REGION: 'eu-central-1' },
    timeout: 60_000,
  })
  return [...`${stdout}${stderr}`.matchAll(/lambdabin: connecting to (\S+): /g)].map(([, host = '']) => host)
}

for (const init of [undefined, 'build'] as const) {
  test(`the hosts that it calls in the build are found, and connected to in the function's region${init ? ', with --init build' : ''}`, async (t) => {
    const connect = ['other.example:8443', 'found', 'api.example.com']
    const built = await buildFor(t, WHOLE, STUB, { connect, ...(init && { init }) })
    // What is asked for over HTTP, and over HTTP/2, goes over no such connection.
    assert.deepEqual(built.foundHosts, ['dynamodb.{region}.amazonaws.com', 'api.example.com'])
    assert.deepEqual(built.notes, [])
    assert.deepEqual(connectsTo(`${built.folder}/asking`).toSorted(), [
      'api.example.com',
      'dynamodb.eu-central-1.amazonaws.com',
      'other.example:8443',
    ])
  })
}

test('where none is found, the build says so, and none is connected to', async (t) => {
  const folder = temporaryFiles(t, {
    'quiet.ts': 'export const handler = async (event: unknown) => event',
    'event.json': '{}',
  })
  const result = await build({
    functions: [`${folder}/quiet.ts`],
    event: `${folder}/event.json`,
    stub: STUB,
    connect: ['found'],
    outDir: `${folder}/dist`,
    config: false,
  })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  const [built] = result.functions
  assert.match(built?.notes.join('\n') ?? '', /the function called no host over HTTPS as it was run/)
  assert.deepEqual(connectsTo(`${built?.folder}/quiet`), [])
})

test('hosts are found by a run that has an event and answers', async (t) => {
  const folder = temporaryFiles(t, { 'event.json': '{}' })
  for (const options of [{}, { stub: STUB }, { event: `${folder}/event.json` }]) {
    const result = await build({
      functions: [fixturePath('asking.ts')],
      connect: ['found'],
      outDir: `${folder}/dist`,
      config: false,
      ...options,
    })
    assert.match(
      result.ok ? '' : result.error.message,
      /--connect found is for the hosts that asking calls .*; give --event and --stub, or name the hosts$/,
    )
  }
})
