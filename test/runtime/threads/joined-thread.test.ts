import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { JoinedThread } from '../../../src/runtime/threads/joined-thread.ts'

const invocation = (requestId: string) => ({
  requestId,
  headers: {},
  body: { text: '{}', bytes: 2 },
  cutShort: undefined,
})

test('each loop answers its own invocation, though two have one request id, and once', async (t) => {
  const { port1: main, port2: port } = new MessageChannel()
  t.after(() => main.close())
  const offers = new Int32Array(new SharedArrayBuffer(4))
  const log = {
    lock: new Int32Array(new SharedArrayBuffer(4)),
    writer: 2,
    telemetryDescriptor: undefined,
    lineDescriptor: undefined,
  }
  const thread = new JoinedThread({ port, offers, concurrency: 2, log })
  // What it says of having taken them depends on how soon they are answered.
  const told: { kind: string; number?: number; body?: string }[] = []
  main.on('message', (message) => told.push(message))
  const sources = [thread.createSource(), thread.createSource()]
  const arrived = []
  for (const [index, source] of sources.entries()) {
    const next = source.next()
    Atomics.store(offers, 0, index + 1)
    main.postMessage({ kind: 'offer', number: index + 1, invocation: invocation('again') })
    arrived.push(await next)
  }
  assert.deepEqual(
    arrived.map(({ requestId }) => requestId),
    ['again', 'again'],
  )
  await sources[0]?.respond('again', 'of the first')
  await sources[1]?.respond('again', 'of the second')
  await sources[1]?.respond('again', 'once more')
  await sources[0]?.respond('another', 'of nobody')
  thread.retire()
  while (told.at(-1)?.kind !== 'retiring') {
    await once(main, 'message')
  }
  assert.deepEqual(
    told.filter(({ kind }) => kind === 'response'),
    [
      { kind: 'response', number: 1, body: 'of the first' },
      { kind: 'response', number: 2, body: 'of the second' },
    ],
  )
})
