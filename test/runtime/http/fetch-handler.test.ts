import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, mock, test } from 'node:test'
import type { FetchContext, FetchEnvironment } from '../../../src/index.ts'
import { InvocationContext } from '../../../src/runtime/context.ts'
import { findHandler } from '../../../src/runtime/handler/find-handler.ts'
import type { HandlerFunction, StreamingHandlerFunction } from '../../../src/runtime/handler/handler.ts'
import type { HttpResult } from '../../../src/runtime/http/http-result.ts'
import { ResponseStream } from '../../../src/runtime/streaming/response-stream.ts'
import { HEALTH_CHECK, payload1, payload2 } from '../../support/emulator/http-events.ts'

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')

function newContext(deadlineMs = 0): InvocationContext {
  const environment = {
    runtimeApi: '127.0.0.1:1',
    handler: 'shop',
    taskRoot: '/var/task',
    functionName: 'shop',
    functionVersion: '$LATEST',
    memorySize: '128',
    logGroupName: '',
    logStreamName: '',
  }
  const facts = {
    requestId: 'the request id',
    deadlineMs,
    invokedFunctionArn: '',
    traceId: undefined,
    clientContext: undefined,
    identity: undefined,
    tenantId: undefined,
  }
  return new InvocationContext(environment, facts, () => {})
}

type Fetch = (request: Request, environment: FetchEnvironment, context: FetchContext) => unknown

function find(functionExports: unknown, name?: string): HandlerFunction {
  return findHandler(functionExports, name ? [name] : [], name ? `shop.${name}` : 'shop')
}

/** The result of a fetch handler that is the default export. */
async function answer(
  fetch: Fetch,
  event: unknown = payload2(),
  context = newContext(),
): Promise<HttpResult> {
  return (await find({ default: { fetch } })(event, context, () => {})) as HttpResult
}

describe('a fetch handler', () => {
  const fetch = () => new Response('served')
  const serves = async (functionExports: unknown, name?: string): Promise<boolean> =>
    ((await find(functionExports, name)(payload2(), newContext(), () => {})) as HttpResult).body === 'served'

  test('is an object with a fetch method: the default export, `handler`, or another that the setting names', async () => {
    assert.ok(await serves({ default: { fetch } }))
    assert.ok(await serves({ handler: { fetch } }))
    assert.ok(await serves({ app: { fetch } }, 'app'))
    assert.ok(await serves({ fetch }), 'CommonJS: module.exports = app')
  })

  test('gives way to a function named handler', async () => {
    const handler = async () => ({ body: 'by hand' })
    assert.equal(find({ default: { fetch }, handler }), handler)
    assert.equal(find({ fetch, handler }), handler)
  })

  test('may be an instance of a class, and is called as its method', async () => {
    class App {
      #greeting = 'served'
      fetch(): Response {
        return new Response(this.#greeting)
      }
    }
    assert.ok(await serves({ default: new App() }))
  })

  test('may be a router that takes any name for a method', async () => {
    const router = new Proxy({ fetch }, { get: (own, name) => Reflect.get(own, name) ?? (() => 'a route') })
    assert.ok(await serves({ default: router }))
  })

  test('is among the handlers that an error names', () => {
    assert.throws(() => find({ app: { fetch } }, 'other'), { message: /shop\.app/ })
    assert.throws(() => find({ default: { fetch: 'text' } }), { name: 'Runtime.HandlerNotFound' })
  })

  test('gets the request, and answers in the terms of its event', async () => {
    const echo: Fetch = async (request) =>
      Response.json({ method: request.method, url: request.url, body: await request.text() }, { status: 201 })
    const sent = { method: 'POST', host: 'shop.example.com', path: '/a', query: 'b=c', body: 'text' }
    const expected = { method: 'POST', url: 'https://shop.example.com/a?b=c', body: 'text' }
    for (const event of [payload1(sent), payload2(sent)]) {
      const { statusCode, body } = await answer(echo, event)
      assert.equal(statusCode, 201)
      assert.deepEqual(JSON.parse(body), expected)
    }
    assert.equal((await answer(echo, HEALTH_CHECK)).statusDescription, '201 Created')
  })

  test('gets the event and the context as Hono’s adapters pass them', async () => {
    const event = payload2()
    const context = newContext()
    await answer(
      (_request, environment) => {
        assert.deepEqual(Object.keys(environment), ['event', 'requestContext', 'lambdaContext', 'context'])
        assert.equal(environment.event, event)
        assert.equal(environment.requestContext, event.requestContext)
        assert.equal(environment.lambdaContext, context)
        assert.equal(environment.context, context)
        return new Response()
      },
      event,
      context,
    )
  })

  test('gets a signal that fires shortly before the deadline', async () => {
    const context = newContext(Date.now() + 1500)
    const { body } = await answer(
      async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return new Response(signal.reason.name)
      },
      payload2(),
      context,
    )
    assert.equal(body, 'TimeoutError')
  })

  test('fails with what it throws or rejects with', async () => {
    const failure = new RangeError('no such order')
    const throws = () => {
      throw failure
    }
    await assert.rejects(answer(throws), failure)
    await assert.rejects(
      answer(async () => throws()),
      failure,
    )
  })

  for (const [returned, told] of [
    [undefined, /returned nothing/],
    [null, /returned null/],
    ['text', /returned a string/],
    [{ statusCode: 200 }, /returned an object;/],
    [new URL('https://example.com'), /returned an object of class URL/],
    [Response.error(), /returned Response\.error\(\)/],
  ] as const) {
    test(`fails when it returns no response: ${told}`, async () => {
      await assert.rejects(
        answer(async () => returned),
        { name: 'Function.NoResponse', message: told },
      )
    })
  }

  test('may return a response of another class', async () => {
    const { status, headers } = new Response(null)
    const response = {
      status,
      statusText: '',
      headers,
      body: {},
      arrayBuffer: async () => new TextEncoder().encode('of my own').buffer,
    }
    assert.equal((await answer(() => response)).body, 'of my own')
  })

  test('is not called for a method that no Request can have', async () => {
    const called = mock.fn(() => new Response())
    for (const method of ['TRACE', 'CONNECT']) {
      assert.equal((await answer(called, payload2({ method }))).statusCode, 501)
    }
    assert.equal(called.mock.callCount(), 0)
  })

  test('is not called for an event that is no HTTP request', async () => {
    await assert.rejects(
      answer(() => new Response(), { Records: [] }),
      { name: 'Runtime.UnknownHttpEvent' },
    )
  })
})

