/** Requests that a function makes while it is built are answered from a file. */

import assert from 'node:assert/strict'
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
  init?: 'build',
) {
  const folder = temporaryFiles(t, { 'event.json': JSON.stringify(event) })
  const result = await build({
    functions: [fixturePath('asking.ts')],
    event: `${folder}/event.json`,
    ...(stub && { stub }),
    ...(init && { init }),
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
  const built = await buildFor(t, WHOLE, STUB, 'build')
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
