/** Several invocations at once in one environment, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api, invoke, lambda, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'

useFixtures('environment')

function start(name = 'concurrent'): void {
  startFixture('environment', `environment.${name}`, { AWS_LAMBDA_MAX_CONCURRENCY: '4' })
}

interface Answered {
  name: string
  id: string
  contextTrace: string
  storeTrace: string
  environmentTrace: null
}

test('as many invocations run at once as Lambda allows, each over its own connection', async () => {
  start()
  const names = ['a', 'b', 'c', 'd']
  const answers = names.map((name) => invoke({ name, ms: 200 }, { requestId: `id-${name}` }))
  await lambda.printed(/(begins \w[\s\S]*){4}/)
  assert.doesNotMatch(lambda.output, /ends/)
  await Promise.all(answers)
  assert.equal(api.connections, 4)
})

test('each has its own context, log lines and trace id, and leaves the environment alone', async () => {
  start()
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const answers = names.map((name, index) =>
    invoke(
      { name, ms: 10 * (8 - index) },
      { requestId: `id-${name}`, headers: { 'Lambda-Runtime-Trace-Id': `Root=${name}` } },
    ),
  )
  for (const answer of await Promise.all(answers)) {
    const { name, id, contextTrace, storeTrace, environmentTrace } = answer.json<Answered>()
    assert.equal(answer.requestId, `id-${name}`)
    assert.deepEqual([id, contextTrace, storeTrace], [`id-${name}`, `Root=${name}`, `Root=${name}`])
    assert.equal(environmentTrace, null)
  }
  for (const name of names) {
    assert.match(lambda.output, new RegExp(`\tid-${name}\tINFO\tbegins ${name}\n`))
    assert.match(lambda.output, new RegExp(`\tid-${name}\tINFO\tends ${name}\n`))
  }
})

test('one that throws leaves the others alone, and the process goes on', async () => {
  start()
  const others = ['a', 'b', 'c'].map((name) => invoke({ name, ms: 100 }))
  const failing = await invoke({ name: 'x', fails: 'throws' })
  assert.equal(failing.kind, 'error')
  for (const answer of await Promise.all(others)) {
    assert.equal(answer.kind, 'response')
  }
  assert.equal((await invoke({ name: 'y' })).json<Answered>().name, 'y')
})

for (const fails of ['crashes', 'rejects'] as const) {
  test(`one that ${fails} without anybody catching it fails alone; the others are answered, and the process goes on`, async () => {
    start()
    const others = ['a', 'b', 'c'].map((name) => invoke({ name, ms: 300 }))
    await lambda.printed(/(begins \w[\s\S]*){3}/)
    const failing = await invoke({ name: 'x', fails }, { requestId: 'id-x' })
    assert.equal(failing.kind, 'error')
    assert.match(failing.json<{ errorMessage: string }>().errorMessage, new RegExp(`x ${fails}`))
    for (const answer of await Promise.all(others)) {
      assert.equal(answer.kind, 'response')
    }
    assert.equal((await invoke({ name: 'y' })).json<Answered>().name, 'y')
  })
}

test('a callback is answered at once: beside other invocations the event loop is never empty', async () => {
  start('concurrentCallback')
  const answers = [1, 2, 3, 4, 5].map((number) => invoke({ number }))
  assert.deepEqual(
    (await Promise.all(answers)).map((answer) => answer.json<{ number: number }>().number),
    [1, 2, 3, 4, 5],
  )
})
