/** Which handler a setting names, and when a handler is done, over raw sockets against built executables. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  api,
  assertGoesOn,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'

// AWS's client takes a handler for what it returns, and knows no nested ones here.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

useFixtures('contract', 'open-handles', { name: 'orders-class', file: 'orders-class.cjs' })

describe('a handler setting names', { skip }, () => {
  for (const [fixture, setting, event, expected] of [
    ['contract', 'contract.api.create', { id: 1 }, { created: { id: 1 } }],
    ['contract', 'contract.api.deeper.remove', { id: 1 }, { removed: { id: 1 } }],
    ['contract', 'contract.orders.handle', { id: 1 }, 'order 1'],
    ['contract', 'contract.orders.inherited', { id: 1 }, 'order 1'],
    ['orders-class', 'orders-class', { id: 2 }, 'order 2'],
    ['orders-class', 'orders-class.handler', { id: 2 }, 'order 2'],
    ['orders-class', 'orders-class.inherited', { id: 2 }, 'order 2'],
    ['orders-class', 'orders-class.made', { id: 2 }, 'made 2'],
  ] as const) {
    test(setting, async () => {
      startFixture(fixture, setting)
      assert.deepEqual((await invoke(event)).json(), expected)
    })
  }

  test('none of what every object has, and then says what there is', async () => {
    for (const [fixture, setting] of [
      ['orders-class', 'orders-class.constructor'],
      ['orders-class', 'orders-class.toString'],
      ['contract', 'contract.api.hasOwnProperty'],
      ['contract', 'contract.api.__proto__.toString'],
      ['contract', 'contract.api.missing'],
    ] as const) {
      startFixture(fixture, setting)
      await lambda.exit()
      const { errorType, errorMessage } = JSON.parse(api.initErrors.at(-1)?.body.toString() ?? '{}')
      assert.equal(errorType, 'Runtime.HandlerNotFound', setting)
      assert.match(errorMessage, fixture === 'contract' ? /contract\.api\.create/ : /exports/)
    }
  })
})

for (const open of ['a timer', 'nothing']) {
  describe(`where the module keeps ${open} open, a handler`, { skip }, () => {
    const start = (name?: string) =>
      startFixture('open-handles', name ? `open-handles.${name}` : 'open-handles', { OPEN: open })

    test('that returns nothing is answered with null, at once', async () => {
      start()
      for (const number of [1, 2, 3]) {
        const before = performance.now()
        assert.equal((await invoke({ number })).json(), null)
        // The module's timer goes on for a minute; a busy machine may take a while.
        assert.ok(performance.now() - before < 20_000, 'it took 20 seconds')
      }
      await assertGoesOn()
    })

    test('that returns nothing, and could still call context.succeed, is answered with null', async () => {
      start('withContext')
      assert.equal((await invoke({})).json(), null)
      assert.equal(/had nothing at work for 1000 ms/.test(lambda.output), open === 'a timer')
    })

    test('that returns nothing is done when what it began is', async () => {
      start('worksOn')
      assert.equal((await invoke({})).json(), null)
      assert.match(lambda.output, /worked on/)
    })

    for (const name of [
      ...['succeedsLater', 'succeedsAtOnce', 'succeedsInMicrotask', 'succeedsFromThread'],
      ...['callsBack', 'callsBackThroughRest', 'returnsTimer'],
    ]) {
      test(`is answered as it wants to be: ${name}`, async () => {
        start(name)
        for (const event of [{ number: 1 }, { number: 2 }]) {
          assert.deepEqual((await invoke(event)).json(), event)
        }
      })
    }

    test('that returns a server is answered by context.succeed', async () => {
      start('proxies')
      for (const path of ['first', 'second']) {
        assert.deepEqual((await invoke({ path })).json(), { statusCode: 200, body: `at /${path}` })
      }
    })

    test('that returns what is at work, and nothing else, is answered with null when it is over', async () => {
      start('returnsTimerOnly')
      assert.equal((await invoke({})).json(), null)
      assert.match(lambda.output, /worked on/)
    })

    test('that returns what says how to be JSON is answered with that', async () => {
      start('returnsDocument')
      assert.deepEqual((await invoke({})).json(), { id: 1 })
    })
  })
}

test('a rejection that nobody handles, of a promise that was left behind, is an invocation error', {
  skip,
}, async () => {
  for (const handler of ['losesRejection', 'losesRejectionLater']) {
    startFixture('contract', `contract.${handler}`)
    const answer = await invoke({})
    assert.equal(answer.json<{ errorType: string }>().errorType, 'Runtime.UnhandledPromiseRejection', handler)
    assert.equal((await lambda.exit()).code, 128)
  }
})

test('a rejection that is handled before the handler is done is nobody’s business', { skip }, async () => {
  startFixture('contract', 'contract.handlesRejection')
  for (const number of [1, 2, 3]) {
    assert.deepEqual((await invoke({ number })).json(), { number })
  }
  await assertGoesOn()
})

test('the trace id is an environment variable as any', { skip }, async () => {
  startFixture('contract', 'contract.traceVariable')
  const traceId = 'Root=1-00000000-000000000000000000000000'
  const facts = (await invoke({}, { headers: { 'Lambda-Runtime-Trace-Id': traceId } })).json()
  assert.deepEqual(facts, {
    read: traceId,
    inside: true,
    listed: true,
    copied: traceId,
    kept: traceId,
    ofChild: traceId,
    changed: ['set', 'deleted: true', null],
    others: ['PATH is there', 'SET is set', 'UNSET is gone'],
  })
  const without = (await invoke({}, { headers: { 'Lambda-Runtime-Trace-Id': undefined } })).json<object>()
  assert.deepEqual(without, {
    ...(facts as object),
    read: null,
    inside: false,
    listed: false,
    copied: null,
    kept: null,
    ofChild: '',
  })
})
