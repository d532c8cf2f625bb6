import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findHandler } from '../../../src/runtime/handler/find-handler.ts'
import { HandlerCall, type HandlerFunction } from '../../../src/runtime/handler/handler.ts'
import { ENVIRONMENT } from '../../support/runtime-api/lambda-environment.ts'

const FACTS = {
  requestId: 'id',
  deadlineMs: 0,
  invokedFunctionArn: '',
  traceId: undefined,
  clientContext: undefined,
  identity: undefined,
  tenantId: undefined,
}

/** Calls a handler, with an event loop that is empty once every microtask and immediate has run. */
async function call(handler: HandlerFunction, event: unknown = {}): Promise<unknown> {
  const running = new HandlerCall(ENVIRONMENT, FACTS)
  running.start(handler, event)
  setTimeout(() => running.eventLoopIsEmpty(), 20)
  return running.result
}

/** Whether a call is settled before the event loop is said to be empty. */
async function settlesAtOnce(handler: HandlerFunction): Promise<boolean> {
  const running = new HandlerCall(ENVIRONMENT, FACTS)
  running.start(handler, {})
  const waited = new Promise((resolve) => setImmediate(resolve, 'waited'))
  const first = await Promise.race([running.result.catch(() => 'settled'), waited])
  running.eventLoopIsEmpty()
  return first !== 'waited'
}

describe('a handler', () => {
  test('returns a promise', async () => {
    assert.equal(await call(async (event) => event.a + 1, { a: 1 }), 2)
  })

  test('rejects', async () => {
    await assert.rejects(
      call(async () => Promise.reject(new Error('no'))),
      { message: 'no' },
    )
  })

  test('returns any thenable', async () => {
    // biome-ignore lint/suspicious/noThenProperty: what Knex, Mongoose and others return.
    assert.equal(await call(() => ({ then: (resolve: (value: number) => void) => resolve(3) })), 3)
  })

  test('returns a plain value', async () => {
    assert.equal(await call(() => 0), 0)
    assert.equal(await call(() => null), null)
  })

  test('throws', async () => {
    await assert.rejects(
      call(() => {
        throw new Error('at once')
      }),
      { message: 'at once' },
    )
  })

  test('calls back', async () => {
    assert.equal(await call((_event, _context, callback) => callback(null, 4)), 4)
    assert.equal(
      await call((_event, _context, callback) => {
        setTimeout(() => callback(undefined, 5), 1)
      }),
      5,
    )
  })

  test('calls back with an error', async () => {
    await assert.rejects(
      call((_event, _context, callback) => callback(new Error('back'))),
      { message: 'back' },
    )
    await assert.rejects(
      call((_event, _context, callback) => callback('text')),
      (thrown) => thrown === 'text',
    )
  })

  test('calls back twice, of which the first counts', async () => {
    assert.equal(
      await call((_event, _context, callback) => {
        callback(null, 'first')
        callback(null, 'second')
      }),
      'first',
    )
  })

  test('calls back from an async function', async () => {
    assert.equal(
      await call(async (_event, _context, callback) => {
        callback(null, 6)
      }),
      6,
    )
  })

  test('with a callback parameter may return anything on the side', async () => {
    assert.equal(
      await call((_event, _context, callback) => {
        setTimeout(() => callback(null, 7), 1)
        return { socket: true }
      }),
      7,
    )
  })

  test('ends through context.succeed, fail and done', async () => {
    assert.equal(await call((_event, context) => context.succeed(8)), 8)
    assert.equal(await call((_event, context) => context.done(null, 9)), 9)
    await assert.rejects(
      call((_event, context) => context.fail(new Error('failed'))),
      { message: 'failed' },
    )
  })

  test('that returns nothing and calls nobody back has no result', async () => {
    assert.equal(await call(() => {}), undefined)
    assert.equal(await call((_event, _context, _callback) => {}), undefined)
  })

  test('whose promise never settles fails with Runtime.NodeJsExit', async () => {
    await assert.rejects(
      call(() => new Promise(() => {})),
      { name: 'Runtime.NodeJsExit', message: /never settle/ },
    )
  })
})

test('a callback waits for an empty event loop, unless the context says otherwise', async () => {
  assert.equal(await settlesAtOnce((_event, _context, callback) => callback(null, 1)), false)
  assert.equal(
    await settlesAtOnce((_event, context, callback) => {
      context.callbackWaitsForEmptyEventLoop = false
      callback(null, 1)
    }),
    true,
  )
})

test('a call that was failed from outside keeps to that', async () => {
  const running = new HandlerCall(ENVIRONMENT, FACTS)
  running.start(async () => new Promise((resolve) => setTimeout(resolve, 5, 'late')), {})
  running.fail(new Error('crashed'))
  await assert.rejects(running.result, { message: 'crashed' })
})

describe('the handler among a function’s exports', () => {
  const handler = () => 1
  const create = () => 2

  test('is `handler` unless the setting names another', () => {
    assert.equal(findHandler({ handler, create }, [], 'orders'), handler)
    assert.equal(findHandler({ handler, create }, ['create'], 'orders.create'), create)
  })

  test('is the default export where there is no `handler`', () => {
    assert.equal(findHandler({ default: handler }, [], 'orders'), handler)
    assert.equal(findHandler({ default: { handler } }, [], 'orders'), handler)
    assert.equal(findHandler(handler, [], 'orders'), handler)
  })

  test('that is not there is a Runtime.HandlerNotFound that says what is', () => {
    assert.throws(() => findHandler({ create }, [], 'orders'), {
      name: 'Runtime.HandlerNotFound',
      message: /named handler.*orders\.create/,
    })
    assert.throws(() => findHandler({ handler: 'text' }, [], 'orders'), { message: /but as a string/ })
    assert.throws(() => findHandler({ a: 1 }, ['b'], 'orders.b'), { message: /no function at all/ })
    assert.throws(() => findHandler(null, ['b'], 'orders.b'), { name: 'Runtime.HandlerNotFound' })
  })

  test('is none of the properties that every object has', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      assert.throws(() => findHandler({ create }, [name], `orders.${name}`), {
        name: 'Runtime.HandlerNotFound',
      })
    }
  })
})