describe('waitUntil', () => {
  test('holds the invocation until its work, and what that adds, is settled', async () => {
    const steps: string[] = []
    const step = async (name: string): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      steps.push(name)
    }
    await answer((_request, _environment, context) => {
      const { waitUntil } = context
      waitUntil(step('first').then(() => waitUntil(step('second'))))
      waitUntil('no promise at all')
      context.passThroughOnException()
      return new Response()
    })
    assert.deepEqual(steps, ['first', 'second'])
  })

  test('logs what fails, and the response stays', async (t) => {
    const log = t.mock.method(console, 'error', () => {})
    const failure = new Error('no mail sent')
    const { body } = await answer((_request, _environment, { waitUntil }) => {
      waitUntil(Promise.reject(failure))
      return new Response('sent')
    })
    assert.equal(body, 'sent')
    assert.equal(log.mock.calls[0]?.arguments.at(-1), failure)
  })

  test('holds an invocation that fails, too', async () => {
    let done = false
    const work = new Promise((resolve) => setImmediate(resolve)).then(() => {
      done = true
    })
    const failing = answer((_request, _environment, { waitUntil }) => {
      waitUntil(work)
      throw new Error('failed')
    })
    await assert.rejects(failing, { message: 'failed' })
    assert.ok(done)
  })
})

describe('the invoke mode', () => {
  const fetch = () => new Response('served')
  const isStreaming = (app: object): boolean => STREAMING in find({ default: app })

  afterEach(() => {
    delete process.env.LAMBDABIN_INVOKE_MODE
  })

  test('is buffered, unless the fetch handler or the environment says otherwise', () => {
    assert.equal(isStreaming({ fetch }), false)
    assert.equal(isStreaming({ fetch, streaming: true }), true)
    process.env.LAMBDABIN_INVOKE_MODE = 'RESPONSE_STREAM'
    assert.equal(isStreaming({ fetch }), true)
    assert.equal(isStreaming({ fetch, streaming: false }), false)
    assert.equal(isStreaming({ fetch, streaming: () => 'a route' }), true)
    process.env.LAMBDABIN_INVOKE_MODE = 'BUFFERED'
    assert.equal(isStreaming({ fetch }), false)
  })

  test('that Lambda does not have is an init failure that says which there are', () => {
    process.env.LAMBDABIN_INVOKE_MODE = 'stream'
    assert.throws(() => isStreaming({ fetch }), {
      name: 'Runtime.MalformedInvokeMode',
      message: /should be BUFFERED or RESPONSE_STREAM, and is "stream"/,
    })
  })
})

describe('a streamed response', () => {
  /** Where the runtime would send it, in pieces as they are written. */
  class Sent {
    contentType = ''
    readonly pieces: string[] = []
    ended = false
    readonly stream = new ResponseStream(
      {
        begin: (contentType) => {
          this.contentType = contentType
        },
        write: (bytes, sent) => {
          if (bytes.length > 0) {
            this.pieces.push(bytes.toString())
          }
          this.stream.emit('sent')
          setImmediate(sent)
        },
        end: (ended) => {
          this.ended = true
          ended()
        },
      },
      undefined,
    )
  }

  async function stream(fetch: Fetch, event: unknown = payload2(), sent = new Sent()): Promise<Sent> {
    const handler = find({ default: { fetch, streaming: true } }) as unknown as StreamingHandlerFunction
    await handler(event, sent.stream, newContext())
    // The runtime, too, waits for the end of the stream.
    if (!sent.stream.writableFinished) {
      await once(sent.stream, 'finish')
    }
    return sent
  }

  test('has its metadata in front of the body', async () => {
    const { contentType, pieces, ended } = await stream(
      () =>
        new Response('body', {
          status: 201,
          headers: [
            ['content-type', 'text/plain'],
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
        }),
    )
    assert.equal(contentType, 'application/vnd.awslambda.http-integration-response')
    const metadata = { statusCode: 201, headers: { 'content-type': 'text/plain' }, cookies: ['a=1', 'b=2'] }
    assert.equal(pieces.join(''), `${JSON.stringify(metadata)}${'\0'.repeat(8)}body`)
    assert.ok(ended)
  })

  test('without a body, and to HEAD, is metadata alone', async () => {
    const expected = `{"statusCode":204,"headers":{}}${'\0'.repeat(8)}`
    assert.equal((await stream(() => new Response(null, { status: 204 }))).pieces.join(''), expected)
    const toHead = await stream(() => new Response('odd', { status: 200 }), payload2({ method: 'HEAD' }))
    assert.match(toHead.pieces.join(''), /\0{8}$/)
    assert.ok(toHead.ended)
  })

  test('sends its metadata before the first byte of the body is there, and each chunk as it comes', async () => {
    const sent = new Sent()
    const next = (): Promise<void> => new Promise((resolve) => sent.stream.once('sent', resolve))
    let push: (text: string) => void = () => {}
    let close: () => void = () => {}
    const body = new ReadableStream({
      start(controller) {
        push = (text) => controller.enqueue(Buffer.from(text))
        close = () => controller.close()
      },
    })
    let heard = next()
    const done = stream(() => new Response(body), payload2(), sent)
    await heard
    assert.match(sent.pieces.join(''), /\0{8}$/)
    for (const text of ['first', 'second']) {
      heard = next()
      push(text)
      await heard
      assert.equal(sent.pieces.at(-1), text)
    }
    close()
    await done
    assert.ok(sent.ended)
  })

  test('that fails before it begins fails the invocation, and nothing is sent', async () => {
    const sent = new Sent()
    const failing = stream(
      () => {
        throw new RangeError('no')
      },
      payload2(),
      sent,
    )
    await assert.rejects(failing, RangeError)
    assert.deepEqual(sent.pieces, [])
    assert.equal(sent.stream.begun, false)
  })

  test('that fails in its body fails the invocation', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new RangeError('the source broke'))
      },
    })
    await assert.rejects(
      stream(() => new Response(body)),
      RangeError,
    )
  })

  test('is ended before the work of waitUntil is', async () => {
    const sent = new Sent()
    let endedFirst: boolean | undefined
    await stream(
      (_request, _environment, { waitUntil }) => {
        const finished = new Promise((resolve) => sent.stream.once('finish', resolve))
        waitUntil(
          finished.then(() => {
            endedFirst = sent.ended
          }),
        )
        return new Response('body')
      },
      payload2(),
      sent,
    )
    assert.equal(endedFirst, true)
  })
})
